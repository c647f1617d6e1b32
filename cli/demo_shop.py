"""The shop of the demo: its files, its processes, its customers."""

from __future__ import annotations

import difflib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

from timetracer_otel.cli.narration import untouched_environment
from timetracer_otel.cli.program import ended_by_signals
from timetracer_otel.errors import CannotReplay, StoreError
from timetracer_otel.exporters.files import find, read

__all__ = ["Shop", "open_shop"]

_SHOP_PORT = 8000
_PARTNERS_PORT = 8101
_PATIENCE_S = 30.0

_BASKETS = (
    '{"customer": 1, "items": [{"sku": "mug", "quantity": 2}]}',
    '{"customer": 2, "items": [{"sku": "poster"}, {"sku": "stickers"}]}',
    '{"customer": 3, "items": [{"sku": "mug"}, {"sku": "stickers"}]}',
)


@dataclass(slots=True)
class Shop:
    """A folder with the shop in it, and what runs there."""

    folder: Path
    port: int
    partners_port: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def seed(self) -> None:
        """Make the database."""
        self._start("seed", sys.executable, "-m", "shop.seed").wait()

    def start_partners(self) -> None:
        """Start what the shop asks, and wait until it listens."""
        self._serve("partners", self.partners_port, "-m", *self._uvicorn("shop.upstream:app"))

    def start(self) -> str:
        """Start the shop under recording; returns the line that says what is captured."""
        record = ("-m", "timetracer_otel.cli", "record", "--", sys.executable, "-m")
        self._serve("shop", self.port, *record, *self._uvicorn("shop.main:app"))
        lines = (self.folder / "shop.log").read_text(encoding="utf-8").splitlines()
        return "\n".join(line for line in lines if line.startswith("timetracer: "))

    def _uvicorn(self, app: str) -> list[str]:
        port = self.port if app == "shop.main:app" else self.partners_port
        return ["uvicorn", app, "--port", str(port)]

    def _serve(self, name: str, port: int, *arguments: str) -> None:
        program = self._start(name, sys.executable, *arguments)
        deadline = time.monotonic() + _PATIENCE_S
        while not _listens(port):
            if program.poll() is not None or time.monotonic() > deadline:
                last = (self.folder / f"{name}.log").read_text(encoding="utf-8").splitlines()[-1:]
                raise CannotReplay(
                    subject="the demo", reason=f"the {name} did not start: {' '.join(last)}"
                )
            time.sleep(0.05)

    def _start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        environ = {
            **untouched_environment(),
            "SHOP_PARTNERS": f"http://127.0.0.1:{self.partners_port}",
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            program = subprocess.Popen(  # noqa: S603 - our own interpreter
                command,
                cwd=self.folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # the terminal's Ctrl-C is ours to pass on
            )
        self.running[name] = program
        return program

    def baskets(self) -> tuple[str, ...]:
        """What Ada, Grace and Linus want to buy."""
        return _BASKETS

    def buy(self, basket: str) -> tuple[int, bytes]:
        """Check out; status and body."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/checkout",
            data=basket.encode(),
            headers={"content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE_S) as response:  # noqa: S310
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            with closing(error):
                return error.code, error.read()

    def stop(self) -> None:
        """Stop the shop; what it recorded is written by then."""
        self._stop("shop")

    def stop_partners(self) -> None:
        """Stop the partners."""
        self._stop("partners")

    def _stop(self, name: str) -> None:
        program = self.running.pop(name)
        program.terminate()
        try:
            program.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            _kill(program)

    def stop_all(self) -> None:
        """Leave nothing running, whatever happened."""
        for program in self.running.values():
            _kill(program)
        self.running.clear()

    def move_database_away(self) -> None:
        """The database is no longer where the shop looks for it."""
        (self.folder / "shop.db").rename(self.folder / "shop.db.away")

    def failed_checkout(self) -> Path:
        """The cassette of the checkout that failed, as seen from the folder."""
        for path in find(self.folder / "cassettes"):
            if path.name.startswith("POST_checkout_500_"):
                return path.relative_to(self.folder)
        raise CannotReplay(subject="the demo", reason="the failed checkout was not recorded")

    def telling_call(self, failed: Path) -> int:
        """The number of the call whose answer the shop had not reckoned with."""
        calls = read(self.folder / failed).interactions
        return next(call.id for call in calls if "/members" in call.title)

    def mend(self) -> list[str]:
        """Put the mended module in place; returns the diff."""
        wrong, right = self.folder / "shop/loyalty.py", self.folder / "shop/loyalty_fixed.py"
        before, after = wrong.read_text(), right.read_text()
        shutil.copyfile(right, wrong)
        names = ("shop/loyalty.py", "shop/loyalty.py, mended")
        return list(
            difflib.unified_diff(before.splitlines(), after.splitlines(), *names, n=1, lineterm="")
        )


@contextmanager
def open_shop(keep: Path | None) -> Iterator[Shop]:
    """The shop's files in a folder of their own; everything is stopped when the block ends."""
    with ExitStack() as stack:
        if keep is None:
            temporary = TemporaryDirectory(prefix="timetracer-demo-", ignore_cleanup_errors=True)
            folder = Path(stack.enter_context(temporary)).resolve()
        else:
            folder = _new_folder(keep)
        _copy_files(folder / "shop")
        shop = Shop(folder, _free_port(_SHOP_PORT), _free_port(_PARTNERS_PORT))
        stack.callback(shop.stop_all)
        with ended_by_signals():
            yield shop


def _new_folder(wanted: Path) -> Path:
    try:
        wanted.mkdir(parents=True)
    except FileExistsError:
        raise StoreError(path=str(wanted), reason="exists already", hint="name a new one") from None
    except OSError as error:
        raise StoreError(path=str(wanted), reason=error.strerror or str(error)) from None
    return wanted.resolve()


def _copy_files(folder: Path) -> None:
    folder.mkdir()
    for file in (resources.files("timetracer_otel.examples") / "shop").iterdir():
        if file.name.endswith(".py"):
            (folder / file.name).write_bytes(file.read_bytes())


def _kill(program: subprocess.Popen[bytes]) -> None:
    """The program and whatever it started: each is a session of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, signal.SIGKILL)
    program.wait()


def _free_port(wanted: int) -> int:
    """`wanted`, or any other if that is taken."""
    for port in (wanted, 0):
        with suppress(OSError), closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            found: int = probe.getsockname()[1]
            return found
    raise CannotReplay(subject="the demo", reason="no free port on 127.0.0.1")


def _listens(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0

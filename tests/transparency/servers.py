"""One application under one server, recorded or not, and all that could be noticed of it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from tests.serving import ROOT, free_port
from tests.transparency.client import run_cases
from timetracer_otel.exporters.files import find, read
from timetracer_otel.protocols.http_parts import HttpInteraction

SCRIPTS = Path(sys.executable).parent
WAIT_S = 30.0


@dataclass(frozen=True)
class Variant:
    """An application, the server's implementation of protocol and loop, and who makes spans."""

    name: str
    application: str
    http: str
    loop: str
    off: str = ""
    by_hand: bool = False

    def command(self, port: int) -> list[str]:
        options = ["--http", self.http, "--loop", self.loop, "--port", str(port)]
        target = "tests.transparency.application:app"
        quiet = ["--no-date-header", "--log-level", "info", "--host", "127.0.0.1"]
        return ["uvicorn", target, *options, *quiet]

    def environment(self) -> dict[str, str]:
        found = {"APPLICATION": self.application}
        if self.name != "fastapi":
            off = f"{LEAN['OTEL_PYTHON_DISABLED_INSTRUMENTATIONS']},{self.off}"
            found |= LEAN | {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": off}
        found["PYTHONHASHSEED"] = "0"  # Starlette's `Allow` is a set
        return found | ({"INSTRUMENT_BY_HAND": "1"} if self.by_hand else {})


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("bare", "bare", "h11", "asyncio"),
        Variant("bare-uvloop", "bare", "httptools", "uvloop"),
        Variant("starlette", "starlette", "h11", "uvloop"),
        Variant("fastapi", "fastapi", "httptools", "asyncio"),
        Variant("fastapi-by-hand", "fastapi", "httptools", "uvloop", off="fastapi", by_hand=True),
        Variant("fastapi-native", "fastapi", "h11", "asyncio", off="fastapi,starlette,asgi"),
    )
}


@dataclass(frozen=True)
class Transcript:
    """`wire` and `journal` by case; the server's own words; how it ended.

    `asked` and `kept` count the requests of each case, and the cassettes.
    """

    wire: dict[str, list[str]]
    asked: dict[str, int]
    kept: Counter[str]
    journal: dict[str, list[str]]
    said: list[str]
    code: int


def launcher(mode: str, folder: Path) -> list[str]:
    """What stands before a command: mode ``plain``, ``telemetry``, ``record`` or ``agent``."""
    agent = [str(SCRIPTS / "opentelemetry-instrument"), "--traces_exporter"]
    return {
        "plain": [],
        "telemetry": [*agent, "none", "--metrics_exporter", "none", "--logs_exporter", "none"],
        "record": [str(SCRIPTS / "timetracer"), "record", "--dir", str(folder / "kept"), "--"],
        "agent": [*agent, "timetracer"],
    }[mode]


_NEEDED = {"asgi", "fastapi", "starlette"}
_OTHERS = entry_points(group="opentelemetry_instrumentor").names - _NEEDED
LEAN = {
    "TIMETRACER_CAPTURE": "asgi,fastapi,starlette,uvicorn",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": ",".join(sorted(_OTHERS)),
}
"""Without the clients that a test environment has all of: importing them takes seconds."""


def environment(mode: str, folder: Path, **variables: str) -> dict[str, str]:
    path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("TIMETRACER_", "OTEL_"))}
    folder_of_agent = {"TIMETRACER_DIR": str(folder / "kept")} if mode == "agent" else {}
    return {**kept, "PATH": path, "PYTHONPATH": str(ROOT), **folder_of_agent, **variables}


def wait_until_it_listens(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"the server does not listen: {process.args}")


@contextmanager
def started(
    command: list[str], folder: Path, variables: dict[str, str], port: int
) -> Iterator[subprocess.Popen[bytes]]:
    """A server in a process group of its own; what it says goes to ``out`` and ``err``."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        process = subprocess.Popen(
            command, cwd=folder, env=variables, stdout=out, stderr=err, start_new_session=True
        )
    try:
        wait_until_it_listens(port, process)
        yield process
    except BaseException:
        sys.stderr.write((folder / "err").read_text())
        raise
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def transcript_of(variant: Variant, mode: str, folder: Path) -> Transcript:
    """Start the server, ask it everything, stop it with SIGTERM."""
    port = free_port()
    command = [*launcher(mode, folder), *variant.command(port)]
    variables = environment(mode, folder, **variant.environment())
    with started(command, folder, variables, port) as process:
        talks = run_cases(variant.application, port)
        process.terminate()
        code = process.wait(WAIT_S)
    return Transcript(
        {talk.case: talk.seen for talk in talks},
        {talk.case: talk.asked for talk in talks},
        _kept(folder / "kept"),
        _journal((folder / "out").read_text()),
        said((folder / "err").read_text()),
        code if code >= 0 else 128 - code,  # `timetracer record` says it as a shell does
    )


def _kept(folder: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for path in find(folder) if folder.is_dir() else []:
        entry = read(path).entry
        assert isinstance(entry, HttpInteraction)
        headers = [line.partition(": ") for line in entry.request.headers]
        found[next(value for name, _, value in headers if name.lower() == "x-case")] += 1
    return found


def _journal(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    found["log"] = said("\n".join(line for line in text.splitlines() if line[:2] != '["'))
    for line in text.splitlines():
        if line.startswith('["'):
            case, *_ = json.loads(line)
            found.setdefault(case, []).append(_SCOPE.sub("", line))
    return found


_SCOPE = re.compile(r"(?<=cancel scope )[0-9a-f]+")
_NUMBERS = re.compile(r"(?<=process \[)\d+|(?<=:)\d{4,5}\b|0x[0-9a-f]+")
_FRAME = re.compile(r'^[\s|+-]*File "(?P<file>[^"]+)", line \d+, in (?P<name>.+)$')


def said(text: str) -> list[str]:
    """Without our own lines, numbers of processes and ports, and frames of other packages."""
    lines = []
    for line in text.splitlines():
        frame = _FRAME.match(line)
        if frame:
            if "tests/transparency" in frame["file"]:
                lines.append(f"in {frame['name']}")
        elif not line.startswith(("timetracer: ", "  timetracer ", " ", "|")):
            lines.append(_NUMBERS.sub("N", line))
    return lines

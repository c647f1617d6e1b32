"""A program that records and does what its arguments say, in order: each prints a line of JSON."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

WAIT_S = 20.0


def main() -> None:
    folder, *commands = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    program = Program(Path(folder))
    for command in commands:
        name, _, argument = command.partition("=")
        answer = getattr(program, name)(*([argument] if argument else []))
        with suppress(OSError, ValueError, AttributeError):  # standard output may be closed
            print(json.dumps(answer), flush=True)


class Program:
    """The commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = 0
        self.recorder: Any = None
        self.captured: tuple[str, ...] = ("none",)

    def capture(self, name: str) -> None:
        """From the beginning, capture that library."""
        self.captured = (name,)

    def gevent(self) -> None:
        """As a server with greenlets."""
        from gevent import monkey

        monkey.patch_all()

    def begin(self, writer: str = "process") -> None:
        from timetracer_otel.otel.start import instrument

        folder = str(self.folder)
        self.recorder = instrument(dir=folder, writer=writer, capture=self.captured, banner=False)

    @property
    def _link(self) -> Any:
        (sink,) = self.recorder.worker.sinks
        return sink._link

    def ready(self) -> int:
        """Until there is a process that writes: its number."""
        self.record("1")  # the worker does not run before there is something to write
        _until(lambda: self._link is not None and self._link.ready)
        return int(self._link.pid)

    def record(self, count: str) -> None:
        from opentelemetry import trace
        from opentelemetry.trace import SpanKind

        from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
        from timetracer_otel.recording import begin_entry

        tracer = trace.get_tracer("test")
        for _ in range(int(count)):
            self.asked += 1
            with tracer.start_as_current_span("GET", kind=SpanKind.SERVER):
                url = f"http://shop/{os.getpid()}/{self.asked}"
                entry = begin_entry("http", "asgi", HttpRequestRef("GET", url, []))
                assert entry is not None
                entry.answered(HttpResponseRef(200, []))

    def handed(self) -> None:
        """Until all that was recorded is on its way."""
        _until(self._has_handed)

    def _has_handed(self) -> bool:
        with self.recorder.worker._writing:
            return not self.recorder.worker._queue and not self._link._outbox

    def accounts(self) -> dict[str, Any]:
        """What became of everything so far."""
        from dataclasses import asdict

        from timetracer_otel.accounts import accounts_of

        return asdict(accounts_of(self.recorder))

    def small_queue(self) -> None:
        """As a program with settings for little memory."""
        os.environ["TIMETRACER_MAX_QUEUE"] = "50"

    def hang(self) -> None:
        """From now on whoever writes a file waits for ever, as on a network that is gone."""
        from timetracer_otel.exporters.files import FileStore
        from timetracer_otel.patching import Ledger, Patch

        gate = threading.Semaphore(0)
        waiting = Patch("timetracer_otel.exporters.files:FileStore._create", lambda _: _wait(gate))
        assert FileStore is not None
        Ledger().apply([waiting])

    def stuck(self) -> None:
        """Until the worker waits for a store that hangs."""
        _until(lambda: not self.recorder.worker._queue)

    def take_folder(self) -> None:
        """Somebody removes what there is, while it runs."""
        shutil.rmtree(self.folder)

    def flush(self) -> bool:
        return bool(self.recorder.flush())

    def send(self, name: str) -> None:
        """A signal to the process that writes."""
        os.kill(self._link.pid, getattr(signal, name))

    def sigpipe(self) -> None:
        """As command line programs do that are meant to be piped into `head`."""
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)

    def wait_for_children(self) -> str:
        try:
            return str(os.wait())
        except ChildProcessError:
            return "none"

    def fork(self) -> list[int]:
        """A worker that records by itself, as the servers have that fork: both writers."""
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reading)
            mine = self.ready()
            self.record("3")
            os.write(writing, str(mine).encode())
            os._exit(0 if self.flush() else 1)
        os.close(writing)
        other = int(os.read(reading, 20))
        _, status = os.waitpid(pid, 0)
        assert status == 0
        return [self._link.pid, other]

    def outlived(self) -> None:
        """A forked child that lives on for a while, with all descriptors that it got."""
        if not os.fork():
            time.sleep(WAIT_S)
            os._exit(0)

    def close_descriptors(self) -> str:
        """As a daemon does; then its own files get those numbers."""
        os.closerange(3, 256)
        names = [self.folder.with_name(f"mine{n}") for n in range(8)]
        mine = [name.open("w+") for name in names]
        self.record("5")
        self.flush()
        return "".join(file.read() for file in mine)

    def lose_python(self) -> None:
        sys.executable = "/nowhere/bin/python3"

    def descriptors_of_writer(self) -> list[str]:
        return sorted(path.name for path in Path(f"/proc/{self._link.pid}/fd").iterdir())

    def inheritable(self) -> None:
        """A descriptor that children shall have."""
        os.set_inheritable(os.dup(1), True)

    def shutdown(self) -> None:
        import timetracer_otel

        timetracer_otel.shutdown()

    def die(self, how: str) -> None:
        if how == "exit":
            os._exit(3)
        os.kill(os.getpid(), getattr(signal, how))


def _wait(gate: threading.Semaphore) -> Callable[..., None]:
    def wait(*_: object) -> None:
        gate.acquire()

    return wait


def _until(true: Callable[[], object]) -> None:
    for _ in _a_while():
        if true():
            return
    raise TimeoutError


def _a_while() -> Iterator[None]:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        yield
        time.sleep(0.005)


if __name__ == "__main__":
    main()

"""Each answered request has its cassette, once, however its server ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.endings.conftest import WAIT_S, get, kept, wait_for
from tests.serving import free_port
from tests.transparency.servers import LEAN, environment, launcher, started

APP = "tests.endings.service:app"


def uvicorn(port: int, *options: str) -> list[str]:
    return ["uvicorn", APP, "--host", "127.0.0.1", "--port", str(port), *options]


def gunicorn(port: int, *options: str) -> list[str]:
    worker = ["-k", "uvicorn_worker.UvicornWorker"] if _has_worker() else []
    kind = worker or ["-k", "uvicorn.workers.UvicornWorker"]
    return ["gunicorn", APP, "-b", f"127.0.0.1:{port}", *kind, *options]


def _has_worker() -> bool:
    from importlib.util import find_spec

    return find_spec("uvicorn_worker") is not None


def one_more(paths: list[str], port: int) -> None:
    paths.append(f"/items/{len(paths)}")
    get(port, paths[-1])


@pytest.mark.parametrize("mode", ["record", "agent"])
@pytest.mark.parametrize(
    ("how", "code"),
    [("sigterm", -15), ("interrupt", 0), ("exit", 3), ("sigkill", -9)],
)
def test_the_end_of_a_server_costs_nothing(tmp_path: Path, mode: str, how: str, code: int) -> None:
    port = free_port()
    paths: list[str] = []
    command = [*launcher(mode, tmp_path), *uvicorn(port)]
    with started(command, tmp_path, environment(mode, tmp_path, **LEAN), port) as process:
        for _ in range(5):
            one_more(paths, port)
        get(port, f"/ends/{how}")
        ended = process.wait(WAIT_S)
    assert ended == (code if mode == "agent" or code >= 0 else 128 - code)
    assert kept(tmp_path / "kept") == Counter([*paths, f"/ends/{how}"])


SERVERS: dict[str, tuple[Callable[[int], list[str]], int]] = {
    "uvicorn": (lambda port: uvicorn(port, *_TWO), signal.SIGTERM),
    "uvicorn-interrupted": (lambda port: uvicorn(port, *_TWO), signal.SIGINT),
    # at SIGINT gunicorn waits for uvicorn's workers for half a minute, recorded or not
    "gunicorn": (lambda port: gunicorn(port, "-w", "2"), signal.SIGTERM),
    "gunicorn-preloaded": (lambda port: gunicorn(port, "-w", "2", "--preload"), signal.SIGTERM),
}
_TWO = ("--workers", "2", "--timeout-worker-healthcheck", "60")


@pytest.mark.parametrize("name", SERVERS)
def test_workers_keep_what_each_has_answered(tmp_path: Path, name: str) -> None:
    server, number = SERVERS[name]
    port = free_port()
    paths: list[str] = []
    command = [*launcher("record", tmp_path), *server(port)]
    with started(command, tmp_path, environment("record", tmp_path, **LEAN), port) as process:
        for _ in range(12):
            one_more(paths, port)
        process.send_signal(number)
        process.wait(WAIT_S)
    assert kept(tmp_path / "kept") == Counter(paths)


def test_a_worker_killed_in_between_keeps_what_it_has_answered(tmp_path: Path) -> None:
    port = free_port()
    command = [*launcher("record", tmp_path), *gunicorn(port, "-w", "1")]
    with started(command, tmp_path, environment("record", tmp_path, **LEAN), port) as process:
        get(port, "/items/0")
        get(port, "/ends/sigterm")
        wait_for(tmp_path / "kept", Counter(["/items/0", "/ends/sigterm"]))
        get(port, "/items/2")
        process.terminate()
        process.wait(WAIT_S)
    assert kept(tmp_path / "kept") == Counter(["/items/0", "/ends/sigterm", "/items/2"])


def test_a_reload_loses_nothing_before_or_after_it(tmp_path: Path) -> None:
    port = free_port()
    watched = tmp_path / "watched"
    watched.mkdir()
    source = (Path(__file__).parent / "service.py").read_text()
    (watched / "reloaded.py").write_text(source)
    command = [*launcher("record", tmp_path), *uvicorn(port, "--reload")]
    command[command.index(APP)] = "reloaded:app"
    variables = environment("record", tmp_path, **LEAN | {"PYTHONPATH": str(watched)})
    with started([*command, "--reload-dir", str(watched)], tmp_path, variables, port) as process:
        before = get(port, "/items/1")
        (watched / "reloaded.py").write_text(source + "\n\nCHANGED = True\n")
        after = before
        asked = 0
        while after["process"] == before["process"]:  # type: ignore[index]
            try:
                after = get(port, "/items/2")
            except OSError:
                continue
            asked += 1
        process.send_signal(signal.SIGINT)
        process.wait(WAIT_S)
    assert kept(tmp_path / "kept") == Counter({"/items/1": 1, "/items/2": asked})


@pytest.mark.parametrize("mode", ["record", "agent"])
def test_a_recording_is_there_while_the_server_runs_on(tmp_path: Path, mode: str) -> None:
    port = free_port()
    command = [*launcher(mode, tmp_path), *uvicorn(port)]
    with started(command, tmp_path, environment(mode, tmp_path, **LEAN), port):
        get(port, "/items/1")
        assert wait_for(tmp_path / "kept", Counter(["/items/1"])) == Counter(["/items/1"])


SCRIPT = """
import os, sys
from fastapi.testclient import TestClient
{start}
from tests.endings.service import app
client = TestClient(app)
for number in range(3):
    client.get(f"/items/{{number}}")
{end}
"""
BY_HAND = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import {kind}
from timetracer_otel.exporters.cassettes import CassetteSpanExporter
provider = TracerProvider()
provider.add_span_processor({kind}(CassetteSpanExporter()))
trace.set_tracer_provider(provider)
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
FastAPIInstrumentor().instrument()
"""
STARTS = {
    "instrument": "import timetracer_otel; timetracer_otel.instrument()",
    "simple": BY_HAND.format(kind="SimpleSpanProcessor"),
    "batch": BY_HAND.format(kind="BatchSpanProcessor"),
}
ENDS = {
    "unhandled": ("raise LookupError('at the top')", 1),
    "exit": ("sys.exit(4)", 4),
    "at once": ("os._exit(5)", 5),
    "sigterm": ("import signal; os.kill(os.getpid(), signal.SIGTERM)", -15),
    "its own handler": (
        "import signal; signal.signal(15, lambda *_: sys.exit(6)); os.kill(os.getpid(), 15)",
        6,
    ),
    "replaced": ("os.execv(sys.executable, [sys.executable, '-c', ''])", 0),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("start", STARTS)
def test_a_script_that_records_itself_loses_nothing(tmp_path: Path, start: str, end: str) -> None:
    ending, code = ENDS[end]
    variables = environment("plain", tmp_path, **LEAN, TIMETRACER_DIR=str(tmp_path / "kept"))
    script = SCRIPT.format(start=STARTS[start], end=ending)
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env=variables,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert ran.returncode == code, ran.stderr
    assert kept(tmp_path / "kept") == Counter(f"/items/{number}" for number in range(3))

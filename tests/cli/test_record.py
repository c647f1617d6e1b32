"""`timetracer record`: a program as it is otherwise, but for the cassettes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.running import timetracer
from tests.cli.test_main import TIMETRACER

RECORD = [*TIMETRACER, "record", "--"]

_TELL_ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"

_COUNT_SIGNALS = """
import signal, sys, time
seen = []
signal.signal(signal.{name}, lambda *_: seen.append(1))
print("ready", flush=True)
while not seen:
    time.sleep(0.01)
time.sleep(0.3)
sys.exit(10 + len(seen))
"""


def _run(*command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )


def _environment(*options: str, **environ: str) -> dict[str, str]:
    command = [*TIMETRACER, "record", *options, "--", sys.executable, "-c", _TELL_ENVIRONMENT]
    said = _run(*command, **environ).stdout.partition("\n")[0]  # exporters may say more
    told: dict[str, str] = json.loads(said)
    return told


@pytest.mark.parametrize("code", [0, 3])
def test_the_exit_code_is_the_program_s(code: int) -> None:
    assert _run(*RECORD, sys.executable, "-c", f"raise SystemExit({code})").returncode == code


def test_a_program_that_dies_of_a_signal_ends_as_in_a_shell() -> None:
    dying = "import os; os.kill(os.getpid(), 9)"
    assert _run(*RECORD, sys.executable, "-c", dying).returncode == 128 + signal.SIGKILL


def test_its_input_and_output_are_its_own() -> None:
    command = [*RECORD, sys.executable, "-c", "print(input() + '!')"]
    shown = subprocess.run(command, input="hello", capture_output=True, text=True, check=True)
    assert shown.stdout == "hello!\n"


def test_options_before_the_dashes_are_ours_and_those_behind_are_the_program_s() -> None:
    shown = _run(*RECORD, sys.executable, "-c", "import sys; print(sys.argv[1:])", "--dir", "x")
    assert shown.stdout == "['--dir', 'x']\n"


def test_every_setting_reaches_the_program() -> None:
    told = _environment(
        *("--dir", "bugs", "--capture", "httpx", "--capture", "asgi", "--exclude", "^/a,b$"),
        *("--gzip", "--no-clock", "--no-random", "--set", "max-body-kb=64"),
    )
    ours = {name: value for name, value in told.items() if name.startswith("TIMETRACER_")}
    assert ours["TIMETRACER_DIR"] == "bugs"
    assert ours["TIMETRACER_CAPTURE"].split() == ["httpx", "asgi"]
    assert ours["TIMETRACER_EXCLUDE_PATHS"] == "^/a,b$\n"
    assert ours["TIMETRACER_COMPRESSION"] == "gzip"
    assert ours["TIMETRACER_CLOCK"] == ours["TIMETRACER_RANDOMNESS"] == "false"
    assert ours["TIMETRACER_MAX_BODY_KB"] == "64"


def test_an_option_wins_over_the_environment_even_when_it_says_the_default() -> None:
    told = _environment("--dir", "./cassettes", TIMETRACER_DIR="elsewhere", TIMETRACER_MODE="off")
    assert (told["TIMETRACER_DIR"], told["TIMETRACER_MODE"]) == ("./cassettes", "record")


def test_exporters_of_the_user_stay() -> None:
    told = _environment(OTEL_TRACES_EXPORTER="console", OTEL_METRICS_EXPORTER="console")
    assert told["OTEL_TRACES_EXPORTER"] == "console,timetracer"
    assert (told["OTEL_METRICS_EXPORTER"], told["OTEL_LOGS_EXPORTER"]) == ("console", "none")


def test_at_the_end_it_says_how_many_and_where(tmp_path: Path) -> None:
    folder = tmp_path / "cassettes"
    making = (
        "import os; from pathlib import Path; from tests.cli.shelves import shelved;"
        "shelved(Path(os.environ['TIMETRACER_DIR']))"
    )
    shown = _run(*TIMETRACER, "record", "--dir", str(folder), "--", sys.executable, "-c", making)
    (file,) = folder.rglob("*.json")
    assert f"timetracer: 1 cassette in {folder}. The last one:" in shown.stderr
    assert f"timetracer show {file}" in shown.stderr


def test_a_run_without_a_request_says_so(tmp_path: Path) -> None:
    shown = _run(*RECORD, sys.executable, "-c", "", TIMETRACER_DIR=str(tmp_path))
    assert f"timetracer: no cassettes in {tmp_path}: no request came in" in shown.stderr


def test_sigterm_is_passed_on_and_the_end_is_waited_for() -> None:
    program = subprocess.Popen(
        [*RECORD, sys.executable, "-c", _COUNT_SIGNALS.format(name="SIGTERM")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == b"ready\n"
    program.send_signal(signal.SIGTERM)
    program.communicate()
    assert program.returncode == 11


_AT_A_TERMINAL = """
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
"""


def test_ctrl_c_at_a_terminal_arrives_once() -> None:
    """The terminal sends it to both of us: a server stops at once at the second one."""
    counting = [*RECORD, sys.executable, "-c", _COUNT_SIGNALS.format(name="SIGINT")]
    program = subprocess.Popen(
        [sys.executable, "-c", _AT_A_TERMINAL, *counting],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    while b"ready" not in program.stdout.readline():
        pass
    program.stdin.write(b"\x03")
    program.stdin.flush()
    program.wait()
    program.communicate()
    assert program.returncode == 11


def test_no_such_program_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    said = timetracer(capsys, "record", "--", "no-such-program")
    assert said.code == 2
    assert said.err == "timetracer: no-such-program: no such program, here or on the PATH.\n"


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("max_body_kb=many", "setting `max_body_kb`"),
        ("max_bdy_kb=1", "setting `max_bdy_kb`"),
        ("max_body_kb", "--set wants NAME=VALUE"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_one_sentence(
    setting: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = timetracer(capsys, "record", "--set", setting, "--", "true")
    assert said.code == 2
    assert reason in said.err
    assert said.err.count("\n") == 1


_TELL_INSTRUMENTED = """
import sys
libraries = ("urllib3", "sqlalchemy", "django", "flask", "redis")
early = [name for name in libraries if name in sys.modules]
import django, flask, requests, sqlalchemy, urllib.request
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor as Base
running = sorted(c.__name__ for c in Base.__subclasses__() if c().is_instrumented_by_opentelemetry)
import timetracer_otel
timetracer_otel.shutdown()
after = sorted(c.__name__ for c in Base.__subclasses__() if c().is_instrumented_by_opentelemetry)
print(early, running, "RequestsInstrumentor" in after, flask.Flask.__name__)
"""


def test_an_instrumentor_is_loaded_when_the_application_imports_its_library() -> None:
    """It imports the library, which costs time, and has to come after gevent's patches."""
    shown = _run(*RECORD, sys.executable, "-c", _TELL_INSTRUMENTED)
    names = ("Django", "Flask", "Requests", "SQLAlchemy", "URLLib3", "URLLib")
    running = sorted(f"{name}Instrumentor" for name in names)
    assert shown.stdout == f"[] {running} True _InstrumentedFlask\n", shown.stderr


def test_a_run_under_a_server_that_is_not_captured_names_it(tmp_path: Path) -> None:
    program = "import gevent.pywsgi"
    shown = _run(*RECORD, sys.executable, "-c", program, TIMETRACER_DIR=str(tmp_path))
    assert "or none was answered; gevent.pywsgi, as a server, is not captured\n" in shown.stderr


def test_the_line_at_start_names_libraries_where_they_are_few() -> None:
    shown = _run(*RECORD, sys.executable, "-c", "", TIMETRACER_CAPTURE="httpx")
    assert "; capturing httpx 0." in shown.stderr
    assert "not captured" not in shown.stderr
    many = _run(*RECORD, sys.executable, "-c", "")
    assert " libraries can be captured (`timetracer libraries` names them)\n" in many.stderr


def test_all_libraries_are_named_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    said = timetracer(capsys, "libraries")
    assert said.code == 0
    assert any(line.startswith("httpx ") for line in said.out.splitlines())
    assert "draws        comes with Python\n" in said.out

"""`timetracer replay`: words in; verdict on standard output, everything else on the other."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.cli.running import timetracer
from tests.cli.shelves import shelved
from tests.cli.test_main import TIMETRACER
from tests.serving import free_port
from timetracer_otel.cassette import Cassette
from timetracer_otel.exporters.files import find
from timetracer_otel.protocols.http_parts import (
    BodyPart,
    HttpInteraction,
    HttpRequest,
    HttpResponse,
)

APP = ["--app", "tests.cli.replayed:app"]


def greeted(name: str) -> Cassette:
    """``{"hello": name}``, as the application answers it."""
    body = f'{{"hello":"{name}"}}'
    return Cassette(
        timetracer=1,
        trace_id=name.encode().hex().zfill(32),
        recorded_at="2026-01-02T03:04:05.000000006Z",
        duration_us=50_000,
        entry=HttpInteraction(
            id=0,
            library="asgi",
            title=f"GET http://shop/hello/{name}",
            start_us=0,
            request=HttpRequest(
                method="GET", url=f"http://shop/hello/{name}", headers=["host: shop"]
            ),
            response=HttpResponse(
                status=200,
                headers=[f"content-length: {len(body)}", "content-type: application/json"],
                body=BodyPart(json=json.loads(body), style="compact", size=len(body)),
            ),
        ),
    )


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    (file,) = find(shelved(tmp_path, greeted("ada")))
    return file


def _replay(*words: object, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TIMETRACER, "replay", *map(str, words)],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_same_answer_is_exit_code_0_and_what_the_application_says_is_not_the_verdict(
    cassette: Path,
) -> None:
    shown = _replay(cassette, *APP)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("same  GET http://shop/hello/ada\n")
    assert "hello from the application" not in shown.stdout
    assert "hello from the application" in shown.stderr


def test_an_application_of_no_framework_is_replayed_like_any_other(cassette: Path) -> None:
    shown = _replay(cassette, "--app", "tests.cli.bare:app")
    assert shown.returncode == 0, shown.stdout + shown.stderr


def test_another_answer_is_exit_code_1_unless_it_was_expected(cassette: Path) -> None:
    shown = _replay(cassette, *APP, GREETING="goodbye")
    assert shown.returncode == 1, shown.stderr
    assert '$.body.hello                 "ada" → nothing' in shown.stdout
    meant = _replay(cassette, *APP, "--expect", "different", GREETING="goodbye")
    assert meant.returncode == 0
    assert meant.stdout.startswith("different, as intended")


def test_no_difference_where_one_was_expected_is_exit_code_1(cassette: Path) -> None:
    shown = _replay(cassette, *APP, "--expect", "different")
    assert shown.returncode == 1
    assert shown.stdout.startswith("same, and a difference was intended")


def test_of_several_each_is_announced_and_the_worst_decides(tmp_path: Path) -> None:
    shelved(tmp_path, greeted("ada"), greeted("grace"), Cassette(**_without_entry()))
    shown = _replay(tmp_path, *APP, "--format", "json")
    assert shown.returncode == 2, shown.stderr
    results = [verdict["result"] for verdict in json.loads(shown.stdout)["verdicts"]]
    assert sorted(results) == ["cannot", "same", "same"]
    assert "[1/3] " in shown.stderr
    assert "[3/3] " in shown.stderr


def _without_entry() -> dict[str, Any]:
    recorded_at = "2026-01-02T03:04:05.000000006Z"
    return {"timetracer": 1, "trace_id": "f" * 32, "recorded_at": recorded_at, "duration_us": 1}


def test_a_report_goes_to_a_file_and_the_words_to_the_screen(
    cassette: Path, tmp_path: Path
) -> None:
    report = tmp_path / "replay.xml"
    shown = _replay(cassette, *APP, "--format", "junit", "--output", report)
    assert shown.stdout.startswith("same")
    assert ET.parse(report).getroot().get("tests") == "1"


def test_a_server_is_started_asked_and_stopped(cassette: Path) -> None:
    port = free_port()
    shown = _replay(cassette, "--", *_server(port))
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("same")
    assert "GET /hello/ada" in shown.stderr  # the server's own log
    assert "GET /hello/ada" not in shown.stdout
    assert not _listens(port)


def _server(port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", "tests.cli.replayed:app", "--port", str(port)]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server that stays up under replay, when it answers."""
    shelved(tmp_path, greeted("ada"), greeted("grace"))
    port = free_port()
    with subprocess.Popen(
        [*TIMETRACER, "replay", str(tmp_path), "--serve", "--", *_server(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stderr is not None
        for line in program.stderr:
            if "running on" in line:
                break
        yield program, port
        program.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_stays_up_each_request_choosing_its_cassette_until_it_is_told_to_stop(
    serving: tuple[subprocess.Popen[str], int], number: int
) -> None:
    program, port = serving
    assert program.stdout is not None
    for name in ("grace", "ada"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/hello/{name}") as response:
            assert json.load(response) == {"hello": name}
        assert program.stdout.readline() == f"same  GET http://shop/hello/{name}\n"
        assert program.stdout.readline().strip().endswith(".json")
        assert "the same answer" in program.stdout.readline()
        assert "took" in program.stdout.readline()
    program.send_signal(number)
    program.communicate()
    assert program.returncode == 0
    assert not _listens(port)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "Give either --app MODULE:APP or -- COMMAND"),
        ([*APP, "--", "uvicorn"], "Give either --app MODULE:APP or -- COMMAND"),
        ([*APP, "--serve"], "--serve and --port go with -- COMMAND"),
        (["--app", "no.such.module:app"], "No module named 'no'"),
        (["--app", "tests.cli.broken:app"], "KeyError: 'SHOP' ("),
        (["--", "no-such-program"], "no such program"),
        ([*APP, "--expect", "nothing"], "nothing"),
    ],
)
def test_what_cannot_be_is_one_sentence(words: list[str], reason: str, cassette: Path) -> None:
    shown = _replay(cassette, *words)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert reason in shown.stderr
    assert shown.stderr.startswith("timetracer: ")
    assert shown.stderr.count("\n") == 1


def test_no_cassette_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = timetracer(capsys, "replay", tmp_path, *APP)
    assert said.code == 2
    assert said.err.startswith(f"timetracer: {tmp_path}: no cassettes here")

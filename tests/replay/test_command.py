"""`timetracer replay` where something is in the way: a sentence, and nothing lost."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.replay.cassettes import a_cassette, an_entry
from tests.serving import ROOT, free_port
from timetracer_otel.cassette import Cassette, write_cassette
from timetracer_otel.protocols.http_parts import BodyPart

APP = ("--app", "tests.replay.waiting:app")
COMMAND = [sys.executable, "-m", "timetracer_otel.cli", "replay"]


def asked(path: str, second: int = 0, **changes: Any) -> Cassette:
    return a_cassette(second=second, entry=an_entry("GET", f"http://shop{path}"), **changes)


def shelf(folder: Path, *cassettes: Cassette) -> Path:
    for number, cassette in enumerate(cassettes):
        (folder / f"{9 - number}.json").write_bytes(write_cassette(cassette))
    return folder


def replay(*words: object, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def server(port: int) -> list[str]:
    return [sys.executable, "-m", "uvicorn", "tests.replay.waiting:app", "--port", str(port)]


def test_a_port_that_is_taken_is_said_and_its_owner_is_not_asked(tmp_path: Path) -> None:
    shelf(tmp_path, asked("/a"))
    with socket.create_server(("127.0.0.1", 0)) as owner:
        port = owner.getsockname()[1]
        shown = replay(tmp_path, "--", *server(port))
    assert shown.returncode == 2
    assert f"port {port} is in use by another program" in shown.stderr


def test_a_server_that_talks_a_lot_is_replayed_all_the_same(tmp_path: Path) -> None:
    shelf(tmp_path, asked("/a"))
    shown = replay(tmp_path, "--", *server(free_port()), TALKS="1")
    assert (shown.returncode, shown.stdout[:4]) == (0, "same")


def test_ctrl_c_loses_nothing_that_was_judged(tmp_path: Path) -> None:
    shelf(tmp_path, asked("/a"), asked("/never", second=1))
    with subprocess.Popen(
        [*COMMAND, str(tmp_path), *APP],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stderr is not None
        for line in program.stderr:
            if line.startswith("[2/2]"):
                break
        program.send_signal(signal.SIGINT)
        out, err = program.communicate(timeout=30)
    assert program.returncode == 130
    assert out.startswith("same  GET http://shop/a\n")
    assert "interrupted: 1 request judged by then" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("cassette", "reason"),
    [
        (
            a_cassette(
                entry=an_entry(
                    request=replace(
                        an_entry("POST").request,
                        body=BodyPart(text="x", size=9, truncated=True, sha256="0"),
                    )
                )
            ),
            "raise `max_body_kb`",
        ),
        (a_cassette(entry=None), "it is the recording of a job"),
        (
            a_cassette(
                entry=an_entry(
                    request=replace(
                        an_entry("POST").request,
                        headers=["content-length: 9"],
                        body=BodyPart(state="unread"),
                    )
                )
            ),
            "",
        ),
    ],
    ids=["a body that was cut", "a job", "a body that nobody reads"],
)
def test_what_cannot_be_sent_is_said_and_what_can_is_sent(
    cassette: Cassette, reason: str, tmp_path: Path
) -> None:
    shown = replay(shelf(tmp_path, cassette), *APP)
    assert (shown.returncode, reason in shown.stdout) == (2 if reason else 0, True)


def test_of_two_services_one_is_chosen_and_the_other_is_said_not_to_be_used(
    tmp_path: Path,
) -> None:
    named = [
        asked(f"/{name}", second=n, resource=[{"service.name": name}])
        for n, name in enumerate(("shop", "cart"))
    ]
    shelf(tmp_path, *named)
    for words, environ in (
        (["--service", "cart"], {}),
        ([], {"OTEL_SERVICE_NAME": "cart"}),
    ):
        shown = replay(tmp_path, *APP, *words, "--format", "json", **environ)
        titles = [verdict["title"] for verdict in json.loads(shown.stdout)["verdicts"]]
        assert titles == ["GET http://shop/cart"]
        assert "not used, since they are of other services: 1 of shop" in shown.stderr
    mixed = replay(tmp_path, *APP)
    assert "cassettes of several services are here (cart, shop)" in mixed.stderr
    assert mixed.stdout.index("/shop") < mixed.stdout.index("/cart")  # in the order of recording
    absent = replay(tmp_path, *APP, "--service", "none")
    assert (absent.returncode, absent.stdout) == (2, "")
    assert "there are: cart, shop" in absent.stderr

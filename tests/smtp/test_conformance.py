"""What an application sees of mail that is sent in a replay is what it saw when it was sent."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.conformance import Program, Runs
from tests.serving import free_port
from tests.smtp import aiosmtplib_cases  # noqa: F401 - it enters its cases
from tests.smtp.cases import CASES
from tests.smtp.server import mail_server


def _certified(folder: Path) -> tuple[ssl.SSLContext, Path]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return context, file


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Runs]:
    """By client: recorded against live servers, and replayed when they have stopped."""
    return cache(lambda kind: _run(kind, tmp_path_factory.mktemp(kind)))


def _run(kind: str, folder: Path) -> Runs:
    context, file = _certified(folder)
    with (
        mail_server() as plain,
        mail_server(context) as tls,
        mail_server(context, at_once=True) as at_once,
        socket.create_server(("127.0.0.1", 0), backlog=50) as deaf,
    ):
        ports = {"SMTP": plain, "TLS": tls, "SSL": at_once, "REFUSED": free_port()}
        ports["DEAF"] = deaf.getsockname()[1]
        variables = {f"{name}_PORT": str(port) for name, port in ports.items()}
        words = ("MODE", kind, str(folder))
        program = Program("tests.smtp.program", folder, *words, CA_FILE=str(file), **variables)
        program.bare()
        program.record()
    program.replay()
    return program.runs("bare")


UNATTAINABLE = {
    "a_socket_of_the_application_s_own": "the application connects it; nothing leaves in a replay"
}
_PAIRS = [(kind, name) for kind in CASES for name in CASES[kind]]
TwoRuns = Callable[[str], Runs]


def _parameters() -> list[Any]:
    found = []
    for kind, name in _PAIRS:
        reason = UNATTAINABLE.get(name)
        marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
        found.append(pytest.param(kind, name, id=f"{kind}-{name}", marks=marks))
    return found


@pytest.mark.parametrize(("kind", "name"), _parameters())
def test_replayed_as_recorded(two_runs: TwoRuns, kind: str, name: str) -> None:
    """Replies, refusals, errors and their attributes."""
    runs = two_runs(kind)
    assert runs.recorded[name], "a case that saw nothing says nothing"
    assert runs.replayed[name] == runs.recorded[name]


@pytest.mark.parametrize(("kind", "name"), _PAIRS)
def test_recorded_as_without_us(two_runs: TwoRuns, kind: str, name: str) -> None:
    runs = two_runs(kind)
    assert runs.recorded[name] == runs.bare[name]


@pytest.mark.parametrize("kind", CASES)
def test_a_message_is_read_line_by_line_and_credentials_are_in_no_title(
    two_runs: TwoRuns, kind: str
) -> None:
    text = two_runs(kind).cassette.read_text()
    assert '"title": "message \\"Welcome\\""' in text
    assert '"title": "AUTH PLAIN"' in text
    assert '"Subject: Welcome",' in text
    assert "$opaque" not in text

"""What an application sees of mail that is sent in a replay is what it saw when it was sent."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest
import trustme

from tests.conformance import Program, Runs
from tests.serving import free_port
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
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Recorded against live servers, and replayed when they have stopped."""
    folder = tmp_path_factory.mktemp("smtp")
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
        words = ("MODE", str(folder))
        program = Program("tests.smtp.program", folder, *words, CA_FILE=str(file), **variables)
        program.bare()
        program.record()
    program.replay()
    return program.runs("bare")


@pytest.mark.parametrize("name", CASES)
def test_replayed_as_recorded(two_runs: Runs, name: str) -> None:
    """Replies, refusals, errors and their attributes."""
    assert two_runs.replayed[name] == two_runs.recorded[name]


@pytest.mark.parametrize("name", CASES)
def test_recorded_as_without_us(two_runs: Runs, name: str) -> None:
    assert two_runs.recorded[name] == two_runs.bare[name]


def test_a_message_is_read_line_by_line_and_credentials_are_in_no_title(two_runs: Runs) -> None:
    text = two_runs.cassette.read_text()
    assert '"title": "message \\"Welcome\\""' in text
    assert '"title": "AUTH PLAIN"' in text
    assert '"Subject: Welcome",' in text
    assert "$opaque" not in text

"""A request that sends mail is replayed without a mail server."""

from __future__ import annotations

import base64
import sys
import urllib.request
from pathlib import Path

from tests.serving import cassettes, free_port, recorded, replayed
from tests.smtp.server import mail_server


def test_an_order_is_confirmed_by_mail_in_a_replay_too(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "cassettes"
    words = ["-m", "flask", "--app", "tests.smtp.shop", "run", "--port", str(port)]
    command = [sys.executable, *words]
    with mail_server() as mail, recorded(command, port, folder, SMTP_PORT=str(mail)):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/orders", method="POST")
        urllib.request.urlopen(request).close()
        (written,) = cassettes(folder, 1)
    kept = written.read_text()
    for secret in ("AGFkYQBzZWNyZXQ", "shop@a.test", "ada@b.test", "Thank you"):
        assert secret not in kept
    shown = replayed(folder, "--app", "tests.smtp.shop:app", SMTP_PORT=str(mail))
    assert shown.stdout.startswith("same"), shown.stdout + shown.stderr
    assert shown.returncode == 0
    stranger = base64.b64encode(b"another key, of another machine.").decode()
    words = ("--app", "tests.smtp.shop:app")
    shown = replayed(folder, *words, SMTP_PORT=str(mail), TIMETRACER_KEY=stranger)
    assert shown.returncode == 0, shown.stdout + shown.stderr

"""Redis under gevent, whose workers patch `socket` when all of ours is imported."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.serving import ROOT


def test_a_subscriber_that_waits_in_a_replay_lets_other_greenlets_run() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.redis_client.waiting_greenlet"],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout.split("\n") == ["another ran", "gave up", ""], ran.stderr

"""gevent: contexts are the greenlets' own, and the worker is no greenlet."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.wsgi.greenlets import REQUESTS
from tests.wsgi.serving import ROOT


@pytest.mark.parametrize("order", ["before", "after"])
def test_requests_in_greenlets_do_not_mix_and_are_written_while_they_run(order: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.wsgi.greenlets", order],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    lines = sorted(line.split() for line in ran.stdout.splitlines())
    assert lines == sorted([str(n)] * 4 for n in range(REQUESTS))

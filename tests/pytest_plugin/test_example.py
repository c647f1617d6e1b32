"""The example's suite: with every server off as it is checked out, and recorded anew."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pytest_plugin.project import PLAIN
from tests.servers import Postgresql, Redis
from tests.serving import ROOT, free_port, running

FOLDER = ROOT / "examples" / "pytest-shop"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    copy = tmp_path / "shop"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def _pytest(folder: Path, *arguments: str, **environ: str) -> str:
    variables = {**os.environ, **environ}
    for name in ("CI", "PYTEST_ADDOPTS"):
        variables.pop(name, None)
    command = [sys.executable, "-m", "pytest", "-pno:cacheprovider", *PLAIN, *arguments]
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_suite_passes_with_every_server_off(shop: Path) -> None:
    said = _pytest(shop, "--record-mode=none", "--cassette-compare", "--cassette-unused=error")
    assert "cassettes: 6 replayed, slowest" in said


def test_the_suite_is_recorded_anew_and_replayed(
    shop: Path, postgresql: Postgresql, redis_standalone: Redis
) -> None:
    shutil.rmtree(shop / "cassettes")
    port = free_port()
    environ = {
        "SHOP_DATABASE": postgresql.dsn("postgresql+psycopg"),
        "SHOP_CACHE": redis_standalone.url,
        "SHOP_RATES": f"http://127.0.0.1:{port}",
        "PARTNER_PORT": str(port),
    }
    partner = [sys.executable, "partner.py"]
    with running(partner, port, log=shop / "log", cwd=shop, **environ):
        assert "6 recorded" in _pytest(shop, **environ)
        assert "6 unchanged" in _pytest(shop, "--record-mode=rewrite", **environ)
        # one is recorded anew among the replayed
        (shop / "cassettes" / "test_orders" / "sold_out.json").unlink()
        assert "5 replayed, 1 recorded" in _pytest(shop, **environ)
        assert "6 verified" in _pytest(shop, "--record-mode=verify", **environ)
    postgresql.stop()
    redis_standalone.stop()
    _pytest(shop, "--record-mode=none", "--cassette-unused=error", **environ)

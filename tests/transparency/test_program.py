"""A program that looks at its own interpreter sees the one that it knows."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.transparency.program import CASES
from tests.transparency.servers import LEAN, environment, launcher


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the program sees in a mode."""

    @cache
    def run(mode: str) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp(mode)
        ran = subprocess.run(
            [*launcher(mode, folder), sys.executable, str(Path(__file__).parent / "program.py")],
            cwd=folder,
            env=environment(mode, folder, **LEAN),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        found: dict[str, Any] = json.loads(ran.stdout)
        return found

    return run


@pytest.mark.parametrize("mode", ["record", "agent"])
@pytest.mark.parametrize("name", CASES)
def test_a_program_sees_what_it_sees_otherwise(seen: Any, mode: str, name: str) -> None:
    assert seen(mode)[name] == seen("plain")[name]

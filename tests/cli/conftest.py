"""The screen that commands are tested on."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """None, unless a test says otherwise: pytest-xdist tells its workers of one."""
    for name in ("COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)

"""A key of the test's own: nothing here reads or makes the user's."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from timetracer_otel.keys import Key, ring
from timetracer_otel.keys.texts import written

KEYS = [Key(bytes([number]) * 32) for number in range(1, 4)]


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The key file in force, with one key."""
    file = tmp_path / "home" / "key"
    file.parent.mkdir()
    file.write_text(written(KEYS[:1]), encoding="ascii")
    monkeypatch.setenv("TIMETRACER_KEYS", f"file:{file}")
    monkeypatch.delenv("TIMETRACER_KEY", raising=False)
    monkeypatch.setenv("TIMETRACER_REDACTION", "off")  # what is read is compared as a whole
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    ring.forget_keys()
    yield file
    ring.forget_keys()


def in_base64(key: Key) -> str:
    return base64.b64encode(key.secret).decode()

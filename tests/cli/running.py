"""The command as a person meets it: words in; text, complaint and exit code out."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from timetracer_otel.cli.main import run


class Said(NamedTuple):
    code: int
    out: str
    err: str


def timetracer(capsys: pytest.CaptureFixture[str], *words: object) -> Said:
    """Run one command in this process."""
    code = run([str(word) for word in words])
    out, err = capsys.readouterr()
    return Said(code, out, err)

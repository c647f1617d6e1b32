"""The page of redaction says what is hidden, all of it."""

from __future__ import annotations

from pathlib import Path

from timetracer_otel.redaction.kinds import KINDS
from timetracer_otel.redaction.kinds.kind import table_row

PAGE = Path(__file__).parents[2] / "docs" / "redaction.md"


def test_every_kind_is_in_the_table() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    table = rows[rows.index("| kind | group | look | fields |") + 1 :]
    assert table == [table_row(kind) for kind in KINDS]

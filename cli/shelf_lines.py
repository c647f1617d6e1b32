"""The rows of `timetracer list` as lines."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from rich.text import Text

from timetracer_otel.cli.colours import status_style
from timetracer_otel.cli.shelf import Row
from timetracer_otel.cli.wording import duration, moment

__all__ = ["shelf_lines"]

_HEADINGS = ("time (UTC)", "method", "route", "status", "took", "calls", "trace", "service")
_RIGHT = {"took", "calls"}
_SHORT_TRACE = 12


def shelf_lines(rows: list[Row], *, total: int, folder: Path) -> list[Text]:
    """A table, and a last line that says what to do with it."""
    if not rows:
        return [
            Text(f"No cassettes in {folder}."),
            Text("Make some: timetracer record -- uvicorn package.module:app", style="dim"),
        ]
    lines = _table(rows)
    shown = f"{len(rows)} of {total:,}, " if len(rows) < total else ""
    lines.append(Text())
    last = f"{shown}newest: timetracer show {rows[0].file}"
    lines.append(Text(last, style="dim", overflow="fold"))
    return lines


def _table(rows: list[Row]) -> list[Text]:
    repeated = [False, *(a.trace_id == b.trace_id for a, b in pairwise(rows))]
    cells = [_cells(row, again=again) for row, again in zip(rows, repeated, strict=True)]
    several = len({row.service for row in rows}) > 1
    columns = [i for i, name in enumerate(_HEADINGS) if name != "service" or several]
    widths = [max(len(line[i].plain) for line in cells) for i in range(len(_HEADINGS))]
    widths = [max(width, len(name)) for width, name in zip(widths, _HEADINGS, strict=True)]
    headings = [Text(name, style="bold") for name in _HEADINGS]
    return [_line(line, columns, widths) for line in (headings, *cells)]


def _line(cells: list[Text], columns: list[int], widths: list[int]) -> Text:
    line = Text()
    for position, i in enumerate(columns):
        cell = cells[i].copy()
        if _HEADINGS[i] in _RIGHT:
            cell.align("right", widths[i])
        elif position < len(columns) - 1:
            cell.align("left", widths[i])
        line.append_text(Text("  ") if position else Text())
        line.append_text(cell)
    return line


def _cells(row: Row, *, again: bool) -> list[Text]:
    hidden = Text("encrypted", style="yellow") if row.missing_key else None
    status = Text(str(row.status) if row.status else "none", style=status_style(row.status))
    if row.error:
        status.append(f" {row.error}", style="red")
    trace = Text(row.trace_id[:_SHORT_TRACE], style="dim")
    return [
        Text(moment(row.recorded_at)),
        Text(row.method or "–", style="bold"),
        Text(row.route) if row.route or hidden is None else hidden,
        status,
        Text(duration(row.duration_us) if row.duration_us or hidden is None else "–"),
        Text(f"{row.calls:,}" if hidden is None else "–"),
        Text("╰ same trace", style="dim") if again else trace,
        Text(row.service, style="dim"),
    ]

"""Payloads as lines for people: bodies, statements, rows, errors, recorded values."""

from __future__ import annotations

import json
import re
from typing import Any

from timetracer_otel.cli.wording import count, size
from timetracer_otel.interaction.parts import RecordedError
from timetracer_otel.protocols.http_parts import BodyPart
from timetracer_otel.protocols.sql import SqlRequest, SqlResponse

__all__ = [
    "body_lines",
    "cell",
    "error_lines",
    "headline",
    "parameter_lines",
    "rows_lines",
    "statement_lines",
]

_WIDEST_CELL = 40
_SHORT_JSON = 72
_DEEPEST = 60
_LIBRARY = re.compile(
    r"[/\\](site-packages|dist-packages|timetracer_otel|lib[/\\]python3[^/\\]*)[/\\]"
)


def body_lines(body: BodyPart | None) -> list[str]:
    """The body, JSON laid out; binary ones and cut ones are described."""
    if body is None or (body.size == 0 and body.state == "complete"):
        return []
    if body.truncated:
        return [f"({size(body.size)}, not kept: more than max_body_kb; sha256 {body.sha256})"]
    if body.style:
        lines = json_lines(body.json)
    elif body.base64:
        lines = [f"({size(body.size)}, binary)"]
    else:
        lines = body.text.splitlines()
    return lines if body.state == "complete" else [*lines, f"({_ENDINGS[body.state]})"]


_ENDINGS = {
    "partial": "its reader stopped here",
    "unread": "nobody read it",
    "aborted": "it broke off here",
    "abandoned": "it was never read to its end",
    "open": "it was still open when the recording was written",
}


def json_lines(value: Any, indent: int = 0) -> list[str]:
    """Laid out over lines; what is short stays on one."""
    short = json.dumps(value, ensure_ascii=False)
    fits = len(short) + indent <= _SHORT_JSON or indent > _DEEPEST
    if fits or not isinstance(value, (dict, list)):
        return [short]
    if isinstance(value, dict):
        opening, closing = "{", "}"
        parts = [(f"{json.dumps(k, ensure_ascii=False)}: ", item) for k, item in value.items()]
    else:
        opening, closing = "[", "]"
        parts = [("", item) for item in value]
    lines = [opening]
    for prefix, item in parts:
        first, *rest = json_lines(item, indent + 2)
        lines += [f"  {prefix}{first}", *(f"  {line}" for line in rest)]
        lines[-1] += ","
    lines[-1] = lines[-1].removesuffix(",")
    return [*lines, closing]


def statement_lines(request: SqlRequest) -> list[str]:
    """The statement as it was sent, and its parameters."""
    lines = [line.rstrip() for line in request.statement.strip().splitlines()]
    return [*lines, *parameter_lines(request)] or [request.operation.upper()]


def parameter_lines(request: SqlRequest) -> list[str]:
    """The parameters, if there are any."""
    empty = request.parameters in (None, [], {}, {"$tuple": []})
    return [] if empty else [f"parameters: {cell(request.parameters)}"]


def rows_lines(response: SqlResponse) -> list[str]:
    """The rows as a table; where there are none, what the statement did."""
    if response.columns is None:
        return [] if response.rowcount < 0 else [f"{count(response.rowcount, 'row')} affected"]
    names = [_column_name(column) for column in response.columns]
    table = [names, *([_cut(cell(value)) for value in row] for row in response.rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(names))]
    lines = ["  ".join(t.ljust(w) for t, w in zip(row, widths, strict=True)) for row in table]
    if response.truncated:
        lines.append("(more rows came than max_rows keeps)")
    return [line.rstrip() for line in lines]


def _own_frames(lines: list[str]) -> list[str]:
    kept, frames = [], []
    for line in lines:
        if line.startswith("  File "):
            frames.append([line])
        elif line.startswith("   ") and frames:
            frames[-1].append(line)
        else:
            kept.append(line)
    own = [frame for frame in frames if not _LIBRARY.search(frame[0])]
    if not own or len(own) == len(frames):
        return lines
    foreign = f"  … {count(len(frames) - len(own), 'frame')} of libraries left out"
    return [*kept[:1], foreign, *(line for frame in own for line in frame), *kept[1:]]


def _column_name(column: Any) -> str:
    values = column.get("$tuple", column) if isinstance(column, dict) else column
    return str(values[0]) if isinstance(values, list) and values else cell(values)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST_CELL else line[: _WIDEST_CELL - 1] + "…"


def cell(value: Any) -> str:
    """A recorded value in short: ``{"$decimal": "1.20"}`` is ``1.20``."""
    bare = _bare(value)
    return bare if isinstance(bare, str) else json.dumps(bare, ensure_ascii=False)


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        tag, payload = next(iter(value.items()))
        if tag.startswith("$"):
            return _bare(payload)
    return {name: _bare(item) for name, item in value.items()}


def headline(error: RecordedError) -> str:
    """``builtins`` left out: ``TypeError: conversion from NoneType``."""
    module = "" if error.module == "builtins" else f"{error.module}."
    message = ", ".join(cell(argument) for argument in error.args)
    return f"{module}{error.type}" + (f": {message}" if message else "")


def error_lines(error: RecordedError, *, full: bool = True) -> list[str]:
    """The traceback, or the headline with causes where there is none.

    Unless `full`, frames of libraries are left out where others remain.
    """
    if error.traceback:
        lines = error.traceback.rstrip().splitlines()
        return [*(lines if full else _own_frames(lines)), *error.notes]
    lines = [headline(error), *error.notes]
    if error.cause is not None:
        lines.append(f"caused by {headline(error.cause)}")
    return lines

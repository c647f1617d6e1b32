"""The calls of a cassette over time: one line each."""

from __future__ import annotations

import re

from rich.text import Text

from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.cli.colours import status_style
from timetracer_otel.cli.wording import count, duration
from timetracer_otel.protocols.http_parts import HttpResponse
from timetracer_otel.protocols.registry import protocol_of
from timetracer_otel.protocols.sql import SqlResponse

__all__ = ["outcome", "title_line", "waterfall_lines"]

_NARROW = 76
_WIDEST_BAR = 32
_COLUMNS = re.compile(r"^SELECT .{24,}? FROM ")


def title_line(interaction: Interaction) -> Text:
    """``GET http://tax/rates → 200 OK``."""
    return Text.assemble((_one_line(interaction.title), "bold"), "  → ", outcome(interaction))


def outcome(interaction: Interaction) -> Text:
    """How it ended, in a word or two."""
    if interaction.error is not None:
        return Text(interaction.error.type, style="bold red")
    if interaction.response is None:
        return Text("no answer", style="yellow")
    if isinstance(interaction.response, SqlResponse):
        return Text(_sql_outcome(interaction.response), style="green")
    if not isinstance(interaction.response, HttpResponse):
        say = protocol_of(interaction).outcome
        return Text(say(interaction.response) if say is not None else "ok", style="green")
    status = f"{interaction.response.status} {interaction.response.reason}".strip()
    ending = Text(status, style=status_style(interaction.response.status))
    raised = getattr(interaction, "raised", None)
    return ending.append(f" {raised.type}", style="red") if raised is not None else ending


def _sql_outcome(response: SqlResponse) -> str:
    if response.columns is not None:
        return count(len(response.rows), "row")
    return "ok" if response.rowcount < 0 else f"{response.rowcount:,} affected"


def waterfall_lines(cassette: Cassette, *, width: int) -> list[Text]:
    """Number, when, how long, a bar, the library, the outcome, the call itself."""
    calls = cassette.interactions
    if not calls:
        return [Text("no calls to the outside", style="dim")]
    bar = 0 if width < _NARROW else min(_WIDEST_BAR, width // 8)
    total = max(1, cassette.duration_us)
    libraries = max(len(call.library) for call in calls)
    outcomes = max(len(outcome(call).plain) for call in calls)
    return [_line(call, total=total, bar=bar, widths=(libraries, outcomes)) for call in calls]


def _line(call: Interaction, *, total: int, bar: int, widths: tuple[int, int]) -> Text:
    ending = outcome(call)
    ending.align("left", widths[1])
    return Text.assemble(
        (f"{call.id:3}", "bold"),
        (f" {'+' + duration(call.start_us):>9}", "dim"),
        f" {duration(call.duration_us):>9} ",
        (_bar(call, total, bar), "cyan"),
        (f" {call.library:{widths[0]}}  ", "dim"),
        ending,
        f"  {_in_short(call.title)}",
    )


def _bar(call: Interaction, total: int, cells: int) -> str:
    """Where in the request the call lay; never nothing, never outside."""
    if not cells:
        return ""
    start = min(cells - 1, call.start_us * cells // total)
    length = min(cells - start, max(1, round(call.duration_us * cells / total)))
    return " " + ("━" * length).rjust(start + length).ljust(cells)


def _in_short(title: str) -> str:
    """Which table is asked tells more than which columns."""
    return _COLUMNS.sub("SELECT … FROM ", _one_line(title))


def _one_line(text: str) -> str:
    return " ".join(text.split())

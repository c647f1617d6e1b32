"""What `timetracer show` shows: a cassette as a whole, or one of its interactions."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace
from rich.text import Text

from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.cli.payloads import (
    body_lines,
    error_lines,
    parameter_lines,
    rows_lines,
    statement_lines,
)
from timetracer_otel.cli.sheet import Block, fitted
from timetracer_otel.cli.waterfall import title_line, waterfall_lines
from timetracer_otel.cli.wording import count, duration, moment
from timetracer_otel.interaction.parts import RecordedError
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpResponse
from timetracer_otel.protocols.registry import protocol_of
from timetracer_otel.protocols.sql import SqlInteraction, SqlResponse

__all__ = ["cassette_page", "interaction_page"]

_FULL = 1_000_000


def cassette_page(
    cassette: Cassette, file: Path, *, width: int, height: int, full: bool
) -> list[Text]:
    """Head, waterfall, payloads; at most `height` lines unless `full`."""
    room = _FULL if full else height
    head = _head(cassette, file)
    calls = waterfall_lines(cassette, width=width)
    most = max(3, (room - len(head)) // 2)
    if len(calls) > most:
        hidden = len(calls) - most + 1
        more = Text(f"    … {count(hidden, 'more call')}: --full", style="dim")
        calls = [*calls[: most - 1], more]
    page = [*head, Text(), *calls, *_remarks(cassette, full=full)]
    return page + fitted(_payloads(cassette, full=full), room - len(page))


def interaction_page(interaction: Interaction, *, height: int, full: bool) -> list[Text]:
    """Everything known about one interaction, headers included."""
    head = [
        title_line(interaction),
        Text(
            f"#{interaction.id} {interaction.library}, at +{duration(interaction.start_us)}, "
            f"took {duration(interaction.duration_us)}"
            + (f", in {interaction.path}" if interaction.path else ""),
            style="dim",
        ),
    ]
    blocks = _of_interaction(interaction, full=full)
    return head + fitted(blocks, _FULL if full else height - len(head))


def _head(cassette: Cassette, file: Path) -> list[Text]:
    service = str(cassette.resource[0].get("service.name", "")) if cassette.resource else ""
    facts = [
        f"{moment(cassette.recorded_at)} UTC",
        f"took {duration(cassette.duration_us)}",
        count(len(cassette.interactions), "call"),
    ]
    if service and not service.startswith("unknown_service"):
        facts.insert(0, service)
    return [
        _title(cassette),
        Text(" · ".join(facts), style="dim"),
        Text(f"trace {cassette.trace_id}", style="dim"),
        Text(str(file), style="dim", overflow="fold"),
    ]


def _title(cassette: Cassette) -> Text:
    if cassette.entry is not None:
        return title_line(cassette.entry)
    return Text(f"Test {cassette.test}" if cassette.test else "No inbound request")


def _remarks(cassette: Cassette, *, full: bool) -> list[Text]:
    facts = []
    if cassette.bootstrap:
        facts.append(f"{count(len(cassette.bootstrap), 'call')} of start-up and set-up")
    reads = sum(len(reads.offsets_ns) for reads in cassette.clock)
    if reads:
        facts.append(f"{count(reads, 'reading')} of the clock")
    draws = sum(len(draws.values) for draws in cassette.draws)
    if draws:
        facts.append(f"{count(draws, 'draw')} at random")
    lines = [Text(f"    besides: {', '.join(facts)}", style="dim")] if facts else []
    redaction = cassette.redaction
    if redaction.policy != "none":
        kept = f"sealed with key {redaction.key_id}" if redaction.sealed else "nothing sealed"
        lines += [Text(f"    redacted: policy {redaction.policy}, {kept}", style="dim")]
    if full:
        lines += _dim(
            [f"  start-up: {' '.join(call.title.split())}" for call in cassette.bootstrap]
        )
    for cut in cassette.dropped:
        lines.append(Text(f"    not recorded: {cut.what} × {cut.count}, {cut.why}", style="yellow"))
    return lines


def _payloads(cassette: Cassette, *, full: bool) -> list[Block]:
    blocks = []
    if cassette.entry is not None:
        blocks += _of_interaction(cassette.entry, full=full, headers=full)
        for block in blocks:
            block.first = True
    for answer in cassette.answers:
        blocks += _of_answer(answer, full=full)
    for interaction in cassette.interactions:
        blocks += _of_interaction(interaction, full=True) if full else _of_call(interaction)
    return blocks


def _of_answer(answer: Interaction, *, full: bool) -> list[Block]:
    """What a test asked the application: in one block, unless all of it is wanted."""
    if full:
        return _of_interaction(replace(answer, id=0), full=True)
    (block,) = _of_call(answer) or [Block(title_line(answer))]
    block.heading = Text.assemble("answered  ", title_line(answer))
    block.hint, block.first = "--full", True
    return [block]


def _of_call(interaction: Interaction) -> list[Block]:
    """A call in one block: what went out besides its title, what came back."""
    heading = Text.assemble((f"{interaction.id} ", "bold"), title_line(interaction))
    lines = [*_dim(_besides_title(interaction)), *_plain(_answered(interaction))]
    failures = [line for failure in _failures(interaction) for line in error_lines(failure)[-1:]]
    lines += [Text("  " + line, style="red") for line in failures]
    hint = f"--interaction {interaction.id}"
    return [Block(heading, lines, hint=hint)] if lines else []


def _besides_title(interaction: Interaction) -> list[str]:
    if isinstance(interaction, HttpInteraction):
        return body_lines(interaction.request.body)
    if isinstance(interaction, SqlInteraction):
        return parameter_lines(interaction.request)
    asked = _asked(interaction)
    return asked if len(asked) > 1 else []


def _of_interaction(interaction: Interaction, *, full: bool, headers: bool = True) -> list[Block]:
    number = f"{interaction.id} " if interaction.id else ""
    blocks = [
        Block(Text(f"{number}Request", style="bold"), _plain(_asked(interaction))),
        Block(Text(f"{number}Response", style="bold"), _plain(_answered(interaction))),
    ]
    if headers and isinstance(interaction, HttpInteraction):
        blocks[0].lines[:0] = _dim(interaction.request.headers)
        if interaction.response is not None:
            blocks[1].lines[:0] = _dim(interaction.response.headers)
    for failure in _failures(interaction):
        stage = f" at {failure.stage}" if failure.stage else ""
        heading = Text(f"{number}Raised{stage}", style="bold")
        lines = [Text("  " + line, style="red") for line in error_lines(failure, full=full)]
        blocks.append(Block(heading, lines, keep_end=True))
    return [block for block in blocks if block.lines]


def _asked(interaction: Interaction) -> list[str]:
    if isinstance(interaction, HttpInteraction):
        return body_lines(interaction.request.body)
    if isinstance(interaction, SqlInteraction):
        return statement_lines(interaction.request)
    say = protocol_of(interaction).asked
    return say(interaction.request) if say is not None else []


def _answered(interaction: Interaction) -> list[str]:
    if interaction.response is None:
        return []
    if isinstance(interaction.response, HttpResponse):
        return body_lines(interaction.response.body)
    if isinstance(interaction.response, SqlResponse):
        return rows_lines(interaction.response)
    say = protocol_of(interaction).answered
    return say(interaction.response) if say is not None else []


def _failures(interaction: Interaction) -> list[RecordedError]:
    found = [interaction.error, getattr(interaction.response, "error", None)]
    if isinstance(interaction, HttpInteraction):
        found.insert(1, interaction.raised)
    return [failure for failure in found if failure is not None]


def _plain(lines: list[str]) -> list[Text]:
    return [Text("  " + line) for line in lines]


def _dim(lines: list[str]) -> list[Text]:
    return [Text("  " + line, style="dim") for line in lines]

"""What a test got, beside what it got when it was recorded. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.protocols.differences import named_differences
from timetracer_otel.protocols.http_parts import HttpInteraction
from timetracer_otel.protocols.registry import protocol_named
from timetracer_otel.replay.testing.stability import meaning_of
from timetracer_otel.replay.verdict import outcome_differences

__all__ = ["answer_differences", "service_differences"]


def answer_differences(recorded: Sequence[Cassette], live: Sequence[Interaction]) -> list[str]:
    """Where the application answered otherwise, as lines: a request, then each difference."""
    before = [one for cassette in recorded for one in _answers_of(cassette)]
    lines: list[str] = []
    pairs, gone, new = _paired(before, live, _asked)
    for one, other in pairs:
        if isinstance(one, HttpInteraction) and isinstance(other, HttpInteraction):
            found = outcome_differences(one, other, None)
            lines += _under(other.title, [text.replace(", replayed ", ", now ") for text in found])
    lines += [f"{one.title}: recorded, and not asked any more" for one in gone]
    return lines + [f"{one.title}: not recorded" for one in new]


def _answers_of(cassette: Cassette) -> Iterable[Interaction]:
    return cassette.answers or ([cassette.entry] if cassette.entry is not None else [])


def _asked(interaction: Interaction) -> object:
    """By method, path and query: a test's client may be at any host."""
    if not isinstance(interaction, HttpInteraction):
        return interaction.title
    url = urlsplit(interaction.request.url)
    return interaction.request.method, url.path, url.query


def service_differences(recorded: Cassette, live: Cassette) -> list[str]:
    """Where live services answered otherwise than the recording says, as lines.

    Times and what is drawn anew are not compared.
    """
    lines: list[str] = []
    pairs, gone, new = _paired(recorded.interactions, live.interactions, _meant)
    for one, other in pairs:
        before, after = meaning_of(one), meaning_of(other)
        for side in ("response", "error"):
            found = named_differences(before.get(side), after.get(side), root=f"$.{side}")
            lines += _under(other.title, [text.replace(", asked ", ", now ") for text in found])
    lines += [f"{one.title}: recorded, and not asked any more" for one in gone]
    return lines + [f"{one.title}: not recorded" for one in new]


def _meant(interaction: Interaction) -> object:
    protocol = protocol_named(interaction.__struct_config__.tag)  # type: ignore[arg-type]
    return protocol.name, protocol.loose_key(interaction.request)


def _under(title: str, differences: list[str]) -> list[str]:
    return [title, *(f"  {text}" for text in differences)] if differences else []


def _paired(
    before: Sequence[Interaction], after: Sequence[Interaction], key: Callable[[Any], object]
) -> tuple[list[tuple[Interaction, Interaction]], list[Interaction], list[Interaction]]:
    """Those of one key, in order; and what is left over on either side."""
    waiting: dict[object, list[Interaction]] = defaultdict(list)
    for one in before:
        waiting[key(one)].append(one)
    pairs, new = [], []
    for other in after:
        queue = waiting[key(other)]
        if queue:
            pairs.append((queue.pop(0), other))
        else:
            new.append(other)
    return pairs, [one for queue in waiting.values() for one in queue], new

"""Cassette to bytes: strict JSON, two spaces, keys in the model's order."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from timetracer_otel.cassette.model import Cassette, Interaction

__all__ = ["Shared", "write_cassette"]

_ENCODER = msgspec.json.Encoder()
_FOLD = f"fold:{uuid.uuid4().hex}"
"""Stands for a folded piece until it is put in: no recorded value can guess it."""

_FOLDED = _ENCODER.encode(_FOLD)


class Shared(list[Interaction]):
    """Interactions that many cassettes carry: written out once, and not to be changed."""

    __slots__ = ("hidden", "written")

    def __init__(self, interactions: Iterable[Interaction]) -> None:
        super().__init__(interactions)
        self.written: bytes | None = None
        self.hidden: tuple[object, object] | None = None


def write_cassette(cassette: Cassette) -> bytes:
    """The file's content, UTF-8, ending in a newline; the same cassette gives the same bytes.

    Rows of a table stand one on a line, and lists of readings on one line: that is how people
    read them, and a changed row is one changed line.
    """
    folded: list[bytes] = []
    bootstrap = cassette.bootstrap
    document = replace(
        cassette,
        interactions=[_fold_rows(i, folded) for i in cassette.interactions],
        bootstrap=_placeholder(_written(bootstrap), folded) if bootstrap else [],
        clock=[
            replace(reads, offsets_ns=_placeholder(_ENCODER.encode(reads.offsets_ns), folded))
            for reads in cassette.clock
        ],
    )
    text = msgspec.json.format(_ENCODER.encode(document), indent=2)
    return _unfold(text, folded) + b"\n"


def _written(interactions: list[Interaction]) -> bytes:
    known = interactions.written if isinstance(interactions, Shared) else None
    if known is not None:
        return known
    folded: list[bytes] = []
    document = _ENCODER.encode([_fold_rows(i, folded) for i in interactions])
    lines = msgspec.json.format(document, indent=2).replace(b"\n", b"\n  ")  # one level down
    written = _unfold(lines, folded)
    if isinstance(interactions, Shared):
        interactions.written = written
    return written


def _placeholder(content: bytes, folded: list[bytes]) -> Any:
    folded.append(content)
    return _FOLD


def _fold_rows(interaction: Interaction, folded: list[bytes]) -> Interaction:
    response: Any = interaction.response
    rows: Sequence[object] | None = getattr(response, "rows", None)
    if not rows:
        return interaction
    lines = _ENCODER.encode_lines(rows).rstrip(b"\n").replace(b"\n", b",\n          ")
    content = b"[\n          " + lines + b"\n        ]"
    return replace(interaction, response=replace(response, rows=_placeholder(content, folded)))


def _unfold(text: bytes, folded: list[bytes]) -> bytes:
    """Put the folded pieces in, in order."""
    if not folded:
        return text
    first, *rest = text.split(_FOLDED)
    woven = [first]
    for content, part in zip(folded, rest, strict=True):
        woven += (content, part)
    return b"".join(woven)

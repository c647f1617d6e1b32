"""What one recording drew at random, drawn again."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import ValueDecodingError
from timetracer_otel.randomness import arguments_of
from timetracer_otel.values import decode

__all__ = ["RecordedDraws"]


class RecordedDraws:
    """The draws of one cassette, each given once, in order.

    By source, path and arguments, then by source and arguments. A draw that was not recorded is
    really random, and counted in `unrecorded` by source: the verdict names it.
    """

    def __init__(self, cassette: Cassette) -> None:
        self.unrecorded: Counter[str] = Counter()
        self._sources: dict[tuple[str, str], dict[str, deque[Any]]] = {}
        for draws in cassette.draws:
            paths = self._sources.setdefault((draws.source, draws.arguments), {})
            paths.setdefault(draws.path, deque()).extend(draws.values)

    def draw(self, source: str, arguments: tuple[object, ...], path: str, drawn: Any) -> Any:
        """The recorded draw, or `drawn` itself, which is what was really drawn just now."""
        paths = self._sources.get((source, arguments_of(arguments)), {})
        here = paths.get(path)
        for values in ([here] if here is not None else []) + list(paths.values()):
            try:
                recorded = decode(values.popleft())
            except IndexError:
                continue
            except ValueDecodingError:
                break
            if _alike(recorded, drawn):
                return recorded
            break
        self.unrecorded[source] += 1
        return drawn


def _alike(recorded: Any, drawn: Any) -> bool:
    """Whether this can be a draw at all: a cassette may have been edited."""
    if recorded is None or drawn is None:  # what `gauss` kept from its last pair, or nothing
        return all(kept is None or isinstance(kept, float) for kept in (recorded, drawn))
    if isinstance(drawn, bytes):
        return isinstance(recorded, bytes) and len(recorded) == len(drawn)
    return type(recorded) is type(drawn)

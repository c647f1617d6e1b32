"""Which cassette an inbound request repeats: by method, path and query, then by its body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from timetracer_otel.cassette import FORMAT_VERSION, Cassette
from timetracer_otel.protocols.http import encode_request
from timetracer_otel.protocols.http_matching import meaning_of
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpRequest

__all__ = ["UNKNOWN", "Choices"]

UNKNOWN = "(no cassette has this request)"

_Key = tuple[str, str, tuple[tuple[str, str], ...]]


class Choices:
    """The cassettes of a folder by their entries.

    Of several with one entry each is taken once, in order; then the last again.
    """

    def __init__(self, cassettes: Sequence[tuple[str, Cassette]]) -> None:
        self._by_key: dict[_Key, list[tuple[str, Cassette]]] = {}
        self._taken: dict[str, int] = {}
        for name, cassette in sorted(cassettes, key=lambda named: named[1].recorded_at):
            if isinstance(cassette.entry, HttpInteraction):
                key = _key(cassette.entry.request)
                self._by_key.setdefault(key, []).append((name, cassette))

    def choose(self, ref: Any) -> tuple[str, Cassette]:
        """The cassette for a live request; one without any interaction where none fits."""
        request = encode_request(ref)
        candidates = self._by_key.get(_key(request), [])
        if len(candidates) > 1:
            body = meaning_of(request).get("body")
            same = [named for named in candidates if _body_of(named[1]) == body]
            candidates = same or candidates
        if not candidates:
            return UNKNOWN, _empty()
        chosen = min(candidates, key=lambda named: self._times(named[0], named is candidates[-1]))
        self._taken[chosen[0]] = self._taken.get(chosen[0], 0) + 1
        return chosen

    def _times(self, name: str, last: bool) -> tuple[int, int]:
        """Untaken ones in order first; when all are taken, the last."""
        taken = self._taken.get(name, 0)
        return (1, 0 if last else 1) if taken else (0, 0)


def _key(request: HttpRequest) -> _Key:
    """Without host and scheme: a replayed server listens where it likes."""
    url = urlsplit(request.url)
    query = tuple(sorted(parse_qsl(url.query, keep_blank_values=True)))
    return request.method, url.path or "/", query


def _body_of(cassette: Cassette) -> Any:
    entry = cassette.entry
    return meaning_of(entry.request).get("body") if isinstance(entry, HttpInteraction) else None


def _empty() -> Cassette:
    return Cassette(
        timetracer=FORMAT_VERSION,
        trace_id="0" * 32,
        recorded_at="1970-01-01T00:00:00.000000000Z",
        duration_us=0,
    )

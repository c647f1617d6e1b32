"""Which cassette an inbound request repeats: by method, path and query, then by its body."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

from timetracer_otel.cassette import FORMAT_VERSION, Cassette
from timetracer_otel.protocols.bodies import body_bytes
from timetracer_otel.protocols.http import encode_request
from timetracer_otel.protocols.http_matching import meaning_of
from timetracer_otel.protocols.http_parts import BodyPart, HttpInteraction, HttpRequest
from timetracer_otel.protocols.volatile import loosened

__all__ = ["UNKNOWN", "Choices"]

UNKNOWN = "(no cassette has this request)"

_Key = tuple[str, bytes, tuple[tuple[str, str], ...]]
_Named = tuple[str, Cassette]


class Choices:
    """The cassettes of a folder by their entries.

    Of several with one entry each is taken once, in order; then the last again. Not
    thread-safe.
    """

    def __init__(self, cassettes: Sequence[_Named]) -> None:
        self._by_key: dict[_Key, list[_Named]] = {}
        self._taken: set[str] = set()
        ordered = sorted(cassettes, key=lambda named: named[1].recorded_at)
        self._began = ordered[0][1].recorded_at if ordered else "1970-01-01T00:00:00.0Z"
        for name, cassette in ordered:
            if isinstance(cassette.entry, HttpInteraction):
                request = cassette.entry.request
                key = _key(request.method, request.url)
                self._by_key.setdefault(key, []).append((name, cassette))

    def choose(self, ref: Any, announced: str = "") -> _Named:
        """The cassette for a live request; one without any interaction where none fits.

        `announced` is the name of the cassette whose request is being sent just now, if any: of
        those that fit by method, path and query, it is the one.
        """
        return self.choose_for(encode_request(ref), announced)

    def choose_for(self, request: HttpRequest, announced: str = "") -> _Named:
        """The same for a request that is encoded already."""
        candidates = self._by_key.get(_key(request.method, request.url), [])
        for named in candidates:
            if named[0] == announced:
                return named
        fitting = [c for c in candidates if _has_body(c, request, loosely=False)]
        fitting = fitting or [c for c in candidates if _has_body(c, request, loosely=True)]
        if not fitting:
            return UNKNOWN, self._empty()
        chosen = next((c for c in fitting if c[0] not in self._taken), fitting[-1])
        self._taken.add(chosen[0])
        return chosen

    def depends_on_body(self, method: str, url: str) -> bool:
        """Whether the body decides which cassette this request repeats, or whether any does."""
        return any(_known(_entry_body(c)) for c in self._by_key.get(_key(method, url), ()))

    def _empty(self) -> Cassette:
        """Of the same time as the others: nothing was recorded in 1970."""
        return Cassette(
            timetracer=FORMAT_VERSION,
            trace_id="0" * 32,
            recorded_at=self._began,
            duration_us=0,
        )


def _key(method: str, url: str) -> _Key:
    """Without host and scheme: a replayed server listens where it likes."""
    split = urlsplit(url)
    query = sorted(parse_qsl(split.query, keep_blank_values=True, errors="surrogateescape"))
    return method, unquote_to_bytes(split.path) or b"/", tuple(query)


def _entry_body(named: _Named) -> BodyPart | None:
    entry = named[1].entry
    return entry.request.body if isinstance(entry, HttpInteraction) else None


def _known(body: BodyPart | None) -> bool:
    """Whether all of a body is known: of one that nobody read, nothing is."""
    return body is not None and body.state == "complete" and body.size > 0


def _has_body(named: _Named, live: HttpRequest, *, loosely: bool) -> bool:
    """Whether the recorded body is the live one, as far as both are known."""
    recorded = named[1].entry
    if not isinstance(recorded, HttpInteraction):
        return False
    before, now = recorded.request.body, live.body
    if _unknown(before) or _unknown(now):
        return True
    if before is not None and now is not None and (before.truncated or now.truncated):
        return (before.size, _sha256(before)) == (now.size, _sha256(now))
    one, other = meaning_of(recorded.request).get("body"), meaning_of(live).get("body")
    return loosened(one) == loosened(other) if loosely else one == other


def _unknown(body: BodyPart | None) -> bool:
    """A body that was not read to its end may be any."""
    return body is not None and body.state != "complete"


def _sha256(body: BodyPart) -> str:
    return body.sha256 if body.truncated else hashlib.sha256(body_bytes(body)).hexdigest()

"""What was gathered of a trace as bytes for another process of ours, and back.

Plain values and the protocols' own references alone are packed, by their exact types: of
anything else an encoder may want more than there would be on the other side. Pickle is the only
encoding in the standard library that keeps exact types. In here it can name nothing but the
classes of this module's table, and the bytes never leave the socket between the two processes.
"""

from __future__ import annotations

import datetime as dt
import decimal
import io
import pickle
import uuid
from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from types import FunctionType
from typing import Any, get_args

from timetracer_otel.gathered import Gathered, Noted
from timetracer_otel.interaction.body import Body, BodyState
from timetracer_otel.protocols.http1 import HeadersToCome
from timetracer_otel.protocols.http_parts import HttpRequestRef
from timetracer_otel.protocols.registry import PROTOCOLS

__all__ = ["NotPlain", "pack", "unpack"]

_PROTOCOL = 5


class NotPlain(Exception):
    """Something that only this process can make an encoding of."""


def pack(gathered: Gathered) -> bytes:
    """All of `gathered` but its bootstrap. Raises `NotPlain`."""
    buffer = io.BytesIO()
    try:
        _Packer(buffer, _PROTOCOL).dump(
            (
                gathered.trace_id,
                gathered.root_span_id,
                gathered.started_mono_ns,
                gathered.started_wall_ns,
                gathered.duration_us,
                gathered.resource,
                gathered.hash_seed,
                tuple(gathered.entry) if gathered.entry is not None else None,
                [tuple(noted) for noted in gathered.answers],
                [tuple(noted) for noted in gathered.interactions],
                gathered.draws,
                gathered.clock,
                gathered.dropped,
            )
        )
    except (AttributeError, pickle.PicklingError, RuntimeError, TypeError, ValueError) as error:
        raise NotPlain(str(error)) from None
    return buffer.getvalue()


def unpack(data: bytes) -> Gathered:
    """What was packed."""
    found = _Unpacker(io.BytesIO(data)).load()
    gathered = Gathered(*found)
    gathered.entry = _noted_again(gathered.entry) if gathered.entry is not None else None
    gathered.answers = [_noted_again(noted) for noted in gathered.answers]
    gathered.interactions = [_noted_again(noted) for noted in gathered.interactions]
    return gathered


def _noted_again(found: Any) -> Noted:
    """With the very objects that are defaults: what is only equal is not left out of the file."""
    noted = Noted(*found)
    for ref in (noted.request, noted.response):
        for name, default in _DEFAULTS.get(type(ref), ()):
            if getattr(ref, name) == default:
                setattr(ref, name, default)
    return noted


class _Packer(pickle.Pickler):
    def reducer_override(self, found: Any) -> Any:
        """Called for everything that is not of a built-in type."""
        kind = type(found)
        reduced = _REDUCED.get(kind)
        if reduced is not None:
            return reduced(found)
        if kind in _VALUES or (kind in _NAMEABLE and found in _NAMED):
            return NotImplemented
        raise NotPlain(kind.__qualname__)


class _Unpacker(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _BY_NAME[module, name]


Reduced = tuple[Callable[..., object], tuple[Any, ...]]
"""What gives an object again, and what that is called with."""


def _fields_of(kind: type) -> Callable[[Any], Reduced]:
    parts = attrgetter(*(field.name for field in fields(kind)))
    return lambda ref: (kind, parts(ref))


def _of_request(ref: HttpRequestRef) -> Reduced:
    kind, parts = _REQUEST(ref)  # a client's object for a URL is good for its text alone
    return kind, parts if type(ref.url) is str else (parts[0], str(ref.url), *parts[2:])


def _of_headers(headers: HeadersToCome) -> Reduced:
    return HeadersToCome, (headers._head,)


def _of_body(body: Body) -> Reduced:
    if body.truncated:
        raise NotPlain("a digest")
    return body_again, (body.chunks, body.size, body.state)


def body_again(chunks: list[bytes], size: int, state: BodyState) -> Body:
    """A body through which that has passed."""
    body = Body(None, 0)
    body.chunks, body.kept, body.size = chunks, sum(map(len, chunks)), size
    body.state = _STATES[state]  # one that is a default is left out of the file, as above
    return body


_STATES: dict[str, BodyState] = {state: state for state in get_args(BodyState)}
_REQUEST = _fields_of(HttpRequestRef)

_REFS = tuple(ref for protocol in PROTOCOLS.values() for ref in protocol.refs)

_REDUCED: dict[type, Callable[[Any], Reduced]] = {
    **{kind: _fields_of(kind) for kind in _REFS},
    Body: _of_body,
    HeadersToCome: _of_headers,
    HttpRequestRef: _of_request,
}
"""The references that are packed, and what each is made of again."""

_DEFAULTS: dict[type, list[tuple[str, str]]] = {
    kind: [(field.name, field.default) for field in fields(kind) if type(field.default) is str]
    for kind in _REFS
}

_VALUES = frozenset(
    (dt.date, dt.datetime, dt.time, dt.timedelta, dt.timezone, decimal.Decimal, uuid.UUID)
)
"""Values of the standard library, which pickle themselves."""

_NAMEABLE = (type, type(HeadersToCome), FunctionType)
_NAMED: frozenset[Any] = frozenset((HeadersToCome, body_again, *_REFS, *_VALUES))
_BY_NAME = {(found.__module__, found.__qualname__): found for found in _NAMED}

"""Where a program draws at random, and how to stand in between: one list for both sides.

`uuid4`, `secrets` and `SystemRandom` end in `os.urandom`; every `random.Random` in its
methods `random` and `getrandbits`, which all others call. `gauss` keeps the second number of
a pair for the next call, which may be another request's: what it finds kept is a draw too.
MongoDB's ObjectIds are drawn whole: of their parts, most are drawn once a process. Extensions that
ask the system themselves are tapped where the application calls them: bcrypt's salts (Rust's
since 4.2) and uuid-utils. numpy and other generators in C are not in it.
"""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

from timetracer_otel.patching import Change, Patch, PatchIfPresent, WhenImported
from timetracer_otel.standing_in import in_place_of

__all__ = ["Tap", "arguments_of", "draw_changes"]

Tap = Callable[[str, tuple[object, ...], Any], Any]
"""``tap(source, arguments, drawn)`` gives what the caller gets for what was really drawn."""


def arguments_of(arguments: tuple[object, ...]) -> str:
    """The arguments of a draw as a cassette writes them."""
    return ",".join(map(str, arguments))


def draw_changes(tap: Tap) -> tuple[Change, ...]:
    """Every source of randomness, going through `tap`."""
    found = [
        ("os:urandom", _function("os.urandom", tap)),
        ("random:_urandom", _function("os.urandom", tap)),
        ("random:random", _function("random.random", tap)),
        ("random:getrandbits", _function("random.getrandbits", tap)),
        ("random:Random.random", _method("random.random", tap)),
        ("random:Random.getrandbits", _method("random.getrandbits", tap)),
        ("uuid:getnode", _function("uuid.getnode", tap)),
    ]
    if hasattr(os, "getrandom"):
        found.append(("os:getrandom", _function("os.getrandom", tap)))
    # libuuid's or the system's own generator for uuid1; without one, uuid1 reads the clock
    found.extend(
        (f"uuid:{name}", _function(f"uuid.{name}", tap))
        for name in ("_generate_time_safe", "_UuidCreate")
        if getattr(uuid, name, None) is not None
    )
    system = (Patch(target, wrap) for target, wrap in found)
    object_ids = (Patch("bson.objectid:ObjectId.__init__", _object_id(tap)),)
    return (
        *system,
        _KeptByGauss(tap),
        WhenImported("bson.objectid", object_ids),
        *_extensions(tap),
    )


def _extensions(tap: Tap) -> Iterator[Change]:
    for module, names, tapped in (
        ("bcrypt", ("gensalt",), _function),
        ("uuid_utils", ("uuid1", "uuid4", "uuid6", "uuid7"), _function_of_uuids),
        # what is not asked of `uuid_utils` itself
        ("uuid_utils.compat", ("_uuid4_int", "_uuid7_int"), _function),
    ):
        patches = (
            PatchIfPresent(f"{module}:{name}", tapped(f"{module}.{name}", tap)) for name in names
        )
        yield WhenImported(module, tuple(patches))


def _object_id(tap: Tap) -> Callable[..., Any]:
    def wrap(original: Callable[..., None]) -> Callable[..., None]:
        @wraps(original)
        def __init__(self: Any, oid: Any = None) -> None:  # noqa: N807 - it stands in for one
            original(self, oid)
            if oid is None:
                drawn = self.binary
                given = tap("bson.ObjectId", (), drawn)
                if given is not drawn:
                    original(self, given)

        return __init__

    return wrap


def _function(source: str, tap: Tap) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Any:
        def draw(_owner: object, /, *arguments: Any, **keywords: Any) -> Any:
            drawn = original(*arguments, **keywords)
            return tap(source, (*arguments, *keywords.values()), drawn)

        return in_place_of(original, draw, source.partition(".")[0])

    return wrap


def _function_of_uuids(source: str, tap: Tap) -> Callable[..., Any]:
    """A UUID of a class of its own is kept as its bytes, and made anew of those that were kept."""

    def of_bytes(_: str, arguments: tuple[object, ...], drawn: Any) -> Any:
        own = drawn.bytes
        given = tap(source, arguments, own)
        return drawn if given == own else type(drawn)(bytes=given)

    return _function(source, of_bytes)


def _method(source: str, tap: Tap) -> Callable[..., Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def draw(self: random.Random, *arguments: Any) -> Any:
            return tap(source, arguments, original(self, *arguments))

        return draw

    return wrap


@dataclass(frozen=True, slots=True)
class _KeptByGauss:
    """Make the attribute `gauss_next` of every generator a property that goes through `tap`."""

    tap: Tap

    def apply(self) -> Callable[[], None]:
        below: Any = vars(random.Random).get("gauss_next")
        tap = self.tap

        def kept(generator: random.Random) -> float | None:
            found = below.fget(generator) if below else vars(generator).get("gauss_next")
            return tap("random.gauss_next", (), found)  # type: ignore[no-any-return]

        def keep(generator: random.Random, value: float | None) -> None:
            vars(generator)["gauss_next"] = value

        random.Random.gauss_next = property(kept, keep)  # type: ignore[attr-defined]

        def undo() -> None:
            if below:
                random.Random.gauss_next = below  # type: ignore[attr-defined]
            else:
                del random.Random.gauss_next  # type: ignore[attr-defined]

        return undo

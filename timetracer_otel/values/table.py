"""Every class the codec knows, in one table: nothing outside it is ever made from a recording."""

from __future__ import annotations

from typing import Any

from timetracer_otel.values.bson import BSON
from timetracer_otel.values.buffers import BUFFERS
from timetracer_otel.values.containers import CONTAINERS
from timetracer_otel.values.converted import CONVERTED
from timetracer_otel.values.http2 import HTTP2
from timetracer_otel.values.kinds import Branch, Foreign, Leaf
from timetracer_otel.values.moments import MOMENTS
from timetracer_otel.values.postgresql import POSTGRESQL
from timetracer_otel.values.scalars import SCALARS

__all__ = ["BY_NAME", "BY_TAG", "KINDS", "TAGS", "foreign_kind", "is_exactly_known"]

KINDS: tuple[Leaf | Branch, ...] = (
    *SCALARS,
    *BUFFERS,
    *MOMENTS,
    *CONTAINERS,
    *POSTGRESQL,
    *BSON,
    *HTTP2,
    *CONVERTED,
)

BY_TAG = {kind.tag: kind for kind in KINDS}

BY_NAME = {
    (module, kind.of.name): kind
    for kind in KINDS
    if isinstance(kind.of, Foreign)
    for module in kind.of.modules
}
"""Rows about classes of libraries, by the module and name the class gives itself."""

TAGS: dict[str, str] = {
    **{kind.tag: kind.meaning for kind in KINDS},
    "$map": "dict with keys that are no str or begin with $: [key, value] pairs",
    "$subclass": "instance of a class we do not know, as the value of the class it derives from; "
    "a named tuple with its fields",
    "$enum": "member of a plain Enum: type, name and value; cannot be restored",
    "$opaque": "value of a class we do not know: type and repr; cannot be restored",
}
"""Every tag a cassette can hold, with one line for people."""


_KNOWN = {kind.of for kind in KINDS if not isinstance(kind.of, Foreign)} | {
    *(type(None), bool, int, float, str, list, dict, tuple)
}


def is_exactly_known(kind: type[Any]) -> bool:
    """Whether a value of `kind` comes back as a `kind`, if what it holds does."""
    return kind in _KNOWN or foreign_kind(kind) is not None


def foreign_kind(kind: type[Any]) -> Leaf | Branch | None:
    """The row about `kind`, a class of a library; None where there is none. Imports nothing."""
    try:
        row = BY_NAME.get((kind.__module__, kind.__qualname__))
    except Exception:  # noqa: BLE001 - a metaclass can answer with anything
        return None
    if row is None or not isinstance(row.of, Foreign) or not row.of.is_genuine(kind):
        return None
    return row

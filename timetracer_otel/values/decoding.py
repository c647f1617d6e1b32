"""From JSON back to values. Runs nothing and makes nothing but instances of the table's classes."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

from timetracer_otel.errors import OpaqueValueError, ValueDecodingError
from timetracer_otel.values.containers import load_pairs
from timetracer_otel.values.encoding import MAX_DEPTH
from timetracer_otel.values.kinds import (
    Branch,
    Foreign,
    JsonValue,
    Leaf,
    array_of,
    fields_of,
    text_of,
)
from timetracer_otel.values.table import KINDS

__all__ = ["decode"]

_ITSELF = frozenset((type(None), bool, int, float, str))


def decode(value: JsonValue) -> object:
    """The value `encode` was given, of its exact type.

    Raises `OpaqueValueError` where the value was recorded by its look only, and
    `ValueDecodingError` for a tag that is unknown or has a payload that means nothing, and
    where a driver that brings the class is not installed.
    """
    if type(value) in _ITSELF:
        return value
    try:
        return _Walk()(value)
    except RecursionError as error:
        raise ValueDecodingError(
            tag="nested value", reason="nested deeper than the stack allows"
        ) from error


class _Walk:
    """One call of `decode`: how deep it is."""

    __slots__ = ("depth",)

    def __init__(self) -> None:
        self.depth = 0

    def __call__(self, value: JsonValue) -> object:
        kind = type(value)
        if kind in _ITSELF:
            return value
        if self.depth > MAX_DEPTH:
            raise ValueDecodingError(tag="nested value", reason=f"nested deeper than {MAX_DEPTH}")
        # Not wound back when something raises: the walk ends there.
        self.depth += 1
        if kind is dict:
            found = self._object(value)  # type: ignore[arg-type]
        elif kind is list:
            found = [self(item) for item in value]  # type: ignore[union-attr]
        else:
            raise ValueDecodingError(
                tag=kind.__name__, reason=f"{kind.__name__} is not a type of JSON"
            )
        self.depth -= 1
        return found

    def _object(self, value: dict[str, JsonValue]) -> object:
        for key in value:
            if key[:1] == "$":
                return self._tagged(key, value)
        return {key: self(item) for key, item in value.items()}

    def _tagged(self, tag: str, value: dict[str, JsonValue]) -> object:
        decoder = DECODERS.get(tag)
        if decoder is None:
            raise ValueDecodingError(
                tag=tag,
                reason="unknown tag: a later release of timetracer-otel may know it",
            )
        if len(value) != 1:
            raise ValueDecodingError(tag=tag, reason="a tag stands alone in its object")
        try:
            return decoder(value[tag], self)
        except (ValueDecodingError, RecursionError):
            raise
        except Exception as error:
            # Constructors of many libraries are asked here, and a file can say anything.
            reason = str(error) or type(error).__name__
            raise ValueDecodingError(tag=tag, reason=reason) from error


_Decoder: TypeAlias = Callable[[JsonValue, _Walk], object]


def _class_of(kind: Leaf | Branch) -> Callable[[], type[Any]]:
    of = kind.of
    return of.load if isinstance(of, Foreign) else lambda: of


def _decoder_of(kind: Leaf | Branch) -> _Decoder:
    of = _class_of(kind)
    if isinstance(kind, Leaf):
        load_leaf = kind.load
        return lambda payload, _walk: load_leaf(of(), payload)
    load_branch = kind.load
    return lambda payload, walk: load_branch(of(), payload, walk)


def _decode_map(payload: JsonValue, walk: _Walk) -> object:
    return dict(load_pairs(payload, walk))


def _decode_subclass(payload: JsonValue, walk: _Walk) -> object:
    told = fields_of(payload, "type", "value", optional=("fields",))
    value = walk(told["value"])
    fields = told.get("fields")
    if type(value) is not tuple or fields is None:
        return value
    return _named_tuple(text_of(told["type"]), tuple(map(text_of, array_of(fields))))(*value)


@lru_cache(maxsize=256)
def _named_tuple(name: str, fields: tuple[str, ...]) -> Callable[..., tuple[Any, ...]]:
    """A class of these fields; drivers make such classes themselves, for composite types."""
    module, _, last = name.rpartition(".")
    return namedtuple(last, fields, module=module)  # noqa: PYI024


def _refuse_opaque(payload: JsonValue, _walk: _Walk) -> object:
    fields = fields_of(payload, "type", "repr")
    raise OpaqueValueError(type_name=text_of(fields["type"]), text=text_of(fields["repr"]))


def _refuse_enum(payload: JsonValue, _walk: _Walk) -> object:
    # Its bare value would compare unequal to every member, and a replay would go wrong in silence.
    fields = fields_of(payload, "type", "name", "value")
    text = f"the enum member {text_of(fields['name'])}"
    raise OpaqueValueError(type_name=text_of(fields["type"]), text=text)


DECODERS: dict[str, _Decoder] = {
    **{kind.tag: _decoder_of(kind) for kind in KINDS},
    "$map": _decode_map,
    "$subclass": _decode_subclass,
    "$opaque": _refuse_opaque,
    "$enum": _refuse_enum,
}

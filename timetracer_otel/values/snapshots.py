"""Copies of what the application could still change, taken on the request's own path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from enum import Enum
from itertools import chain
from typing import Any, TypeAlias

from timetracer_otel.values.encoding import MAX_DEPTH
from timetracer_otel.values.kinds import Branch, Foreign, Leaf
from timetracer_otel.values.table import KINDS, foreign_kind

__all__ = ["FIXED", "is_immutable", "snapshot", "snapshot_rows"]

_OF_TABLE = [kind for kind in KINDS if not isinstance(kind.of, Foreign)]

# Classes of drivers join when first met, and no others do: the set cannot grow with the
# application's classes.
_IMMUTABLE: set[type] = {
    *(kind.of for kind in _OF_TABLE if kind.copy is None and isinstance(kind.of, type)),
    type(None),
    bool,
}

FIXED = _IMMUTABLE
"""Classes of which no instance can change in a way that a recording would show; not all of them."""

_IMMUTABLE_BASES = (*_IMMUTABLE - {type(None), bool}, Enum, tzinfo, type)


def is_immutable(kind: type) -> bool:
    """Whether no instance of `kind` can change in a way that a recording would show.

    True for subclasses of str, int, datetime and the like, and for enums; false for tuple,
    which may hold a list, and for classes we do not know.
    """
    if kind in _IMMUTABLE:
        return True
    row = foreign_kind(kind)
    if row is not None and row.copy is None:
        _IMMUTABLE.add(kind)
        return True
    return row is None and issubclass(kind, _IMMUTABLE_BASES)


def snapshot(value: object) -> object:
    """`value` itself if it cannot change, else a copy that does not change with it.

    Tuples are copied only if something in them had to be. Instances of classes we do not know
    are kept by reference, and so is what is nested deeper than a recording goes. Never raises.
    """
    if type(value) in _IMMUTABLE:
        return value
    if type(value) is tuple and _IMMUTABLE.issuperset(map(type, value)):  # as most parameters are
        return value
    try:
        return _Walk()(value)
    except Exception:  # noqa: BLE001 - capture must not fail on any value
        # A container that another thread was changing, or no stack left.
        return value


def snapshot_rows(rows: Iterable[Sequence[object]]) -> list[Any]:
    """`rows` in a list of our own, each row as `snapshot` gives it."""
    kept = list(rows)
    kinds = set(map(type, kept))
    fixed = kinds <= _FIXED_ROWS or all(map(_is_fixed_row, kinds))
    if fixed and _all_immutable(chain.from_iterable(kept)):
        return kept
    return [snapshot(row) for row in kept]


_FIXED_ROWS: set[type] = {tuple}
"""Like `_IMMUTABLE`: the driver's own class joins when first met."""


def _is_fixed_row(kind: type) -> bool:
    """Whether rows of `kind` keep their cells, so that only a cell can change."""
    row = foreign_kind(kind)
    if row is not None and row.tag == "$asyncpg.Record":
        _FIXED_ROWS.add(kind)
    return kind in _FIXED_ROWS


def _all_immutable(values: Iterable[object]) -> bool:
    kinds = set(map(type, values))
    return kinds <= _IMMUTABLE or all(map(is_immutable, kinds))


class _Walk:
    """One call of `snapshot`: each container met so far, with its copy.

    So cycles stay cycles, and what is shared is copied once. The original is held as well:
    its identity must not pass to another object before the walk ends.
    """

    __slots__ = ("copies", "depth")

    def __init__(self) -> None:
        self.copies: dict[int, tuple[object, object]] = {}
        self.depth = 0

    def __call__(self, value: Any) -> Any:
        kind = type(value)
        if kind in _IMMUTABLE or self.depth > MAX_DEPTH:
            return value
        met = self.copies.get(id(value))
        if met is not None:
            return met[1]
        copier = _copier_of(kind)
        if copier is None:
            return value
        # A cycle through a container that is not made before its items ends at the original.
        self.remember(value, value)
        self.depth += 1
        copied = copier(value, self)
        self.depth -= 1
        self.remember(value, copied)
        return copied

    def remember(self, value: object, copied: object) -> None:
        self.copies[id(value)] = (value, copied)


_Copier: TypeAlias = Callable[[Any, _Walk], object]


def _copy_list(value: list[Any], walk: _Walk) -> object:
    # The copy comes first, in one step: another thread may be changing the original.
    copied = value.copy()
    if set(map(type, copied)) <= _IMMUTABLE:
        return copied
    walk.remember(value, copied)
    copied[:] = [item if type(item) in _IMMUTABLE else walk(item) for item in copied]
    return copied


def _copy_dict(value: dict[Any, Any], walk: _Walk) -> object:
    copied = value.copy()
    walk.remember(value, copied)
    for key, item in copied.items():
        if type(item) not in _IMMUTABLE:
            copied[key] = walk(item)
    return copied


def _copy_list_subclass(value: list[Any], walk: _Walk) -> object:
    copied = _empty_like(value, list)
    walk.remember(value, copied)
    list.extend(copied, map(walk, list(list.__iter__(value))))
    return copied


def _copy_dict_subclass(value: dict[Any, Any], walk: _Walk) -> object:
    copied = _empty_like(value, dict)
    walk.remember(value, copied)
    dict.update(copied, [(key, walk(item)) for key, item in list(dict.items(value))])
    return copied


def _copy_defaultdict(value: defaultdict[Any, Any], walk: _Walk) -> object:
    # The factory is the application's code, and nothing of it is recorded.
    return defaultdict(None, ((key, walk(item)) for key, item in list(value.items())))


def _empty_like(value: Any, base: Any) -> Any:
    """An empty `base` of the exact class of `value`, made past any `__init__` of its own."""
    kind = type(value)
    try:
        return base.__new__(kind)
    except TypeError:
        return base()


def _leaf_copier(kind: Leaf) -> _Copier | None:
    copy = kind.copy
    return None if copy is None else lambda value, _walk: copy(value)


def _copier_of_row(kind: Leaf | Branch) -> _Copier | None:
    return kind.copy if isinstance(kind, Branch) else _leaf_copier(kind)


_COPIERS: dict[type, _Copier | None] = {
    **{kind.of: _copier_of_row(kind) for kind in _OF_TABLE if isinstance(kind.of, type)},
    list: _copy_list,
    dict: _copy_dict,
    defaultdict: _copy_defaultdict,
}

_SUBCLASS_COPIERS: dict[type, _Copier] = {
    list: _copy_list_subclass,
    dict: _copy_dict_subclass,
}


def _copier_of(kind: type) -> _Copier | None:
    """How to copy a `kind`, by the nearest class we know that it derives from; None: not at all."""
    if kind in _COPIERS:
        return _COPIERS[kind]
    for base in kind.__mro__:
        if base in _COPIERS:
            return _SUBCLASS_COPIERS.get(base) or _COPIERS[base]
        row = foreign_kind(base)
        if row is not None:
            copier = _COPIERS[base] = _copier_of_row(row)
            return copier
    return None

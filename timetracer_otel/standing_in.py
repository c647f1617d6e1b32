"""Functions in the place of C functions, which look and behave as those do.

A C function is no method of a class that holds it (``class Clock: now = time.monotonic``), is
copied as itself and is pickled by its name. A Python function would become a method and receive
the instance; a *bound* method does not. So that is what stands in, bound to an owner that knows
how to be copied and pickled.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import sys
from collections.abc import Callable
from functools import wraps
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

__all__ = ["in_place_of"]


class _Owner:
    """What a C function belongs to: a module, or the one instance that it is a method of."""

    __slots__ = ("found",)

    def __init__(self, found: object) -> None:
        self.found = found

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        if isinstance(self.found, ModuleType):
            return importlib.import_module, (self.found.__name__,)
        return copy.copy, (self.found,)  # pickled by itself, as it would have been

    def __copy__(self) -> _Owner:
        return self

    def __deepcopy__(self, _memo: object) -> _Owner:
        return self


def in_place_of(original: Any, function: Callable[..., Any], module: str) -> Any:
    """`function` without its first parameter, for `original` of the module."""
    if isinstance(original, FunctionType):  # Python's own, or somebody's before us
        return _as_function(original, function)
    inner = wraps(original)(function)
    _keep_signature(inner, original)
    if isinstance(original, MethodType):  # ours, from the other side
        return MethodType(inner, original.__self__)
    owner = getattr(original, "__self__", None)
    if not isinstance(original, BuiltinFunctionType) or isinstance(owner, ModuleType | None):
        owner = sys.modules[module]
    return MethodType(inner, _Owner(owner))


def _as_function(original: Any, function: Callable[..., Any]) -> Any:
    @wraps(original)
    def plain(*arguments: Any, **keywords: Any) -> Any:
        return function(None, *arguments, **keywords)

    return plain


def _keep_signature(function: Any, original: Any) -> None:
    """Of a bound method the first parameter is left out: here is one."""
    try:
        signature = inspect.signature(original)
    except ValueError:  # many C functions have none
        return
    first = inspect.Parameter("_owner", inspect.Parameter.POSITIONAL_ONLY)
    function.__signature__ = signature.replace(parameters=[first, *signature.parameters.values()])

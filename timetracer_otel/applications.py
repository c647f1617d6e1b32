"""What kind of web application an object is: told by how it wants to be called."""

from __future__ import annotations

import functools
import inspect
import sys
from typing import Any, Literal

__all__ = ["Kind", "is_factory", "kind_of"]

Kind = Literal["aiohttp", "asgi", "wsgi"]

_LAYERS = 32
"""Middleware around an application that is looked through."""

_INNER = ("app", "wsgi_app", "application", "asgi_app")
"""Where middleware of both kinds keeps the application that it is around."""


def kind_of(app: Any) -> Kind:
    """WSGI is called with two arguments and answers; ASGI with three, or it is a coroutine.

    aiohttp's is served by aiohttp itself; a coroutine function without arguments makes one.
    Middleware that takes anything (``*args``) is of the kind of what it is around.
    """
    if _is_aiohttp(app):
        return "aiohttp"
    for _ in range(_LAYERS):
        kind = _kind_by_call(app)
        if kind is not None:
            return kind
        app = next((found for name in _INNER if (found := _held(app, name)) is not None), None)
        if app is None:
            break
    return "wsgi"


def _is_aiohttp(app: Any) -> bool:
    web = sys.modules.get("aiohttp.web")
    if web is not None and isinstance(app, web.Application | web.AppRunner):
        return True
    return inspect.iscoroutinefunction(app) and _wanted(app) == 0


def _held(app: Any, name: str) -> Any:
    found = getattr(app, name, None)
    return found if callable(found) else None


def is_factory(found: Any) -> bool:
    """Whether it is a plain function that needs no argument: it makes the application."""
    return inspect.isfunction(found) and _wanted(found) == 0


_BY_WANTED: dict[int | None, Kind] = {1: "asgi", 2: "wsgi", 3: "asgi"}
"""By the number of arguments; with one of them it is ASGI 2, called twice."""


def _kind_by_call(app: Any) -> Kind | None:
    while isinstance(app, functools.partial):
        app = app.func
    plain = inspect.isroutine(app) or inspect.isclass(app)
    call = app if plain else getattr(app, "__call__", app)  # noqa: B004 - the method is wanted
    if _is_coroutine(app) or _is_coroutine(call):
        return "asgi"
    return _BY_WANTED.get(_wanted(call))


def _wanted(call: Any) -> int | None:
    """How many arguments a callable needs; None where it does not say."""
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(
        p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD} and p.default is p.empty
        for p in parameters
    )


def _is_coroutine(call: Any) -> bool:
    # asgiref marks what only returns a coroutine, on Python 3.11 in asyncio's own way
    return inspect.iscoroutinefunction(call) or hasattr(call, "_is_coroutine")

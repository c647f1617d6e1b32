"""Nothing leaves the process: every way out that Python code has is blocked and named."""

from __future__ import annotations

import importlib.util
import socket
import sys
import sysconfig
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any

from timetracer_otel.errors import BlockedCall
from timetracer_otel.patching import Change, Ledger, Patch, PatchIfPresent
from timetracer_otel.replay.sessions import Sessions, current_session

__all__ = ["install_guard"]

_STDLIB = sysconfig.get_path("stdlib")
_SITE = ("site-packages", "dist-packages")


def install_guard(sessions: Sessions) -> Callable[[], None]:
    """Block outgoing calls from here on; returns what undoes it.

    Listening and accepting are untouched, and so is a socket to this process's own listeners.
    """
    ledger = Ledger()
    for change in _changes(sessions):
        ledger.apply([change])
    return ledger.restore


def _changes(sessions: Sessions) -> Iterator[Change]:
    for name in ("connect", "connect_ex"):
        yield Patch(f"socket:socket.{name}", _guarding(sessions, 1))
    yield Patch("socket:socket.sendto", _guarding(sessions, -1))
    yield Patch("socket:getaddrinfo", _guarding(sessions, 0, resolving=True))
    if importlib.util.find_spec("uvloop"):
        for name in ("create_connection", "create_unix_connection", "getaddrinfo"):
            yield Patch(f"uvloop:Loop.{name}", _guarding(sessions, 2 if "conn" in name else 1))
    if importlib.util.find_spec("psycopg2"):
        yield Patch("psycopg2:_connect", _guarding(sessions, 0))
    if importlib.util.find_spec("psycopg"):
        target = "psycopg._connection_base:BaseConnection._connect_gen"
        yield PatchIfPresent(target, _guarding_class_method(sessions))


def _guarding(
    sessions: Sessions, position: int, *, resolving: bool = False
) -> Callable[[Any], Any]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def guard(*args: Any, **keywords: Any) -> Any:
            target = args[position] if len(args) > abs(position) - (position < 0) else keywords
            if not (_is_local(target) if resolving else _is_own(args[0], target)):
                _check(sessions, target)
            return original(*args, **keywords)

        return guard

    return wrap


def _guarding_class_method(sessions: Sessions) -> Callable[[Any], Any]:
    def wrap(original: Any) -> Any:
        function = original.__func__

        def guard(cls: Any, conninfo: str = "", **keywords: Any) -> Any:
            _check(sessions, _without_password(conninfo))
            return function(cls, conninfo, **keywords)

        return classmethod(guard)

    return wrap


def _without_password(conninfo: str) -> str:
    return " ".join(word for word in conninfo.split() if not word.startswith("password="))


def _is_local(target: Any) -> bool:
    """Names that resolve without a network."""
    return target in (None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0", b"localhost")  # noqa: S104


def _is_own(subject: Any, target: Any) -> bool:
    """A socket pair, or a datagram of this process to itself."""
    return isinstance(subject, socket.socket) and isinstance(target, bytes | str) and not target


def _check(sessions: Sessions, target: Any) -> None:
    library, line = _who()
    if library in sessions.live:
        return
    session = current_session()
    where = f"{target[0]}:{target[1]}" if isinstance(target, tuple) else str(target)
    if session is not None:
        session.outcome.blocked.append(f"{library} → {where} at {line}")
    raise BlockedCall(target=where, library=library, line=line)


def _who() -> tuple[str, str]:
    """The outermost library on the stack, and the line of the application that called it."""
    library, line = "the application", "?"
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if any(part in Path(file).parts for part in _SITE):
            if line == "?":
                library = package
        elif not file.startswith((_STDLIB, "<")) and package != "timetracer_otel":
            line = f"{file}:{frame.f_lineno}"
            break
        frame = frame.f_back
    return library, line

"""A signal that turns recording off, and on again: what the application does with it, it does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from functools import wraps
from types import FrameType
from typing import Any

from timetracer_otel.patching import Ledger, Patch
from timetracer_otel.recording import active_recorder

__all__ = ["forget_switch_signal", "switch_at_signal"]

_LEDGER = Ledger()


class _Switched:
    """The signal, and the application's own handler of it."""

    number = 0
    handler: Any = signal.SIG_DFL


def switch_at_signal(name: str) -> str:
    """From now on; only the first call counts. Why it cannot be, or an empty string.

    A handler that the application has, or sets later, is called as well, and is all it sees.
    """
    if not name or _Switched.number:
        return ""
    if threading.current_thread() is not threading.main_thread():
        return f"{name} can be handled from the main thread alone"
    number = getattr(signal, name)
    try:
        _Switched.handler = signal.signal(number, _turn_over)
    except (OSError, ValueError) as error:
        return f"{name} cannot be handled: {error}"
    _Switched.number = number
    _LEDGER.apply([Patch("signal:signal", _setting), Patch("signal:getsignal", _telling)])
    return ""


def forget_switch_signal() -> None:
    """Undo `switch_at_signal`."""
    number, _Switched.number = _Switched.number, 0
    _LEDGER.restore()
    main = threading.current_thread() is threading.main_thread()
    if number and main and signal.getsignal(number) is _turn_over:
        signal.signal(number, _Switched.handler)


def _turn_over(number: int, frame: FrameType | None) -> None:
    recorder = active_recorder()
    if recorder is not None:
        recorder.switch.turn(off=not recorder.switch.is_off)
    if callable(_Switched.handler):  # what would end a process without one does not
        _Switched.handler(number, frame)


def _setting(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def set_handler(signalnum: Any, handler: Any) -> Any:
        if signalnum != _Switched.number or not _Switched.number:
            return original(signalnum, handler)
        valid = callable(handler) or handler in {signal.SIG_DFL, signal.SIG_IGN}
        original(signalnum, _turn_over if valid else handler)  # refuses what is no handler
        before, _Switched.handler = _Switched.handler, handler
        return before

    return set_handler


def _telling(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def getsignal(signalnum: Any) -> Any:
        found = original(signalnum)
        return _Switched.handler if found is _turn_over else found

    return getsignal

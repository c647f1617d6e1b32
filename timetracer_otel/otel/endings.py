"""A completed recording survives the end of its process, however that comes."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import threading
from collections.abc import Callable
from functools import wraps
from types import FrameType
from typing import Any, NoReturn

from timetracer_otel.patching import Ledger, Patch, original_of
from timetracer_otel.recording import active_recorder
from timetracer_otel.recording.guard import guarded
from timetracer_otel.standing_in import in_place_of

__all__ = ["forget_endings", "survive_endings"]

_FLUSH_S = 10.0
"""Long enough for bodies of many megabytes to be looked through, within what servers are given."""

_LOG = logging.getLogger("timetracer_otel")
_LEDGER = Ledger()
_installed = False


def survive_endings() -> None:
    """Flush at exit, before ``os._exit`` and ``os.exec*``, and before dying of SIGTERM. Once.

    uvicorn raises SIGTERM again after its graceful shutdown, with the handler that was there
    before its own: the default one would end the process without any Python code.
    """
    global _installed
    if _installed:
        return
    _installed = True
    atexit.register(_finish)
    _LEDGER.apply(Patch(f"os:{name}", _flushing) for name in ("_exit", "execv", "execve"))
    if _in_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _flush_and_die)
    _LEDGER.apply([Patch("signal:signal", _handling), Patch("signal:getsignal", _telling)])


def forget_endings() -> None:
    """Undo `survive_endings`."""
    global _installed
    _installed = False
    atexit.unregister(_finish)
    _LEDGER.restore()
    if _in_main_thread() and signal.getsignal(signal.SIGTERM) is _flush_and_die:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _finish() -> None:
    recorder = active_recorder()
    if recorder is not None:
        with guarded("exit"):
            if not recorder.finish(_FLUSH_S):
                waiting = recorder.worker.waiting
                _LOG.warning("the process ends before %d recordings were written", waiting)
            for listener in recorder.ending_listeners:
                listener()


def _flushing(original: Callable[..., NoReturn]) -> Any:
    def end(_owner: object, /, *arguments: Any, **keywords: Any) -> Any:
        _finish()
        return original(*arguments, **keywords)

    return in_place_of(original, end, "os")


def _flush_and_die(number: int, _frame: FrameType | None) -> None:
    _finish()
    original_of(signal.signal)(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _handling(original: Callable[..., Any]) -> Callable[..., Any]:
    """The default of SIGTERM is to flush and die; the application never sees that it is."""

    @wraps(original)
    def set_handler(signalnum: Any, handler: Any) -> Any:
        if signalnum == signal.SIGTERM and handler == signal.SIG_DFL:
            handler = _flush_and_die
        return _known(original(signalnum, handler))

    return set_handler


def _telling(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def getsignal(signalnum: Any) -> Any:
        return _known(original(signalnum))

    return getsignal


def _known(handler: Any) -> Any:
    return signal.SIG_DFL if handler is _flush_and_die else handler

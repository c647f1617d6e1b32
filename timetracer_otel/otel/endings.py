"""A completed recording survives the end of its process, however that comes."""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Callable
from functools import wraps
from types import FrameType
from typing import Any, NoReturn

from timetracer_otel.patching import Ledger, Patch
from timetracer_otel.recording import active_recorder
from timetracer_otel.recording.guard import guarded

__all__ = ["forget_endings", "survive_endings"]

_FLUSH_S = 3.0
_LEDGER = Ledger()
_installed = False


def survive_endings() -> None:
    """Flush at exit, before ``os._exit`` and before dying of SIGTERM. Once per process.

    uvicorn raises SIGTERM again after its graceful shutdown, with the handler that was there
    before its own: the default one would end the process without any Python code.
    """
    global _installed
    if _installed:
        return
    _installed = True
    atexit.register(_finish)
    _LEDGER.apply([Patch("os:_exit", _flushing_exit)])
    if _in_main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _flush_and_die)


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
            recorder.finish(_FLUSH_S)


def _flushing_exit(original: Callable[[int], NoReturn]) -> Callable[[int], Any]:
    @wraps(original)
    def _exit(status: int) -> Any:
        _finish()
        return original(status)

    return _exit


def _flush_and_die(number: int, _frame: FrameType | None) -> None:
    _finish()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)

"""Threads and locks of the operating system, whatever gevent has put in their place.

Under monkey patching a `Thread` is a greenlet of the application's own thread: our worker,
waiting there on a lock, would stop every request. Both orders happen: gunicorn's gevent
workers patch long after we were imported, other programs before.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

__all__ = ["native"]


def native(module: str, name: str) -> Any:
    """``module.name`` as it was before monkey patching, if there was any."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None:
        return monkey.get_original(module, name)
    return getattr(importlib.import_module(module), name)

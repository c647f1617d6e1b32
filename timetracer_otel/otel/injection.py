"""Our options for the official instrumentors, however they are started."""

from __future__ import annotations

import logging
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial, wraps
from importlib import metadata
from typing import Any

import timetracer_otel.capture
from timetracer_otel.libraries import Instrumentor, Library, library_modules
from timetracer_otel.patching import Patch, WhenImported

__all__ = [
    "INSTRUMENT_PATCH",
    "LOADING_PATCH",
    "expect_refusals",
    "start_instrumentor_of",
    "start_missing_instrumentors",
    "stop_started_instrumentors",
]

_LOG = logging.getLogger("timetracer_otel")
_LOADER = logging.getLogger("opentelemetry.instrumentation.auto_instrumentation._load")
_started: list[Any] = []
_waiting: deque[str] = deque()
_put_off: dict[str, metadata.EntryPoint] = {}
"""What the loader would have started, had its library been imported by then."""

_loaded = False
"""Whether the loader is through, or there is none."""


def _options_by_class() -> dict[str, dict[str, object]]:
    return {
        library.instrumentor.class_name: dict(library.instrumentor.options)
        for library in library_modules(timetracer_otel.capture)
        if library.instrumentor is not None
    }


def _with_options(original: Callable[..., Any]) -> Callable[..., Any]:
    options = _options_by_class()

    @wraps(original)
    def instrument(self: Any, **keywords: Any) -> Any:
        ours = options.get(type(self).__name__, {})
        return original(self, **{**ours, **keywords})

    return instrument


INSTRUMENT_PATCH = Patch(
    "opentelemetry.instrumentation.instrumentor:BaseInstrumentor.instrument", _with_options
)
"""Adds our options under the caller's own; works under any distro and for calls by hand."""


def _with_instrumentors(captured: set[str]) -> list[Library]:
    """Captured libraries with an instrumentor that the user has not switched off."""
    return [
        library
        for library in library_modules(timetracer_otel.capture)
        if library.instrumentor is not None
        and library.name in captured
        and not _is_switched_off(library.instrumentor)
    ]


def _is_switched_off(instrumentor: Instrumentor) -> bool:
    switched_off = os.environ.get("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "").split(",")
    return bool({instrumentor.entry_point, "*"} & {name.strip() for name in switched_off})


_MODULES = {
    "aiobotocore": "aiobotocore",
    "aiopg": "aiopg",
    "celery": "celery",
    "django": "django",
    "elasticsearch": "elasticsearch",
    "flask": "flask",
    "grpc_aio_client": "grpc",
    "grpc_aio_server": "grpc",
    "grpc_client": "grpc",
    "grpc_server": "grpc",
    "jinja2": "jinja2",
    "kafka": "kafka",
    "pika": "pika",
    "tornado": "tornado",
    "urllib": "urllib.request",
}
"""What the instrumentors instrument that no library module of ours names."""


def _modules() -> dict[str, str]:
    libraries = library_modules(timetracer_otel.capture)
    ours = {lib.instrumentor.entry_point: lib.module for lib in libraries if lib.instrumentor}
    return {**_MODULES, **ours}


def _putting_off(original: Callable[..., Any]) -> Callable[..., Any]:
    modules = _modules()

    @wraps(original)
    def load_instrumentor(self: Any, entry_point: metadata.EntryPoint, **keywords: Any) -> Any:
        module = modules.get(entry_point.name, "")
        if not module or module in sys.modules or keywords.keys() - {"skip_dep_check"}:
            return original(self, entry_point, **keywords)
        _put_off[entry_point.name] = entry_point
        start = partial(_start_in_turn, entry_point.name)
        return WhenImported(module, (), start).apply()

    return load_instrumentor


LOADING_PATCH = Patch(
    "opentelemetry.instrumentation.distro:BaseDistro.load_instrumentor", _putting_off
)
"""An instrumentor imports its library, so that a program would pay for all that are installed,
and gevent would find imported what it wants to patch first. It is loaded when the library is."""


class _Refusals(logging.Filter):
    """Drops the loader's word that an instrumentor cannot run which we start all the same."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__()
        self._starts = tuple(f"{name} " for name in names)

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(self._starts)


def expect_refusals(captured: set[str]) -> None:
    """Keep the loader from reporting as failed what `start_missing_instrumentors` starts."""
    libraries = _with_instrumentors(captured)
    names = tuple(lib.instrumentor.entry_point for lib in libraries if lib.instrumentor)
    _LOADER.addFilter(_Refusals(names))


def _end_expectations() -> None:
    for present in [f for f in _LOADER.filters if isinstance(f, _Refusals)]:
        _LOADER.removeFilter(present)


def start_missing_instrumentors(captured: set[str]) -> None:
    """Start the instrumentors of captured libraries that are not running yet.

    The loader refuses an instrumentor whose declared range does not cover the installed
    version (SQLAlchemy 2.1, say) although it works; and `instrument()` in code has no loader.
    One whose library is not imported yet is started when it is, by `start_instrumentor_of`.
    """
    global _loaded
    _end_expectations()
    _loaded = True
    for library in _with_instrumentors(captured):
        if library.module in sys.modules:
            start_instrumentor_of(library)


def start_instrumentor_of(library: Library) -> None:
    """Start the instrumentor of a library that has just been imported; once the loader is done.

    While it is at work it starts those of what is imported already, one after the other.
    """
    wanted = library.instrumentor
    if not _loaded or wanted is None or _is_switched_off(wanted):
        return
    _start_in_turn(wanted.entry_point)


def _start_in_turn(name: str) -> None:
    """An instrumentor may import a second library as it is loaded: that one's comes after it."""
    _waiting.append(name)
    if len(_waiting) > 1:
        return
    while _waiting:
        _try_to_start(_waiting[0])
        _waiting.popleft()


def _try_to_start(name: str) -> None:
    try:
        _start(name)
    except Exception as error:  # noqa: BLE001 - a foreign one may fail in any way; the others go on
        _LOG.warning("the instrumentor %s cannot be started: %s", name, error)


def _start(name: str) -> None:
    for point in _points(name):
        if _is_being_imported(point.module):  # by hand: who imports it starts it
            return
        instrumentor = point.load()()
        if not instrumentor.is_instrumented_by_opentelemetry:
            instrumentor.instrument(skip_dep_check=True)
            if name not in _put_off:
                _started.append(instrumentor)
        return


def _points(name: str) -> Iterable[metadata.EntryPoint]:
    if name in _put_off:
        return [_put_off[name]]
    return metadata.entry_points(group="opentelemetry_instrumentor", name=name)


def _is_being_imported(module: str) -> bool:
    spec = getattr(sys.modules.get(module), "__spec__", None)
    return bool(getattr(spec, "_initializing", False))


def stop_started_instrumentors() -> None:
    """Stop those that were started here; the user's own go on."""
    global _loaded
    _loaded = False
    _end_expectations()
    while _started:
        instrumentor = _started.pop()
        if instrumentor.is_instrumented_by_opentelemetry:
            try:
                instrumentor.uninstrument()
            except Exception as error:  # noqa: BLE001 - as above
                _LOG.warning("%s cannot be stopped: %s", type(instrumentor).__name__, error)

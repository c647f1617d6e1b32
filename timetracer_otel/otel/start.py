"""Start recording: under ``opentelemetry-instrument``, or by `instrument()` in code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import metadata
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider

import timetracer_otel.capture
from timetracer_otel.errors import SettingsError, TimetracerError
from timetracer_otel.libraries import Installation
from timetracer_otel.otel.endings import forget_endings, survive_endings
from timetracer_otel.otel.injection import (
    INSTRUMENT_PATCH,
    LOADING_PATCH,
    expect_refusals,
    start_instrumentor_of,
    start_missing_instrumentors,
    stop_started_instrumentors,
)
from timetracer_otel.otel.measures import measure
from timetracer_otel.otel.providers import (
    attach,
    detach,
    exporters_of,
    provider_in_force,
    why_not,
)
from timetracer_otel.otel.report import start_line
from timetracer_otel.otel.summary import Summary
from timetracer_otel.otel.switch_signal import forget_switch_signal, switch_at_signal
from timetracer_otel.otel.unseen import note_unseen_servers
from timetracer_otel.patching import Ledger
from timetracer_otel.recording import Recorder, active_recorder
from timetracer_otel.settings import Settings, read_settings

__all__ = [
    "CAPTURE",
    "begin_behind",
    "instrument",
    "post_instrument",
    "pre_instrument",
    "put_in_place",
    "settings_or_off",
    "shutdown",
]

CAPTURE = Installation(timetracer_otel.capture)
_LEDGER = Ledger()
_announced = False


def instrument(**keywords: Any) -> Recorder | None:
    """Record from here on; the same as starting under ``opentelemetry-instrument``.

    Keyword arguments are settings (`timetracer_otel.settings.Settings`). Call it before the
    application creates its clients and engines. Raises `SettingsError` for a keyword; what is
    wrong in the environment or the project is said on standard error, and nothing is recorded.
    """
    settings = settings_or_off(**keywords)
    if settings.mode == "off":
        return None
    provider = provider_in_force(configured=_wants_exporters())
    recorder = _begin(settings, provider)
    if recorder is not None:
        _after_instrumentors(recorder)
    return recorder


def put_in_place(recorder: Recorder) -> None:
    """Have `recorder` told of everything, once it is activated: for one that comes and goes.

    Nothing is announced. What is no provider of OpenTelemetry's gives no spans: then calls are
    known by their tasks and threads alone. `shutdown` takes it back.
    """
    provider = provider_in_force(configured=False)
    recorder.is_told_of_spans = provider is not None and not why_not(provider)
    if provider is not None and recorder.is_told_of_spans:
        attach(recorder, provider)
    _change_libraries(recorder.settings)
    start_missing_instrumentors(_captured())


def shutdown() -> None:
    """Stop recording, write what is complete, and restore every library."""
    global _announced
    recorder = active_recorder()
    if recorder is not None:
        recorder.finish()
        recorder.deactivate()
    _announced = False
    detach()
    stop_started_instrumentors()  # theirs are around ours
    CAPTURE.uninstall()
    _LEDGER.restore()
    forget_switch_signal()
    forget_endings()


def pre_instrument() -> None:
    """Entry point ``opentelemetry_pre_instrument``: after the provider, before instrumentors."""
    settings = settings_or_off()
    if settings.mode == "off":
        return
    try:
        _begin_as_asked(settings)
    except TimetracerError as error:
        # a replay that cannot begin must not become a live run
        _say(f"timetracer: {error}")
        raise SystemExit(2) from None
    except Exception as error:
        if settings.mode == "replay":
            raise
        _say(f"timetracer: not recording: {type(error).__name__}: {error}")
        shutdown()


def _begin_as_asked(settings: Settings) -> None:
    if settings.mode == "replay" or _is_asked_for():
        _begin(settings, provider_in_force(configured=True))


def post_instrument() -> None:
    """Entry point ``opentelemetry_post_instrument``: the instrumentors are running."""
    recorder = active_recorder()
    if recorder is not None:
        _after_instrumentors(recorder)
        # an application may read what the Python programs it runs write to standard error
        os.environ["TIMETRACER_BANNER"] = "false"


def begin_behind(provider: TracerProvider) -> None:
    """Start recording what `provider` traces: our exporter was added to it by hand."""
    settings = next(exporter.settings for exporter in exporters_of(provider).values())
    if settings.mode == "record":
        recorder = _begin(settings, provider)
        if recorder is not None:
            _announce(recorder)


def settings_or_off(**keywords: Any) -> Settings:
    """The settings in force; switched off, and said, when one outside of the code is wrong.

    Raises `SettingsError` for a keyword: that is a mistake of the code that passes it.
    """
    try:
        return read_settings(**keywords)
    except SettingsError as error:
        if error.name in keywords:
            raise
        _say(f"timetracer: not recording: {error}")
        return Settings(mode="off")


def _is_asked_for() -> bool:
    present = otel.get_tracer_provider()
    configured = isinstance(present, TracerProvider) and bool(exporters_of(present))
    return configured or "timetracer" in _names(os.environ.get("OTEL_TRACES_EXPORTER", ""))


def _wants_exporters() -> bool:
    return bool(_names(os.environ.get("OTEL_TRACES_EXPORTER", "")) - {"none"})


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",") if name.strip()}


def _begin(settings: Settings, provider: TracerProvider | None) -> Recorder | None:
    reason = why_not(provider)
    if reason or provider is None:
        _say(f"timetracer: not recording: {reason}")
        return None
    present = active_recorder()
    if present is not None:
        attach(present, provider)
        return present
    recorder = Recorder(settings)
    if settings.mode == "replay":
        for point in metadata.entry_points(group="timetracer_otel.mode", name="replay"):
            point.load()(settings, recorder)
    exporters = attach(recorder, provider)
    if settings.mode == "record":
        for exporter in exporters or [_default_exporter(settings)]:
            recorder.add_sink(exporter.sink)
    _change_libraries(settings)
    recorder.activate()
    survive_endings()
    if settings.mode == "record":
        _account(recorder)
    return recorder


def _change_libraries(settings: Settings) -> None:
    CAPTURE.applied = start_instrumentor_of
    CAPTURE.install(settings.capture, settings.switched_off)
    _LEDGER.apply([INSTRUMENT_PATCH, LOADING_PATCH])
    note_unseen_servers(_LEDGER)
    expect_refusals(_captured())


def _account(recorder: Recorder) -> None:
    """What becomes of requests is told by metrics and to `timetracer record`; the switch works."""
    measure()
    summary = Summary(recorder)
    recorder.worker.listeners.append(summary.now_and_then)
    recorder.ending_listeners.append(summary.write)
    reason = switch_at_signal(recorder.settings.switch_signal)
    if reason:
        _say(f"timetracer: no signal switches recording: {reason}")


def _captured() -> set[str]:
    return {status.name for status in CAPTURE.statuses() if status.captured}


def _after_instrumentors(recorder: Recorder) -> None:
    start_missing_instrumentors(_captured())
    _announce(recorder)


def _announce(recorder: Recorder) -> None:
    """Once, however often and by whatever ways the recording was started."""
    global _announced
    settings = recorder.settings
    if settings.banner and not _announced:
        _announced = True
        _say(start_line(CAPTURE.statuses(), mode=settings.mode, folder=settings.dir))


def _say(line: str) -> None:
    """To the person at the terminal, whatever the application's logging does."""
    with suppress(OSError, ValueError, AttributeError):  # closed, broken, or none at all
        sys.stderr.write(" ".join(line.split()) + "\n")
        sys.stderr.flush()


def _default_exporter(settings: Settings) -> Any:
    """Our exporter by its entry point: the core does not know the folder it lives in."""
    (point,) = metadata.entry_points(group="opentelemetry_traces_exporter", name="timetracer")
    return point.load()(settings=settings)

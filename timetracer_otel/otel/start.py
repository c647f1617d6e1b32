"""Start recording: under ``opentelemetry-instrument``, or by `instrument()` in code."""

from __future__ import annotations

import logging
import sys
from importlib import metadata
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

import timetracer_otel.capture
from timetracer_otel.errors import SettingsError, TimetracerError
from timetracer_otel.libraries import Installation
from timetracer_otel.otel.endings import survive_endings
from timetracer_otel.otel.injection import INSTRUMENT_PATCH, start_refused_instrumentors
from timetracer_otel.otel.report import start_line
from timetracer_otel.patching import Ledger
from timetracer_otel.recording import Recorder, active_recorder
from timetracer_otel.recording.processor import RecordingSpanProcessor
from timetracer_otel.settings import Settings, read_settings

__all__ = ["CAPTURE", "begin_behind", "instrument", "post_instrument", "pre_instrument", "shutdown"]

_LOG = logging.getLogger("timetracer_otel")

CAPTURE = Installation(timetracer_otel.capture)
_LEDGER = Ledger()
_attached: list[tuple[TracerProvider, tuple[SpanProcessor, ...]]] = []


def instrument(**keywords: Any) -> Recorder:
    """Record from here on; the same as starting under ``opentelemetry-instrument``.

    Keyword arguments are settings (`timetracer_otel.settings.Settings`). Call it before the
    application creates its clients and engines. Raises `SettingsError`.
    """
    settings = read_settings(**keywords)
    recorder = _begin(settings, _provider())
    _after_instrumentors(recorder)
    return recorder


def shutdown() -> None:
    """Stop recording, write what is complete, and restore every library."""
    recorder = active_recorder()
    if recorder is not None:
        recorder.finish()
        recorder.deactivate()
    for provider, processors in _attached:
        provider._active_span_processor._span_processors = processors
    _attached.clear()
    CAPTURE.uninstall()
    _LEDGER.restore()


def pre_instrument() -> None:
    """Entry point ``opentelemetry_pre_instrument``: after the provider, before instrumentors."""
    try:
        settings = read_settings()
    except SettingsError as error:
        _say(f"timetracer: not recording: {error}")
        return
    provider = _provider()
    if settings.mode == "off" or (settings.mode == "record" and not _superseded(provider)):
        return
    try:
        _begin(settings, provider)
    except TimetracerError as error:
        # a replay that cannot begin must not become a live run
        _say(f"timetracer: {error}")
        raise SystemExit(2) from None


def post_instrument() -> None:
    """Entry point ``opentelemetry_post_instrument``: the instrumentors are running."""
    recorder = active_recorder()
    if recorder is not None:
        _after_instrumentors(recorder)


def begin_behind(provider: TracerProvider) -> None:
    """Start recording what `provider` traces: our exporter was added to it by hand."""
    settings = next(exporter.settings for exporter in _superseded(provider).values())
    if settings.mode == "record" and active_recorder() is None:
        _announce(_begin(settings, provider))


def _begin(settings: Settings, provider: TracerProvider) -> Recorder:
    present = active_recorder()
    if present is not None:
        return present
    recorder = Recorder(settings)
    if settings.mode == "replay":
        for point in metadata.entry_points(group="timetracer_otel.mode", name="replay"):
            point.load()(settings, recorder)
    _attach(recorder, provider)
    CAPTURE.install(settings.capture, settings.switched_off)
    _LEDGER.apply([INSTRUMENT_PATCH])
    recorder.activate()
    survive_endings()
    return recorder


def _after_instrumentors(recorder: Recorder) -> None:
    captured = {status.name for status in CAPTURE.statuses() if status.captured}
    start_refused_instrumentors(captured)
    _announce(recorder)


def _announce(recorder: Recorder) -> None:
    settings = recorder.settings
    if settings.banner:
        line = start_line(CAPTURE.statuses(), mode=settings.mode, folder=settings.dir)
        _say(line)


def _say(line: str) -> None:
    """To the person at the terminal, whatever the application's logging does."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _provider() -> TracerProvider:
    """The SDK's provider; made and set here when nobody configured one (no distro)."""
    provider = otel.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        return provider
    from opentelemetry.sdk._configuration import _OTelSDKConfigurator

    _OTelSDKConfigurator().configure()  # type: ignore[no-untyped-call]  # untyped upstream
    provider = otel.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        return provider
    made = TracerProvider()
    otel.set_tracer_provider(made)
    return made


def _attach(recorder: Recorder, provider: TracerProvider) -> None:
    """Put our processor first, and take out the batch processor around our own exporter.

    The recorder hears of every span itself, so that exporter would only see them twice, and
    seconds later. Its sink, the file store, is what the recorder writes to.
    """
    multi = provider._active_span_processor
    before = multi._span_processors
    ours = _superseded(provider)
    multi._span_processors = (
        RecordingSpanProcessor(recorder),
        *(processor for processor in before if processor not in ours),
    )
    _attached.append((provider, before))
    sinks = [exporter.sink for exporter in ours.values()]
    if not sinks and recorder.settings.mode == "record":
        sinks = [_default_exporter(recorder.settings).sink]
    for sink in sinks if recorder.settings.mode == "record" else []:
        recorder.add_sink(sink)


def _default_exporter(settings: Settings) -> Any:
    """Our exporter by its entry point: the core does not know the folder it lives in."""
    (point,) = metadata.entry_points(group="opentelemetry_traces_exporter", name="timetracer")
    return point.load()(settings=settings)


def _superseded(provider: TracerProvider) -> dict[SpanProcessor, Any]:
    """The processors around our exporter, with it: known by its attribute `sink`."""
    found: dict[SpanProcessor, Any] = {}
    for processor in provider._active_span_processor._span_processors:
        exporter = getattr(processor, "span_exporter", None)
        if hasattr(exporter, "sink"):
            found[processor] = exporter
    return found

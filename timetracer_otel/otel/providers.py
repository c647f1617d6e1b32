"""The tracer provider: which one is recorded, and our processor in it."""

from __future__ import annotations

import logging
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from timetracer_otel.recording import Recorder
from timetracer_otel.recording.processor import RecordingSpanProcessor

__all__ = ["attach", "detach", "exporters_of", "provider_in_force", "why_not"]

_LOG = logging.getLogger("timetracer_otel")
_attached: list[tuple[TracerProvider, RecordingSpanProcessor]] = []


def provider_in_force(*, configured: bool) -> TracerProvider | None:
    """The SDK's provider, made and set here when there is none; None when it is another's.

    `configured` makes it from ``OTEL_*``, as the stock distro would have done; otherwise it
    has no exporter, and metrics and logs are left alone.
    """
    provider = otel.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        return provider
    if not isinstance(provider, otel.ProxyTracerProvider | otel.NoOpTracerProvider):
        return None
    if configured:
        _configure()
    provider = otel.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        return provider
    made = TracerProvider()
    otel.set_tracer_provider(made)
    return made


def _configure() -> None:
    from opentelemetry.sdk._configuration import _OTelSDKConfigurator

    try:
        _OTelSDKConfigurator().configure()  # type: ignore[no-untyped-call]  # untyped upstream
    except Exception as error:  # noqa: BLE001 - an exporter that is not installed costs itself alone
        _LOG.warning("the exporters that were asked for could not all be configured: %s", error)


def why_not(provider: TracerProvider | None) -> str:
    """Why nothing can be recorded of `provider`, or an empty string."""
    if provider is None:
        kind = type(otel.get_tracer_provider())
        return f"the tracer provider is {kind.__module__}.{kind.__qualname__}, not OpenTelemetry's"
    if getattr(provider, "_disabled", False):
        return "OTEL_SDK_DISABLED is set"
    return ""


def attach(recorder: Recorder, provider: TracerProvider) -> list[Any]:
    """Put our processor first, once; return our exporters, whose processors are taken out.

    The recorder hears of every span itself: behind a batch processor the exporter would only
    see them again, seconds later. Its sink, the file store, is what the recorder writes to.
    """
    if any(known is provider for known, _ in _attached):
        return []
    multi = provider._active_span_processor
    ours = exporters_of(provider)
    recording = RecordingSpanProcessor(recorder)
    with multi._lock:
        others = (p for p in multi._span_processors if p not in ours)
        multi._span_processors = (recording, *others)
    _attached.append((provider, recording))
    return list(ours.values())


def detach() -> None:
    """Take our processors out again; whatever was added since stays."""
    while _attached:
        provider, recording = _attached.pop()
        multi = provider._active_span_processor
        with multi._lock:
            others = (p for p in multi._span_processors if p is not recording)
            multi._span_processors = tuple(others)


def exporters_of(provider: TracerProvider) -> dict[SpanProcessor, Any]:
    """The processors around our exporter, with it: known by its attribute `sink`."""
    found: dict[SpanProcessor, Any] = {}
    for processor in provider._active_span_processor._span_processors:
        exporter = getattr(processor, "span_exporter", None)
        if hasattr(exporter, "sink"):
            found[processor] = exporter
    return found

"""The span processor that feeds the recorder."""

from __future__ import annotations

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from timetracer_otel.recording.guard import guarded
from timetracer_otel.recording.recorder import Recorder

__all__ = ["RecordingSpanProcessor"]


class RecordingSpanProcessor(SpanProcessor):
    """Tells the recorder of each sampled span as it starts and as it ends."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        with guarded("span start"):
            parent = otel.get_current_span(parent_context).get_span_context()
            self._recorder.span_started(span, parent if parent.is_valid else None)

    def on_end(self, span: ReadableSpan) -> None:
        with guarded("span end"):
            self._recorder.span_ended(span)

    def shutdown(self) -> None:
        self._recorder.finish()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._recorder.flush(timeout_millis / 1000)

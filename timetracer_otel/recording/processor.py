"""The span processor that feeds the recorder."""

from __future__ import annotations

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from timetracer_otel.recording.guard import guarded
from timetracer_otel.recording.recorder import Recorder

__all__ = ["RecordingSpanProcessor"]


class RecordingSpanProcessor(SpanProcessor):
    """Tells the recorder of each sampled span as it starts and as it ends."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    # `guarded` only when there is something to guard against: making it costs as much as the rest

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        try:
            self._recorder.span_started(span)
        except Exception:
            with guarded("span start"):
                raise

    def on_end(self, span: ReadableSpan) -> None:
        try:
            self._recorder.span_ended(span)
        except Exception:
            with guarded("span end"):
                raise

    def shutdown(self) -> None:
        self._recorder.finish()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._recorder.flush(timeout_millis / 1000)

"""The span exporter ``timetracer``: traces to cassettes in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from timetracer_otel.exporters.handing_over import CassetteWriter
from timetracer_otel.otel.by_hand import record_when_added
from timetracer_otel.otel.start import settings_or_off
from timetracer_otel.recording import active_recorder
from timetracer_otel.settings import Settings

__all__ = ["CassetteSpanExporter"]

# at import, not in the constructor: `provider.add_span_processor(Simple…(Cassette…()))` has
# looked its method up before the exporter is made
record_when_added()


class CassetteSpanExporter(SpanExporter):
    """``--traces_exporter timetracer``, or by hand behind any span processor.

    Adding a processor with this exporter to a `TracerProvider` starts the recording: payloads
    and late arrivals are joined to the spans beside the processor, so its own batches are of no
    more use, and writing does not wait for them. `sink` is where cassettes go.
    """

    def __init__(self, settings: Settings | None = None, **keywords: Any) -> None:
        self.settings = settings or settings_or_off(**keywords)
        self.sink = CassetteWriter(self.settings)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Nothing to do: the recorder saw these spans when they ended."""
        return SpanExportResult.SUCCESS

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        recorder = active_recorder()
        return recorder is None or recorder.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        self.force_flush()

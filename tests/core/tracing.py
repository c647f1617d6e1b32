"""A provider with a recorder behind it and a list as its sink."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, Tracer

from timetracer_otel.cassette import Cassette
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import Draft, Recorder, begin, begin_entry
from timetracer_otel.recording.processor import RecordingSpanProcessor
from timetracer_otel.settings import Settings


@dataclass
class Shelf:
    """A sink that keeps cassettes in a list, with whether each was a fragment."""

    cassettes: list[Cassette] = field(default_factory=list)
    fragments: list[bool] = field(default_factory=list)

    def write(self, cassette: Cassette, *, fragment: bool) -> None:
        self.cassettes.append(cassette)
        self.fragments.append(fragment)


@dataclass
class Recording:
    recorder: Recorder
    tracer: Tracer
    shelf: Shelf

    def cassettes(self) -> list[Cassette]:
        """Everything that is complete by now."""
        assert self.recorder.flush()
        return self.shelf.cassettes


@contextmanager
def recording(**settings: Any) -> Iterator[Recording]:
    """Record in this process until the block ends."""
    recorder = Recorder(Settings(**settings))
    shelf = Shelf()
    recorder.add_sink(shelf)
    provider = TracerProvider()
    provider.add_span_processor(RecordingSpanProcessor(recorder))
    recorder.activate()
    try:
        yield Recording(recorder, provider.get_tracer("tests"), shelf)
    finally:
        recorder.deactivate()


@contextmanager
def request(recorded: Recording, path: str = "/items/1") -> Iterator[Draft]:
    """An inbound request: its SERVER span, and its entry answered with 200 at the end."""
    with recorded.tracer.start_as_current_span(f"GET {path}", kind=SpanKind.SERVER):
        entry = begin_entry("http", "asgi", HttpRequestRef("GET", f"http://shop{path}", []))
        assert entry is not None
        yield entry
        entry.answered(HttpResponseRef(200, []))


def call(recorded: Recording, url: str = "http://upstream/") -> Draft:
    """An outbound call with a client span of its own, not yet answered."""
    with recorded.tracer.start_as_current_span("GET", kind=SpanKind.CLIENT):
        draft = begin("http", "httpx", HttpRequestRef("GET", url, []), own_span=True)
        assert draft is not None
        return draft


def answer(draft: Draft, status: int = 200) -> None:
    """The call's answer: a status and nothing else."""
    draft.answered(HttpResponseRef(status, []))

"""Whose a call is: the outermost library that takes part; and what is nobody's."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
import urllib3
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import TracerProvider

import timetracer_otel.capture
from tests.conformance import Runs
from timetracer_otel.cassette.files import read
from timetracer_otel.libraries import Installation
from timetracer_otel.recording import Recorder, unrecorded
from timetracer_otel.recording.processor import RecordingSpanProcessor
from timetracer_otel.settings import Settings


@pytest.mark.parametrize(
    ("kind", "libraries"),
    [
        ("requests", {"requests"}),
        ("urllib3", {"urllib3", "http.client"}),  # by pools, and by connections alone
        ("stdlib", {"http.client", "urllib"}),
        ("boto3", {"botocore", "requests"}),
    ],
)
def test_the_outermost_library_gives_its_name(
    runs_of: Callable[[str], Runs], kind: str, libraries: set[str]
) -> None:
    assert {call.library for call in read(runs_of(kind).cassette).interactions} == libraries


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name for it
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _recorded(ask: Callable[[], object], *capture: str) -> Counter[str]:
    """Which libraries' calls are recorded of what `ask` does in a request."""
    installed = Installation(timetracer_otel.capture)
    installed.install(capture, frozenset({"clock", "randomness"}))
    recorder = Recorder(Settings(capture=capture))
    provider = TracerProvider()
    provider.add_span_processor(RecordingSpanProcessor(recorder))
    recorder.activate()
    try:
        with provider.get_tracer("tests").start_as_current_span("GET /"):
            ask()
            record = recorder.current_trace()
            assert record is not None
            return Counter(draft.library for draft in record.drafts)
    finally:
        recorder.deactivate()
        installed.uninstall()
        provider.shutdown()


def _bare(address: str) -> None:
    connection = http.client.HTTPConnection(address)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"ok"
    connection.close()


def _every_way(address: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.get(f"http://{address}/", timeout=20)
    with urllib3.PoolManager() as pool:
        pool.request("GET", f"http://{address}/")
    _bare(address)


def test_all_are_recorded_unless_some_are_chosen(address: str) -> None:
    found = _recorded(lambda: _every_way(address))
    assert found == {"requests": 1, "urllib3": 1, "http.client": 1}


def test_what_is_not_chosen_belongs_to_the_next_below(address: str) -> None:
    assert _recorded(lambda: _every_way(address), "urllib3") == {"urllib3": 2}
    assert _recorded(lambda: _every_way(address), "httpx") == {}


def test_telemetry_does_not_record_itself(address: str) -> None:
    def ask() -> None:
        with unrecorded():
            _every_way(address)
        with suppress_instrumentation():
            _every_way(address)

    assert _recorded(ask) == {}


def test_a_library_is_as_it_was_after_the_recording(address: str) -> None:
    before = [
        http.client.HTTPConnection.send,
        http.client.HTTPResponse.begin,
        requests.Session.send,
    ]
    _recorded(lambda: _every_way(address))
    after = [http.client.HTTPConnection.send, http.client.HTTPResponse.begin, requests.Session.send]
    assert after == before

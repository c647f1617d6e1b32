"""Excluded paths: neither a cassette nor anything in those of others."""

from __future__ import annotations

import asyncio
from typing import Any

from opentelemetry.trace import SpanKind

from tests.core.tracing import recording, request
from timetracer_otel.capture.asgi import AsgiCapture
from timetracer_otel.protocols.http_parts import HttpRequestRef
from timetracer_otel.recording import begin


async def _nothing(*_: Any) -> Any: ...


def test_an_excluded_asgi_request_leaves_nothing_of_its_calls_either() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(begin("http", "httpx", HttpRequestRef("GET", "http://upstream/", [])))

    seen: list[Any] = []
    scope = {"type": "http", "method": "GET", "path": "/health", "headers": []}
    with recording(exclude_paths=("^/health$",)) as recorded:
        with recorded.tracer.start_as_current_span("GET", kind=SpanKind.SERVER):
            asyncio.run(AsgiCapture(app)(scope, _nothing, _nothing))
        assert seen == [None]
        assert recorded.cassettes() == []
        with request(recorded):
            pass
        (cassette,) = recorded.cassettes()
    assert cassette.bootstrap == []

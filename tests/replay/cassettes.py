"""Cassettes and calls for tests that need no application."""

from __future__ import annotations

import json
from typing import Any

from timetracer_otel.cassette import Cassette
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.http_parts import (
    BodyPart,
    HttpInteraction,
    HttpRequest,
    HttpRequestRef,
    HttpResponse,
)
from timetracer_otel.protocols.sql import SqlInteraction, SqlRequest, SqlResponse


def a_body(value: Any) -> BodyPart:
    return BodyPart(json=value, style="compact", size=len(json.dumps(value, separators=(",", ":"))))


def get(url: str, value: Any = None, *, path: str = "", **changes: Any) -> HttpInteraction:
    """A GET that was answered with JSON."""
    facts: dict[str, Any] = {
        "id": 1,
        "library": "httpx",
        "title": f"GET {url}",
        "start_us": 0,
        "path": path,
        "request": HttpRequest(method="GET", url=url),
        "response": HttpResponse(status=200, body=a_body(value)),
    }
    return HttpInteraction(**{**facts, **changes})


def select(statement: str, *parameters: Any, path: str = "", **changes: Any) -> SqlInteraction:
    facts: dict[str, Any] = {
        "id": 1,
        "library": "sqlalchemy",
        "title": statement,
        "start_us": 0,
        "path": path,
        "request": SqlRequest(
            operation="execute",
            system="sqlite",
            driver="pysqlite",
            statement=statement,
            parameters=list(parameters),
        ),
        "response": SqlResponse(columns=[["n", 4]], rows=[[1]]),
    }
    return SqlInteraction(**{**facts, **changes})


def commit() -> SqlInteraction:
    request = SqlRequest(operation="commit", system="sqlite", driver="pysqlite")
    return select("COMMIT", request=request, response=SqlResponse())


def an_entry(
    method: str = "GET", url: str = "http://shop/items", body: Any = None, **changes: Any
) -> HttpInteraction:
    """An inbound request, answered with 200 and ``{}``."""
    facts: dict[str, Any] = {
        "id": 0,
        "library": "asgi",
        "title": f"{method} {url}",
        "start_us": 0,
        "duration_us": 1000,
        "request": HttpRequest(
            method=method,
            url=url,
            headers=["host: shop"],
            body=a_body(body) if body is not None else BodyPart(),
        ),
        "response": HttpResponse(status=200, body=a_body({})),
    }
    return HttpInteraction(**{**facts, **changes})


def a_cassette(*interactions: Any, second: int = 0, **changes: Any) -> Cassette:
    facts: dict[str, Any] = {
        "timetracer": 1,
        "trace_id": f"{second + 1:032x}",
        "recorded_at": f"2026-01-02T03:04:{second:02}.0Z",
        "duration_us": 1000,
        "entry": an_entry(),
        "interactions": list(interactions),
    }
    return Cassette(**{**facts, **changes})


def a_request(
    method: str = "GET", url: str = "http://127.0.0.1:9/items", body: Any = None
) -> HttpRequestRef:
    """A live request; `body` JSON, bytes, or a `Body` that is still open."""
    if not isinstance(body, Body):
        data = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        body = Body.of(b"" if body is None else data)
    headers = [(b"host", b"127.0.0.1:9"), (b"content-type", b"application/json")]
    return HttpRequestRef(method, url, headers, body)

"""Requests and cassettes made by hand, for tests of what is pure."""

from __future__ import annotations

from typing import Any

from timetracer_otel.cassette import Cassette
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.http import encode_request, title
from timetracer_otel.protocols.http_parts import (
    BodyPart,
    HttpInteraction,
    HttpRequest,
    HttpRequestRef,
    HttpResponse,
)

__all__ = ["cassette", "exchange", "request"]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def request(
    url: str = "http://api.test/items", body: bytes = b"", kind: str = "", method: str = "POST"
) -> HttpRequest:
    headers = [(b"Content-Type", kind.encode())] if kind else []
    return encode_request(HttpRequestRef(method, url, headers, Body.of(body)))


def exchange(asked: HttpRequest, answer: str = "", **parts: Any) -> HttpInteraction:
    """`asked`, and a text in answer; `parts` are further parts of the response."""
    body = BodyPart(text=answer, size=len(answer.encode())) if answer else None
    response = HttpResponse(
        **{"status": 200, "reason": "OK", "http_version": "HTTP/1.1", "body": body, **parts}
    )
    return HttpInteraction(
        id=0, library="httpx", title=title(asked), start_us=0, request=asked, response=response
    )


def cassette(*interactions: HttpInteraction, entry: HttpInteraction | None = None) -> Cassette:
    return Cassette(
        timetracer=1,
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
        recorded_at="2026-01-05T10:00:00.000000000Z",
        duration_us=1,
        entry=entry,
        interactions=list(interactions),
    )

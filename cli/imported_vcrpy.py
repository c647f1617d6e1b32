"""What vcrpy recorded (format 1; pytest-recording writes the same). Pure."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from timetracer_otel.cassette import FORMAT_VERSION, Cassette
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.codings import codings_of, decode_codings
from timetracer_otel.protocols.http import encode_request, encode_response, title
from timetracer_otel.protocols.http_parts import (
    HttpInteraction,
    HttpRequestRef,
    HttpResponseRef,
    RawHeaders,
)

__all__ = ["cassette_of", "is_one"]

_BETWEEN_US = 1000
"""It kept no times: calls are told apart by order."""


def is_one(document: Any) -> bool:
    """Whether a document is a cassette of vcrpy."""
    return isinstance(document, dict) and isinstance(document.get("interactions"), list)


def cassette_of(document: dict[str, Any], recorded_at: dt.datetime) -> tuple[Cassette, list[str]]:
    """The cassette, and what is different in it. Raises what a broken document makes it raise."""
    remarks: list[str] = []
    interactions = [
        _interaction(one, number, remarks)
        for number, one in enumerate(document["interactions"], start=1)
    ]
    text = json.dumps(document, default=repr, sort_keys=True)
    cassette = Cassette(
        timetracer=FORMAT_VERSION,
        trace_id=hashlib.sha256(text.encode()).hexdigest()[:32],
        recorded_at=f"{recorded_at:%Y-%m-%dT%H:%M:%S.%f}Z",
        duration_us=len(interactions) * _BETWEEN_US,
        interactions=list(interactions),
    )
    return cassette, remarks


def _interaction(one: dict[str, Any], number: int, remarks: list[str]) -> HttpInteraction:
    asked, answered = one["request"], one["response"]
    sent = _bytes(asked.get("body"))
    request = encode_request(
        HttpRequestRef(
            asked["method"],
            asked["uri"],
            list(_headers(asked.get("headers"))),
            Body.of(sent) if sent else None,
        )
    )
    interaction = HttpInteraction(
        id=number,
        library="vcrpy",
        title=title(request),
        start_us=(number - 1) * _BETWEEN_US,
        duration_us=_BETWEEN_US,
        request=request,
    )
    response = _response(answered)
    headers, mended = _mended(list(response.headers), response.body)
    response.headers = headers
    if mended:
        remarks.append(f"{interaction.title}: {mended}")
    interaction.response = encode_response(response)
    return interaction


def _response(answered: dict[str, Any]) -> HttpResponseRef:
    """Of either shape: its own, and the one that httpx's answers had until version 6."""
    if "status_code" in answered:
        body = _bytes(answered.get("content"))
        status, reason = answered["status_code"], ""
    else:
        body = _bytes(answered.get("body"))
        status, reason = answered["status"]["code"], answered["status"].get("message") or ""
    headers = list(_headers(answered.get("headers")))
    version = str(answered.get("http_version") or answered.get("protocol") or "HTTP/1.1")
    return HttpResponseRef(int(status), headers, Body.of(body), reason, version)


def _bytes(body: Any) -> bytes:
    """A body in any spelling: text, bytes, ``{"string": …}``, ``{"base64_string": …}``, none."""
    if isinstance(body, dict):
        if "base64_string" in body:
            return base64.b64decode(body["base64_string"])
        return _bytes(body.get("string"))
    if body is None:
        return b""
    if isinstance(body, list):
        return b"".join(_bytes(part) for part in body)
    return body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogateescape")


def _headers(headers: Any) -> Iterator[tuple[bytes, bytes]]:
    """``{name: [value, …]}``, or ``{name: value}`` of older versions."""
    for name, values in (headers or {}).items():
        for value in values if isinstance(values, list) else [values]:
            yield str(name).encode("latin-1", "replace"), str(value).encode("latin-1", "replace")


def _mended(headers: RawHeaders, body: Body | None) -> tuple[list[tuple[bytes, bytes]], str]:
    """Without what is untrue of the body: vcrpy keeps some of them decoded, and their headers.

    Chunks are gone in any case: the body is there as a whole.
    """
    data = b"".join(body.chunks) if body is not None else b""
    codings = codings_of(headers)
    untrue = {b"transfer-encoding"}
    remark = ""
    if data and codings and decode_codings(data, codings) is None:
        untrue |= {b"content-encoding", b"content-length"}
        remark = "the body was kept decoded, so it is served without Content-Encoding"
    kept = [(name, value) for name, value in headers if name.lower() not in untrue]
    if len(kept) < len(headers) and not any(name.lower() == b"content-length" for name, _ in kept):
        kept.append((b"Content-Length", str(len(data)).encode()))
    return kept, remark

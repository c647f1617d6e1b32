"""What timetracer 1 recorded (`schema_version` 0.1 and 1.0). Pure."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections import Counter
from typing import Any
from urllib.parse import urlencode

from timetracer_otel.cassette import FORMAT_VERSION, Cassette, Dropped, Interaction
from timetracer_otel.interaction.body import Body
from timetracer_otel.interaction.parts import RecordedError
from timetracer_otel.protocols.http import encode_request, encode_response, title
from timetracer_otel.protocols.http_parts import (
    BodyPart,
    HttpInteraction,
    HttpRequest,
    HttpRequestRef,
    HttpResponse,
    HttpResponseRef,
)

__all__ = ["cassette_of", "is_one"]

_VERSIONS = ("0.1", "1.0")
_HASH = "sha256:"
_NOT_REPLAYED = "version 1 did not keep their answers; record them again"


def is_one(document: Any) -> bool:
    """Whether a document is a cassette of timetracer 1."""
    return isinstance(document, dict) and str(document.get("schema_version")) in _VERSIONS


def cassette_of(document: dict[str, Any]) -> tuple[Cassette, list[str]]:
    """The cassette, and what a replay of it cannot give. Raises what a broken document makes it."""
    session = document["session"]
    remarks: list[str] = []
    lost: Counter[str] = Counter()
    interactions: list[Interaction] = []
    for event in document.get("events", []):
        made = _interaction(event, len(interactions) + 1, remarks)
        if made is None:
            signature = event.get("signature", {})
            lost[f"{event.get('type')} of {signature.get('lib')}"] += 1
        else:
            interactions.append(made)
    remarks += [f"{count} × {what}: {_NOT_REPLAYED}" for what, count in lost.items()]
    response = document.get("response", {})
    cassette = Cassette(
        timetracer=FORMAT_VERSION,
        trace_id=hashlib.sha256(str(session["id"]).encode()).hexdigest()[:32],
        recorded_at=_moment(session["recorded_at"]),
        duration_us=_us(response.get("duration_ms")),
        resource=[{"service.name": session.get("service", "")}],
        entry=_entry(document["request"], response),
        interactions=interactions,
        dropped=[Dropped(what=what, why=_NOT_REPLAYED, count=n) for what, n in lost.items()],
    )
    return cassette, remarks


def _moment(text: str) -> str:
    found = dt.datetime.fromisoformat(text)
    moment = found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def _us(milliseconds: Any) -> int:
    return max(0, round(float(milliseconds or 0) * 1000))


def _entry(asked: dict[str, Any], answered: dict[str, Any]) -> HttpInteraction:
    headers = dict(asked.get("headers", {}))
    host = next((value for name, value in headers.items() if name.lower() == "host"), "localhost")
    url = _url(f"http://{host}{asked['path']}", asked.get("query"))
    request = _request(asked["method"], url, headers, asked.get("body"))
    request.route = asked.get("route_template") or ""
    return HttpInteraction(
        id=0,
        library="timetracer 1",
        title=title(request),
        start_us=0,
        duration_us=_us(answered.get("duration_ms")),
        request=request,
        response=_response(answered),
    )


def _interaction(event: dict[str, Any], number: int, remarks: list[str]) -> HttpInteraction | None:
    """The call; None for one whose answer nobody could give again."""
    signature, result = event["signature"], event["result"]
    url = signature.get("url") or ""
    if event.get("type") != "http.client" or "://" not in url:
        return None
    body = _hashed(signature.get("body_hash"))
    request = HttpRequest(
        method=signature["method"], url=_url(url, signature.get("query")), body=body
    )
    found = HttpInteraction(
        id=number,
        library=str(signature.get("lib", "")),
        title=title(request),
        start_us=_us(event.get("start_offset_ms")),
        duration_us=_us(event.get("duration_ms")),
        request=request,
    )
    if result.get("error_type"):
        found.error = _error(found.library, result)
        return found if found.error is not None else None
    found.response = _response(result)
    if found.response.body is not None and found.response.body.truncated:
        remarks.append(f"{found.title}: its body was not kept; replaying it is an error")
    return found


_ERRORS = {"httpx": "httpx", "aiohttp": "aiohttp.client_exceptions"}


def _error(library: str, result: dict[str, Any]) -> RecordedError | None:
    """Where it is known at which place of the library it was raised."""
    module = _ERRORS.get(library)
    if module is None:
        return None
    kind = str(result["error_type"]).rpartition(".")[2]
    return RecordedError(
        type=kind, module=module, args=[str(result.get("error") or "")], stage="headers"
    )


def _url(url: str, query: Any) -> str:
    return f"{url}?{urlencode(query, doseq=True)}" if query else url


def _request(method: str, url: str, headers: dict[str, Any], body: Any) -> HttpRequest:
    pairs = _pairs(headers)
    data = _content(body)
    ref = HttpRequestRef(method, url, pairs, Body.of(data) if data else None)
    request = encode_request(ref)
    if data is None:
        request.body = _unkept(body)
    return request


def _response(answered: dict[str, Any]) -> HttpResponse:
    body = answered.get("body")
    data = _content(body)
    pairs = [
        (name, value)
        for name, value in _pairs(answered.get("headers", {}))
        if name.lower() not in _OF_THE_WIRE
    ]
    if data is not None:
        pairs.append((b"Content-Length", str(len(data)).encode()))
    ref = HttpResponseRef(int(answered.get("status") or 0), pairs, Body.of(data or b""))
    response = encode_response(ref)
    if data is None:
        response.body = _unkept(body)
    return response


_OF_THE_WIRE = {b"content-encoding", b"content-length", b"transfer-encoding"}
"""Its bodies are decoded ones."""


def _pairs(headers: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    return [
        (str(name).encode("latin-1", "replace"), str(value).encode("latin-1", "replace"))
        for name, value in headers.items()
    ]


def _content(body: Any) -> bytes | None:
    """The bytes of a body as version 1 gave them again; None for one that it did not keep."""
    if not body:
        return b""
    if not body.get("_captured", True) or body.get("truncated") or body.get("data") is None:
        return b"" if body.get("size_bytes") == 0 else None
    data, encoding = body["data"], body.get("encoding")
    if encoding == "json":
        return json.dumps(data).encode()
    if encoding == "base64":
        return base64.b64decode(data)
    return str(data).encode() if encoding != "bytes" else None


def _unkept(body: Any) -> BodyPart:
    """Said to be cut: whoever needs it is told so."""
    hashed = str(body.get("hash") or "").removeprefix(_HASH)
    return BodyPart(truncated=True, size=int(body.get("size_bytes") or 0), sha256=hashed)


def _hashed(text: Any) -> BodyPart | None:
    """A request's body, of which version 1 kept the hash; of an empty one there is nothing."""
    hashed = str(text or "").removeprefix(_HASH)
    empty = ("", "none", hashlib.sha256(b"").hexdigest())
    return None if hashed in empty else BodyPart(truncated=True, sha256=hashed)

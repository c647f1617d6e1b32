"""When two HTTP requests mean the same: method, URL, query as a multiset, body by meaning."""

from __future__ import annotations

import email
import email.policy
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from timetracer_otel.protocols.bodies import content_bytes, json_of
from timetracer_otel.protocols.differences import named_differences
from timetracer_otel.protocols.http_parts import BodyPart, HttpRequest
from timetracer_otel.protocols.volatile import loosened, pairs_between

__all__ = ["differences", "key", "loose_key", "meaning_of", "volatile_pairs"]

_PORTS = {"http": ":80", "https": ":443"}


def key(request: HttpRequest) -> str:
    """The match key; requests of one key may answer for each other."""
    return json.dumps(meaning_of(request), ensure_ascii=False, sort_keys=True)


def loose_key(request: HttpRequest) -> str:
    """The key with volatile literals as placeholders."""
    return json.dumps(loosened(meaning_of(request)), ensure_ascii=False, sort_keys=True)


def volatile_pairs(recorded: HttpRequest, live: HttpRequest) -> dict[str, str]:
    """Recorded literals to the live ones in their place."""
    return pairs_between(meaning_of(recorded), meaning_of(live))


def meaning_of(request: HttpRequest) -> dict[str, Any]:
    """What of a request tells it apart, as JSON values."""
    url = urlsplit(request.url)
    netloc = url.netloc.lower().removesuffix(_PORTS.get(url.scheme, " "))
    meaning: dict[str, Any] = {
        "method": request.method,
        "url": f"{url.scheme}://{netloc}{url.path or '/'}",
    }
    if url.query:
        meaning["query"] = sorted(parse_qsl(url.query, keep_blank_values=True))
    body = _body_meaning(request)
    if body is not None:
        meaning["body"] = body
    return meaning


def _body_meaning(request: HttpRequest) -> Any:  # noqa: PLR0911 - one kind of body each
    part = request.body
    if part is None or not (part.size or part.style or part.text or part.base64):
        return None
    if part.truncated:
        return {"sha256": part.sha256}
    kind = _content_type(request.headers)
    if part.style:
        return {"json": part.json}
    data = content_bytes(part)
    if "json" in kind:
        try:
            return {"json": json_of(data)}
        except ValueError:
            pass  # it says JSON and is none: by its bytes, then
    if kind.startswith("application/x-www-form-urlencoded"):
        fields = parse_qsl(data.decode("latin-1"), keep_blank_values=True)
        return {"form": sorted(fields)}
    if kind.startswith("multipart/"):
        return {"multipart": _multipart(kind, data)}
    return {"content": part.text or part.base64 or _plain(part)}


def _plain(part: BodyPart) -> str:
    return content_bytes(part).decode("latin-1")


def _content_type(headers: list[str]) -> str:
    for line in headers:
        name, _, value = line.partition(": ")
        if name.lower() == "content-type":
            return value
    return ""


def _multipart(kind: str, data: bytes) -> list[Any]:
    """The parts without their boundary: headers and content of each, in order."""
    head = f"Content-Type: {kind}\r\n\r\n".encode("latin-1")
    message = email.message_from_bytes(head + data, policy=email.policy.HTTP)
    if not message.is_multipart():
        return [data.decode("latin-1")]
    return [_part(part) for part in message.get_payload()]  # type: ignore[union-attr]


def _part(part: Any) -> list[Any]:
    headers = sorted((name.lower(), str(value)) for name, value in part.items())
    content = part.get_payload(decode=True) or b""
    return [headers, content.decode("latin-1")]


def differences(recorded: HttpRequest, live: HttpRequest) -> list[str]:
    """What differs, each as ``$.body.json.price: recorded 1, asked 2``."""
    return named_differences(meaning_of(recorded), meaning_of(live))

"""When two HTTP requests mean the same: method, URL, query as a multiset, body by meaning."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from timetracer_otel.protocols.bodies import body_bytes
from timetracer_otel.protocols.body_meaning import body_meaning, fingerprint, is_empty
from timetracer_otel.protocols.differences import named_differences
from timetracer_otel.protocols.http_address import address_of, canonical_url, grouped
from timetracer_otel.protocols.http_parts import HttpRequest
from timetracer_otel.protocols.volatile import loosened, pairs_between

__all__ = ["cut_key", "differences", "key", "loose_key", "meaning_of", "volatile_pairs"]

_KEY = msgspec.json.Encoder(order="sorted")


def key(request: HttpRequest) -> str:
    """The match key; requests of one key may answer for each other."""
    asked = f"{request.method} {canonical_url(request.url)}{_told_text(request)}"
    body = request.body
    if body is None or is_empty(body):
        return asked
    if body.truncated:
        return f"{asked} {body.sha256}"  # without the size: an imported recording may not have it
    return f"{asked} {_text(body_meaning(body, request.headers))}"


def cut_key(request: HttpRequest) -> str:
    """The key that `request` would have if the recording had cut its body."""
    body = request.body
    if body is None or is_empty(body) or body.truncated:
        return ""
    data = body_bytes(body)
    asked = f"{request.method} {canonical_url(request.url)}{_told_text(request)}"
    return f"{asked} {hashlib.sha256(data).hexdigest()}"


_TELLING = {"range", "soapaction", "x-amz-target", "x-http-method-override"}
"""Headers that say what is asked for, where method and URL do not."""

_LENGTHS = {len(name) for name in _TELLING}


def _told(request: HttpRequest) -> dict[str, str]:
    found = {}
    for line in request.headers:
        if line.find(":") in _LENGTHS:
            name, _, value = line.partition(":")
            if name.lower() in _TELLING:
                found[name.lower()] = value.strip()
    return found


def _told_text(request: HttpRequest) -> str:
    told = _told(request)
    return f" {_text(told)}" if told else ""


def _text(value: Any) -> str:
    try:
        return _KEY.encode(value).decode()
    except (ValueError, OverflowError):  # bytes that are no UTF-8, integers beyond 64 bits
        return json.dumps(value, sort_keys=True)


def loose_key(request: HttpRequest) -> str:
    """The key with volatile literals as placeholders."""
    return _text(loosened(meaning_of(request)))


def volatile_pairs(recorded: HttpRequest, live: HttpRequest) -> dict[str, str]:
    """Recorded literals to the live ones in their place."""
    return pairs_between(meaning_of(recorded), meaning_of(live))


def meaning_of(request: HttpRequest) -> dict[str, Any]:
    """What of a request tells it apart, as JSON values that people can read."""
    url, _, asked = canonical_url(request.url).partition("?")
    meaning: dict[str, Any] = {"method": request.method, "url": url}
    if asked:
        meaning["query"] = grouped(address_of(request.url).query)
    if told := _told(request):
        meaning["headers"] = told
    body = request.body
    if body is not None and not is_empty(body):
        if body.truncated:
            meaning["body"] = {"content": fingerprint(body.size, body.sha256)}
        else:
            meaning["body"] = body_meaning(body, request.headers)
    return meaning


def differences(recorded: HttpRequest, live: HttpRequest) -> list[str]:
    """What differs, each as ``$.body.json.price: recorded 1, asked 2``."""
    return named_differences(meaning_of(recorded), meaning_of(live))

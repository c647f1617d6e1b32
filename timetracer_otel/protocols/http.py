"""HTTP: how an exchange is described, encoded, matched and titled."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, urlsplit

from timetracer_otel.interaction.failures import encode_error
from timetracer_otel.protocols.bodies import encode_body
from timetracer_otel.protocols.http_parts import (
    HttpInteraction,
    HttpRequest,
    HttpRequestRef,
    HttpResponse,
    HttpResponseRef,
    header_lines,
)
from timetracer_otel.protocols.protocol import Protocol

__all__ = ["HTTP", "HttpInteraction"]


def encode_request(ref: HttpRequestRef) -> HttpRequest:
    """The request as the cassette keeps it."""
    return HttpRequest(
        method=ref.method,
        url=ref.url,
        http_version=ref.http_version,
        headers=header_lines(ref.headers),
        body=encode_body(ref.body, ref.headers) if ref.body is not None else None,
        client=ref.client,
        server=ref.server,
        root_path=ref.root_path,
        route=ref.route,
    )


def encode_response(ref: HttpResponseRef) -> HttpResponse:
    """The response as the cassette keeps it."""
    return HttpResponse(
        status=ref.status,
        reason=ref.reason,
        http_version=ref.http_version,
        headers=header_lines(ref.headers),
        body=encode_body(ref.body, ref.headers) if ref.body is not None else None,
        trailers=header_lines(ref.trailers),
        error=encode_error(ref.error, stage="body") if ref.error is not None else None,
    )


def title(request: HttpRequest) -> str:
    """``GET https://api.example/items?page=2``."""
    return f"{request.method} {request.url}"


def key(request: HttpRequest) -> str:
    """The match key: method, URL, query as a multiset, body by meaning."""
    url = urlsplit(request.url)
    query = sorted(parse_qsl(url.query, keep_blank_values=True))
    where = f"{url.scheme}://{url.netloc}{url.path}"
    return json.dumps([request.method, where, query], ensure_ascii=False)


def loose_key(request: HttpRequest) -> str:
    """The key with volatile literals as placeholders."""
    return key(request)


def differences(recorded: HttpRequest, live: HttpRequest) -> list[str]:
    """What differs, most telling first, each as one readable phrase."""
    found = []
    if recorded.method != live.method:
        found.append(f"method: recorded {recorded.method}, asked {live.method}")
    if recorded.url != live.url:
        found.append(f"url: recorded {recorded.url}, asked {live.url}")
    return found


HTTP = Protocol(
    name="http",
    interaction=HttpInteraction,
    encode_request=encode_request,
    encode_response=encode_response,
    title=title,
    key=key,
    loose_key=loose_key,
    differences=differences,
)

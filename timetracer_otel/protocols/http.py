"""HTTP: how an exchange is described, encoded, matched and titled."""

from __future__ import annotations

from timetracer_otel.interaction.failures import encode_error
from timetracer_otel.protocols.bodies import encode_body
from timetracer_otel.protocols.http_address import bare_url
from timetracer_otel.protocols.http_hiding import hidden
from timetracer_otel.protocols.http_matching import (
    cut_key,
    differences,
    key,
    loose_key,
    volatile_pairs,
)
from timetracer_otel.protocols.http_parts import (
    HttpInteraction,
    HttpRequest,
    HttpRequestRef,
    HttpResponse,
    HttpResponseRef,
    header_lines,
)
from timetracer_otel.protocols.http_wire import WireRequestRef, WireResponseRef
from timetracer_otel.protocols.protocol import Protocol

__all__ = ["HTTP", "HttpInteraction"]


def encode_request(ref: HttpRequestRef) -> HttpRequest:
    """The request as the cassette keeps it."""
    if isinstance(ref, WireRequestRef):
        ref = ref.read()
    return HttpRequest(
        method=ref.method,
        url=bare_url(str(ref.url)),
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
    if isinstance(ref, WireResponseRef):
        ref = ref.read()
    return HttpResponse(
        status=ref.status,
        reason=ref.reason,
        http_version=ref.http_version,
        headers=header_lines(ref.headers),
        body=encode_body(ref.body, ref.headers) if ref.body is not None else None,
        trailers=header_lines(ref.trailers),
        extensions=ref.extensions,
        error=encode_error(ref.error, stage="body") if ref.error is not None else None,
    )


def title(request: HttpRequest) -> str:
    """``GET https://api.example/items?page=2``."""
    return f"{request.method} {request.url}"


HTTP = Protocol(
    name="http",
    interaction=HttpInteraction,
    encode_request=encode_request,
    encode_response=encode_response,
    title=title,
    key=key,
    loose_key=loose_key,
    cut_key=cut_key,
    differences=differences,
    refs=(HttpRequestRef, HttpResponseRef, WireRequestRef, WireResponseRef),
    hidden=hidden,
    volatile_pairs=volatile_pairs,
)

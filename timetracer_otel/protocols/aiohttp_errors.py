"""The exceptions of aiohttp's client: what of them is the wire's, and what the library made of it.

Recorded is what came from below: raised again at the wire, the library wraps it as it did.
"""

from __future__ import annotations

from typing import Any

from timetracer_otel.interaction import ErrorFamily, register_errors

__all__ = ["CONNECT", "RESOLVE", "register_aiohttp_errors", "root_of", "stage_of"]

RESOLVE = "resolve"
CONNECT = "connect"
"""How far a connection had come that was never made."""


def register_aiohttp_errors() -> None:
    """Enter the library's exceptions into the table."""
    register_errors([ErrorFamily("aiohttp", ("code", "message", "header_lines"))])


def stage_of(error: BaseException) -> str:
    """Whether a name was not found, or nobody let us in."""
    from aiohttp import client_exceptions

    return RESOLVE if isinstance(error, client_exceptions.ClientConnectorDNSError) else CONNECT


def root_of(error: BaseException) -> BaseException:
    """What `error` was made of by the library."""
    from aiohttp import client_exceptions as known

    cause = error.__cause__
    if isinstance(error, known.ClientConnectorCertificateError):
        return error.certificate_error
    if isinstance(error, known.ClientConnectorError):
        return error.os_error
    if isinstance(error, known.ClientHttpProxyError):
        return _refusal(error)
    wrapped = type(error) is known.ClientOSError or isinstance(error, known.ClientResponseError)
    return cause if wrapped and cause is not None else error


def _refusal(error: BaseException) -> BaseException:
    """A proxy's answer: the exception itself holds the request, which the live one has anew."""
    from aiohttp.http_exceptions import HttpProcessingError

    known: Any = error
    refusal: Any = HttpProcessingError(code=known.status, message=known.message)
    refusal.header_lines = [f"{name}: {value}" for name, value in (known.headers or {}).items()]
    return refusal  # type: ignore[no-any-return]

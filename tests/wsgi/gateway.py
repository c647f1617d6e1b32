"""A server that writes down all that an application lets it see."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from wsgiref.util import FileWrapper

BODY = b"first line\nsecond line\nthird\n" + b"0123456789" * 20 + b"\nlast\n"


def environ_for(body: bytes = BODY, **variables: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/caf\xc3\xa9",
        "QUERY_STRING": "a=1&a=2",
        "SERVER_NAME": "shop",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_HOST": "shop.example",
        "HTTP_X_TWO_WORDS": "x",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.file_wrapper": FileWrapper,
        "log": [],
        **variables,
    }


def serve(app: Callable[..., Any], environ: dict[str, Any], *, leave_after: int = 0) -> list[Any]:
    """Everything in its order; the client goes away after so many chunks, if any."""
    seen: list[Any] = environ["log"]

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        if exc_info and any(event[0] == "chunk" for event in seen if isinstance(event, tuple)):
            raise exc_info[1].with_traceback(exc_info[2])
        headers.append(("Server", "the gateway"))  # as wsgiref does, in the very list
        seen.append(("start", status, list(headers), exc_info is not None))
        return lambda data: seen.append(("written", data))

    try:
        answer = app(environ, start_response)
        seen.append(("length", len(answer) if hasattr(answer, "__len__") else None))
        seen.append(("file", isinstance(answer, environ["wsgi.file_wrapper"])))
        seen.append(("closeable", hasattr(answer, "close")))
        try:
            _take(answer, seen, leave_after)
        finally:
            if hasattr(answer, "close"):
                answer.close()
    except Exception as error:  # noqa: BLE001 - what the application raises is seen, too
        seen.append(("raised", type(error), error.args))
    return seen


def _take(answer: Any, seen: list[Any], leave_after: int) -> None:
    for taken, chunk in enumerate(answer, start=1):
        seen.append(("chunk", chunk))
        if taken == leave_after:
            return

"""All cases against the site, under WSGI and ASGI, with and without capture; prints JSON.

``python -m tests.django_app.program off|on|instrumentor wsgi|asgi``: settings are of a process.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from tests.core.tracing import Recording, answer, call
from tests.django_app.asking import ASKED
from tests.wsgi.gateway import environ_for, serve
from tests.wsgi.recording import recorded_here
from timetracer_otel.protocols.http_parts import HttpInteraction

if __name__ == "__main__":  # not where the cases alone are wanted, and other sites are started
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.django_app.settings"

_FORM = (
    b'--x\r\nContent-Disposition: form-data; name="to"\r\n\r\nAda\r\n'
    b'--x\r\nContent-Disposition: form-data; name="paper"; filename="p.txt"\r\n'
    b"Content-Type: text/plain\r\n\r\n" + b"y" * 100_000 + b"\r\n--x--\r\n"
)
CASES: list[tuple[str, str, bytes, str]] = [
    ("GET", "/items/3/", b"", ""),
    ("HEAD", "/items/3/", b"", ""),
    ("GET", "/items/3", b"", ""),
    ("GET", "/items/none/", b"", ""),
    ("GET", "/async", b"", ""),
    ("POST", "/async", b'{"a": 1}', "application/json"),
    ("GET", "/pooled", b"", ""),
    ("GET", "/gathered", b"", ""),
    ("POST", "/upload", _FORM, "multipart/form-data; boundary=x"),
    ("POST", "/protected", b"a=1", "application/x-www-form-urlencoded"),
    ("GET", "/stream", b"", ""),
    ("GET", "/astream", b"", ""),
    ("GET", "/file", b"", ""),
    ("GET", "/fails", b"", ""),
    ("GET", "/afails", b"", ""),
    ("GET", "/forbidden", b"", ""),
    ("GET", "/suspicious", b"", ""),
    ("GET", "/below/resources/abc", b"", ""),
]


def over_wsgi(app: Any, method: str, path: str, body: bytes, kind: str) -> list[Any]:
    environ = environ_for(
        body,
        REQUEST_METHOD=method,
        PATH_INFO=path,
        QUERY_STRING="",
        CONTENT_TYPE=kind,
        CONTENT_LENGTH=str(len(body)) if body else "",
    )
    return [repr(event) for event in serve(app, environ) if event[0] in _TOLD]


_TOLD = {"start", "chunk", "raised"}


async def over_asgi(app: Any, method: str, path: str, body: bytes, kind: str) -> list[Any]:
    headers = [(b"host", b"shop.example"), (b"content-type", kind.encode())]
    if body:
        headers.append((b"content-length", str(len(body)).encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("192.0.2.1", 4711),
        "server": ("shop", 80),
    }
    seen: list[Any] = []
    inbox = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if not inbox:
            await asyncio.Event().wait()
        return inbox.pop()

    async def send(message: Any) -> None:
        seen.append(repr(message))

    await app(scope, receive, send)
    return seen


def site(kind: str) -> Any:
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application() if kind == "wsgi" else get_asgi_application()


def all_replies(app: Any, kind: str) -> list[list[Any]]:
    if kind == "wsgi":
        return [over_wsgi(app, *case) for case in CASES]

    async def one_after_the_other() -> list[list[Any]]:
        return [await over_asgi(app, *case) for case in CASES]

    return asyncio.run(one_after_the_other())


def described(recorded: Recording) -> list[dict[str, Any]]:
    return [
        {
            "url": entry.request.url,
            "route": entry.request.route,
            "status": entry.response.status if entry.response else 0,
            "state": entry.response.body.state if entry.response and entry.response.body else "",
            "raised": entry.raised.type if entry.raised else "",
            "traceback": entry.raised.traceback if entry.raised else "",
            "calls": [
                [i.title.rpartition("/")[2], i.path.rpartition(" › ")[2]]
                for i in cassette.interactions
            ],
            "bootstrap": len(cassette.bootstrap),
        }
        for cassette in recorded.cassettes()
        if isinstance(entry := cassette.entry, HttpInteraction)
    ]


def main(capture: str, kind: str) -> dict[str, Any]:
    import timetracer_otel.capture
    from timetracer_otel.libraries import Installation

    if capture == "off":
        return {"replies": all_replies(site(kind), kind), "entries": []}
    installation = Installation(timetracer_otel.capture)
    installation.install()
    if capture == "instrumentor":
        from opentelemetry.instrumentation.django import DjangoInstrumentor

        DjangoInstrumentor().instrument()
    with recorded_here() as recorded:
        ASKED.append(lambda name: answer(call(recorded, f"http://upstream/{name}")))
        replies = all_replies(site(kind), kind)
        return {"replies": replies, "entries": described(recorded)}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))

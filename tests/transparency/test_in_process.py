"""Between a server and an application every object is handed on, and kept as it was then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.sdk.trace import TracerProvider
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.core.tracing import Recording, recording
from timetracer_otel.capture import asgi, starlette
from timetracer_otel.capture.asgi import with_server_span
from timetracer_otel.patching import Ledger
from timetracer_otel.protocols.http_parts import HttpInteraction
from timetracer_otel.recording.processor import RecordingSpanProcessor

App = Callable[..., Awaitable[None]]
SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "POST",
    "scheme": "http",
    "path": "/a",
    "raw_path": b"/a",
    "query_string": b"",
    "headers": [(b"host", b"shop.test")],
    "client": ("1.2.3.4", 5),
    "server": ("shop.test", 80),
    "extensions": {"http.response.trailers": {}},
}


@pytest.fixture
def recorded() -> Iterator[Recording]:
    ledger = Ledger()
    ledger.apply([*asgi.LIBRARY.changes, *starlette.LIBRARY.changes])
    try:
        with recording() as found:
            yield found
    finally:
        asgi.TRACED.clear()
        ledger.restore()


def provider(recorded: Recording) -> TracerProvider:
    made = TracerProvider()
    made.add_span_processor(RecordingSpanProcessor(recorded.recorder))
    return made


class Server:
    """Gives messages, and keeps those that it is sent."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.messages = list(messages)
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> Any:
        return self.messages.pop(0)

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    def serve(self, recorded: Recording, app: App, **scope: Any) -> HttpInteraction:
        """One request by way of OpenTelemetry's middleware; what was recorded of it."""
        traced = OpenTelemetryMiddleware(
            app, exclude_spans=["receive", "send"], tracer_provider=provider(recorded)
        )
        try:
            asyncio.run(traced({**SCOPE, **scope}, self.receive, self.send))
        finally:
            self.entries = [cassette.entry for cassette in recorded.cassettes()]
        return self.entry

    @property
    def entry(self) -> HttpInteraction:
        (entry,) = self.entries
        assert isinstance(entry, HttpInteraction)
        return entry


START = {"type": "http.response.start", "status": 200, "headers": []}
END = {"type": "http.response.body", "body": b""}


def test_messages_are_the_very_objects(recorded: Recording) -> None:
    seen = []
    sent = [dict(START), {"type": "http.response.body", "body": b"x"}]
    given = {"type": "http.request", "body": b"in", "more_body": False}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(await receive())
        for message in sent:
            await send(message)

    server = Server(given)
    server.serve(recorded, app)
    assert seen[0] is given
    assert all(one is other for one, other in zip(server.sent, sent, strict=True))


def test_what_is_mutated_after_sending_is_kept_as_it_was_sent(recorded: Recording) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [[b"x-own", b"sent"]]
        message = {"type": "http.response.start", "status": 201, "headers": headers}
        await send(message)
        headers[0][1] = b"changed"
        headers.append([b"x-late", b"1"])
        message["status"] = 500
        buffer = bytearray(b"abc")
        shared = {"type": "http.response.body", "body": buffer, "more_body": True}
        await send(shared)
        buffer[:] = b"XYZ"
        shared["body"] = memoryview(b"def")
        await send(shared)
        shared.clear()
        await send(END)

    response = Server().serve(recorded, app).response
    assert response is not None and response.body is not None
    assert response.status == 201
    assert response.headers == ["x-own: sent"]
    assert response.body.text == "abcdef"


def test_a_request_changed_by_the_application_is_kept_as_it_came(recorded: Recording) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        message["body"][:] = b"MINE"
        scope["headers"].append((b"x-late", b"1"))
        scope["method"] = "PATCH"
        await send(START)
        await send(END)

    given = {"type": "http.request", "body": bytearray(b"data"), "more_body": False}
    request = Server(given).serve(recorded, app, headers=[(b"host", b"shop.test")]).request
    assert request.method == "POST"
    assert request.headers == ["host: shop.test"]
    assert request.body is not None and request.body.text == "data"


def test_trailers_pass_and_are_kept(recorded: Recording) -> None:
    trailers = {"type": "http.response.trailers", "headers": [(b"x-sum", b"7")]}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({**START, "trailers": True})
        await send(END)
        await send(trailers)

    server = Server()
    response = server.serve(recorded, app).response
    assert server.sent[-1] is trailers
    assert response is not None and response.trailers == ["x-sum: 7"]


@pytest.mark.parametrize(
    "error",
    [
        LookupError("x"),
        KeyboardInterrupt(),
        asyncio.CancelledError(),
        ExceptionGroup("g", [ValueError()]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_is_the_very_object(recorded: Recording, error: BaseException) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise error

    async def main() -> BaseException | None:
        traced = OpenTelemetryMiddleware(app, tracer_provider=provider(recorded))
        try:
            await traced(dict(SCOPE), Server().receive, Server().send)
        except BaseException as caught:  # noqa: BLE001 - which one is the question
            return caught
        return None

    assert asyncio.run(main()) is error
    (cassette,) = recorded.cassettes()
    assert cassette.entry is not None and cassette.entry.error is not None
    assert cassette.entry.error.type == type(error).__qualname__


def test_what_the_server_raises_arrives_in_the_application(recorded: Recording) -> None:
    gone = OSError("gone")
    seen = []

    class Broken(Server):
        async def send(self, message: Any) -> None:
            raise gone

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await send(START)
        except OSError as error:
            seen.append(error)

    Broken().serve(recorded, app)
    assert seen == [gone]


def test_a_message_that_is_wrong_is_the_server_s_to_refuse(
    recorded: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send({**END, "body": "text"})

    server = Server()
    server.serve(recorded, app)
    assert len(server.sent) == 2


def _plain(request: Request) -> PlainTextResponse:
    if request.url.path == "/fails":
        raise LookupError("unexpected")
    return PlainTextResponse("found")


def _as_page(request: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse("a page for errors", status_code=500)


def _starlette() -> Starlette:
    app = Starlette(
        routes=[Route("/a", _plain, methods=["POST"]), Route("/fails", _plain, methods=["POST"])],
        exception_handlers={Exception: _as_page},
    )
    app.add_middleware(CORSMiddleware, allow_origins=["http://friend"], allow_methods=["PUT"])
    return app


PREFLIGHT = [
    (b"host", b"shop.test"),
    (b"origin", b"http://friend"),
    (b"access-control-request-method", b"PUT"),
]


@pytest.mark.parametrize("by_hand", [True, False])
@pytest.mark.parametrize(
    ("scope", "status", "text"),
    [
        ({"path": "/fails", "raw_path": b"/fails"}, 500, "a page for errors"),
        ({"method": "OPTIONS", "headers": PREFLIGHT}, 200, "OK"),
        ({}, 200, "found"),
    ],
    ids=["unexpected error", "preflight", "plain"],
)
def test_what_middleware_and_error_handlers_answer_is_recorded(
    recorded: Recording, by_hand: bool, scope: dict[str, Any], status: int, text: str
) -> None:
    """Contrib's instrumentor of Starlette puts its span below both."""
    app = _starlette()
    if by_hand:
        from opentelemetry.instrumentation.starlette import StarletteInstrumentor

        StarletteInstrumentor.instrument_app(app, tracer_provider=provider(recorded))
        app.add_middleware(CORSMiddleware, allow_origins=["http://friend"], allow_methods=["PUT"])
    else:
        asgi.TRACED["starlette"] = {"tracer_provider": provider(recorded)}
    server = Server({"type": "http.request", "body": b"", "more_body": False})
    try:
        asyncio.run(app({**SCOPE, **scope}, server.receive, server.send))
    except LookupError:
        assert scope.get("path") == "/fails"
    server.entries = [cassette.entry for cassette in recorded.cassettes()]
    response = server.entry.response
    assert response is not None and response.body is not None
    assert (response.status, response.body.text) == (status, text)
    assert server.sent[0]["status"] == status


def test_an_application_that_makes_its_span_gets_no_second_one() -> None:
    class Outer:
        def __init__(self, app: Any) -> None:
            self.app = app

    asgi.TRACED["starlette"] = {}
    try:
        app = _starlette()
        assert with_server_span(app) is app
    finally:
        asgi.TRACED.clear()
    assert with_server_span(_starlette()) is not app

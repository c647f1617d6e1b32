"""An application in this very process: how it is found, and how ASGI is sent a request."""

from __future__ import annotations

import asyncio
import importlib
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from timetracer_otel.applications import is_factory
from timetracer_otel.capture.serving import with_server_span
from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import CannotReplay
from timetracer_otel.protocols.bodies import wire_chunks
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpRequest, header_pairs

__all__ = ["import_application", "running", "send"]

Message = MutableMapping[str, Any]
Application = Callable[..., Awaitable[None]]


def import_application(target: str) -> Any:
    """The ASGI or WSGI application at ``package.module:attribute``; a factory is called.

    Without an attribute it is the module's `app` or `application`. One that makes no span for
    its requests gets one, as a server would give it. Raises `CannotReplay` with what went wrong
    on the way.
    """
    module_name, _, attribute = target.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module_name)
        for name in (attribute.removesuffix("()") or _default(found)).split("."):
            found = getattr(found, name)
        if attribute.endswith("()") or is_factory(found):
            found = found()
    except (ImportError, AttributeError) as error:
        hint = "give it as `--app package.module:application`"
        raise CannotReplay(subject=target, reason=str(error), hint=hint) from error
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__}: {error} ({last.filename}:{last.lineno})"
        raise CannotReplay(subject=target, reason=reason) from error
    if not callable(found):
        reason = f"it is no application but {type(found).__name__}"
        raise CannotReplay(subject=target, reason=reason)
    return with_server_span(found)


def _default(module: Any) -> str:
    return next((name for name in ("app", "application") if hasattr(module, name)), "app")


@asynccontextmanager
async def running(app: Application) -> AsyncIterator[None]:
    """The application between its lifespan's start and end; one without lifespan runs too."""
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    started, ended = asyncio.Event(), asyncio.Event()
    failure: list[str] = []

    async def send(message: Message) -> None:
        if message["type"].endswith(".failed"):
            failure.append(str(message.get("message", "")))
        (started if "startup" in message["type"] else ended).set()

    async def live() -> None:
        try:
            await app(
                {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, inbox.get, send
            )
        except BaseException as error:  # noqa: BLE001 - "lifespan not supported" is any exception
            if not started.is_set():
                failure.append("") if isinstance(error, Exception) else failure.append(repr(error))
        finally:
            started.set()
            ended.set()

    task = asyncio.create_task(live())
    await inbox.put({"type": "lifespan.startup"})
    await started.wait()
    if any(failure):
        raise CannotReplay(subject="the application", reason=f"it did not start: {failure[-1]}")
    try:
        yield
    finally:
        await inbox.put({"type": "lifespan.shutdown"})
        await ended.wait()
        await task


async def send(app: Application, cassette: Cassette) -> None:
    """Send the recorded entry; the answer is in the replay's own recording."""
    entry = cassette.entry
    if not isinstance(entry, HttpInteraction):
        raise CannotReplay(subject=cassette.trace_id, reason="it has no inbound request")
    request = entry.request
    chunks = wire_chunks(request.body, title=entry.title) if request.body is not None else []
    inbox = [
        {"type": "http.request", "body": chunk, "more_body": number < len(chunks)}
        for number, chunk in enumerate(chunks or [b""], start=1)
    ]
    done = asyncio.Event()

    async def receive() -> Message:
        if inbox:
            return inbox.pop(0)
        await done.wait()
        return {"type": "http.disconnect"}

    async def take(message: Message) -> None:
        if message["type"] == "http.response.body" and not message.get("more_body"):
            done.set()

    try:
        await app(scope_of(request), receive, take)
    except Exception:  # noqa: BLE001, S110 - recorded with the entry, and judged there
        pass


def scope_of(request: HttpRequest) -> dict[str, Any]:
    """The ASGI scope of a recorded request."""
    url = urlsplit(request.url)
    raw_path = url.path.encode("latin-1")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": request.http_version or "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": unquote_to_bytes(raw_path).decode("utf-8", "replace"),
        "raw_path": raw_path,
        "query_string": url.query.encode("latin-1"),
        "root_path": request.root_path,
        # lower-case, as ASGI has them: the recording may be of another kind of server
        "headers": [(name.lower(), value) for name, value in header_pairs(request.headers)],
        "client": request.client,
        "server": request.server,
        "state": {},
    }

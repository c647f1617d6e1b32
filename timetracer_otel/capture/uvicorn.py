"""uvicorn: any ASGI application that makes no SERVER span of its own gets one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from opentelemetry.context import Context, attach, get_current

from timetracer_otel.capture.asgi import with_server_span
from timetracer_otel.libraries import Library
from timetracer_otel.patching import Patch, PatchIfPresent, WhenImported
from timetracer_otel.recording import active_recorder, guarded
from timetracer_otel.recording.flow import CURRENT_FLOW

__all__ = ["LIBRARY"]


def _loading(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def load(self: Any) -> None:
        original(self)
        with guarded("uvicorn load"):
            self.loaded_app = with_server_span(self.loaded_app)

    return load


def _running(original: Callable[..., Any]) -> Callable[..., Any]:
    """A pipelined request is started by the end of the one before, in a copy of its context.

    It would be a part of that trace, whose entry is another request: nothing would be recorded.
    """

    @wraps(original)
    async def run_asgi(self: Any, app: Any) -> None:
        with guarded("uvicorn request"):
            _leave_trace()
        await original(self, app)

    return run_asgi


def _leave_trace() -> None:
    """In the task of a request, which nobody else runs in: there is nothing to go back to."""
    if active_recorder() is not None and get_current():
        attach(Context())
        CURRENT_FLOW.set(None)


_CYCLE = "RequestResponseCycle.run_asgi"

LIBRARY = Library(
    name="uvicorn",
    protocol="http",
    module="uvicorn",
    distribution="uvicorn",
    versions=">=0.29",
    changes=(
        Patch("uvicorn.config:Config.load", _loading),
        *(
            WhenImported(module, (PatchIfPresent(f"{module}:{_CYCLE}", _running),))
            for module in (
                "uvicorn.protocols.http.h11_impl",
                "uvicorn.protocols.http.httptools_impl",
            )
        ),
    ),
)

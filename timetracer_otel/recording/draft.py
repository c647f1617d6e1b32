"""An interaction while it happens: references only, nothing encoded."""

from __future__ import annotations

from time import monotonic_ns
from typing import TYPE_CHECKING, Literal

from timetracer_otel.interaction.failures import Failure

if TYPE_CHECKING:
    from timetracer_otel.interaction.body import Body
    from timetracer_otel.recording.flow import Flow
    from timetracer_otel.recording.trace import TraceRecord

__all__ = ["Draft", "Scope"]

Scope = Literal["trace", "bootstrap"]
"""`bootstrap`: connection-scoped traffic, no part of a request's sequence."""


class Draft:
    """Filled by a capture module on the request path, encoded by its protocol on the worker.

    `request` and `response` are the capture module's own references, in the shape that its
    protocol's `encode_request` and `encode_response` expect. An open draft keeps its trace
    open (whoever makes it counts it there); `answered` or `failed` closes it, once.

    `is_open` while neither an answer nor an error has come.

    An error is taken down at once: keeping the exception would keep the frames it passed
    through, and all that lives in them.
    """

    __slots__ = (
        "duration_ns",
        "error",
        "flow",
        "is_open",
        "library",
        "parent_span_id",
        "protocol",
        "raised",
        "request",
        "response",
        "scope",
        "span_id",
        "stage",
        "started_ns",
        "trace",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - one field each
        self,
        trace: TraceRecord,
        protocol: str,
        library: str,
        request: object,
        scope: Scope = "trace",
        flow: Flow | None = None,
        span_id: int = 0,
        parent_span_id: int = 0,
    ) -> None:
        self.trace = trace
        self.protocol = protocol
        self.library = library
        self.request = request
        self.response: object = None
        self.error: Failure | None = None
        self.raised: Failure | None = None
        self.stage = ""
        self.scope: Scope = scope
        self.flow = flow
        self.span_id = span_id
        self.parent_span_id = parent_span_id
        self.duration_ns = 0
        self.is_open = True
        self.started_ns = monotonic_ns()

    @property
    def path(self) -> str:
        """Where in its request it was made: put together when it is asked for."""
        return self.flow.path if self.flow is not None else ""

    def body(self) -> Body:
        """A new body of this interaction; its trace stays open until it is finished."""
        return self.trace.new_body()

    def whole_body(self, data: bytes) -> Body:
        """A body of this interaction that is there as a whole."""
        return self.trace.whole_body(data)

    def answered(self, response: object) -> None:
        """The outcome is an answer; replaces an error given before."""
        self.response = response
        self.error = None
        if self.is_open:
            self.is_open = False
            self.duration_ns = monotonic_ns() - self.started_ns
            self.trace.closed()

    def answering(self, response: object) -> Body:
        """The same, where its body is still to come: that holds the trace open in its place."""
        self.response = response
        self.error = None
        if not self.is_open:
            return self.trace.new_body()
        self.is_open = False
        self.duration_ns = monotonic_ns() - self.started_ns
        return self.trace.new_body(counted=True)

    def failed(self, error: BaseException, stage: str) -> None:
        """The outcome is an exception, raised at `stage`; replaces an answer given before."""
        self.error = Failure.of(error)
        self.stage = stage
        self._close()

    def also_raised(self, error: BaseException) -> None:
        """The application raised `error` besides answering."""
        self.raised = Failure.of(error)

    def abandon(self) -> None:
        """Close without an outcome: nothing of it is kept."""
        self._close()

    def _close(self) -> None:
        if self.is_open:
            self.is_open = False
            self.duration_ns = monotonic_ns() - self.started_ns
            self.trace.closed()

"""What a recording answers to a call at a database driver."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from timetracer_otel.dbapi_calls import Origin, place_of_connecting
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import RecordedError, decode_error
from timetracer_otel.protocols.sql import SqlInteraction, SqlResponse
from timetracer_otel.replay.database_servers import recorded_server
from timetracer_otel.replay.recorded_failures import fail_again
from timetracer_otel.replay.sessions import answer, take_if_recorded
from timetracer_otel.values import decode

__all__ = [
    "Reading",
    "asked",
    "found_for",
    "found_if_recorded",
    "raise_recorded_refusal",
    "recorded_facts",
    "told",
]


def asked(
    origin: Origin,
    operation: str,
    statement: object = "",
    parameters: object = None,
    wait: Callable[[float], None] = lambda _: None,
) -> SqlInteraction:
    """The recorded answer; raises the recorded error.

    `wait` lets other tasks run for seconds: what was cancelled is waited for, to be cancelled
    again.
    """
    recorded = found_for(origin, operation, statement, parameters)
    if recorded.error is not None:
        fail_again(recorded.title, recorded.error, wait)
    return recorded


def found_for(
    origin: Origin, operation: str, statement: object = "", parameters: object = None
) -> SqlInteraction:
    """What was recorded of this call, an error or an answer."""
    ref = origin.ref(operation, statement, parameters)
    ref.server = recorded_server(ref.system, ref.server)
    recorded = answer("sql", origin.library, ref, origin.scope)
    if not isinstance(recorded, SqlInteraction):
        raise TypeError(f"{recorded.title} is no SQL interaction")
    return recorded


def found_if_recorded(origin: Origin, operation: str) -> SqlInteraction | None:
    """What was recorded of a call that waits for what may never come; None if nothing was."""
    ref = origin.ref(operation, "", None)
    ref.server = recorded_server(ref.system, ref.server)
    recorded = take_if_recorded("sql", ref, origin.scope)
    return recorded if isinstance(recorded, SqlInteraction) else None


def told(recorded: SqlInteraction) -> Any:
    """What a call gave that gives one value."""
    return decode(recorded.response.extra.get("returned")) if recorded.response else None


def raise_recorded_refusal(origin: Origin, operation: str = "connect") -> None:
    """A connection that was refused in this request is refused again, at the same place in it.

    So is any other `operation` of which only a failure is noted.
    """
    ref = origin.ref(operation, "", place_of_connecting())
    ref.server = recorded_server(ref.system, ref.server)
    refused = take_if_recorded("sql", ref)
    if refused is not None and getattr(refused, "error", None) is not None:
        raise decode_error(refused.error)  # type: ignore[arg-type]


def recorded_facts(origin: Origin, options: object = None) -> dict[str, Any]:
    """What the server told of itself when it was connected to with `options`; in the bootstrap."""
    ref = origin.ref("connect", "", options)
    ref.server = recorded_server(ref.system, ref.server)
    recorded = answer("sql", origin.library, ref, "bootstrap")
    response = recorded.response if isinstance(recorded, SqlInteraction) else None
    found: Any = decode(response.extra.get("facts", {})) if response is not None else {}
    return dict(found)


class Reading:
    """A recorded answer while it is read.

    Its rows are tuples, as the driver would have made them before any row factory.
    """

    def __init__(self, recorded: SqlInteraction) -> None:
        response = recorded.response or SqlResponse()
        if response.truncated:
            raise CannotReplay(
                subject=recorded.title,
                reason=f"only {len(response.rows):,} of its rows were kept when it was recorded",
                hint="raise `max_rows` or `max_trace_kb` and record it again",
            )
        self.columns: list[Any] | None = None
        if response.columns is not None:
            self.columns = [decode(column) for column in response.columns]
        self.rows = [tuple(decode(cell) for cell in row) for row in response.rows]
        self.rowcount = response.rowcount
        self.lastrowid: Any = decode(response.lastrowid)
        self.extra: dict[str, Any] = {k: decode(v) for k, v in response.extra.items()}
        self.next = 0
        self._broken: RecordedError | None = response.error
        self.has_failed = response.error is not None

    @property
    def is_read(self) -> bool:
        """Whether all rows have been taken."""
        return self.next >= len(self.rows)

    @property
    def breaks_off(self) -> bool:
        """Whether an error ended the fetching."""
        return self._broken is not None

    def broken(self) -> BaseException | None:
        """The error that ended it, once."""
        if self._broken is None:
            return None
        error, self._broken = decode_error(self._broken), None
        return error

    def take(self, size: int | None) -> list[Any]:
        """The next rows; raises the recorded error where it ended the fetching."""
        end = len(self.rows) if size is None else self.next + size
        if self._broken is not None and (size is None or end > len(self.rows)):
            error, self._broken = decode_error(self._broken), None
            raise error
        found = self.rows[self.next : end]
        self.next += len(found)
        return found

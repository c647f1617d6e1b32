"""The classes between psycopg2's own in C and what derives from those, while recording."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from timetracer_otel.capture.postgresql import SETTINGS
from timetracer_otel.capture.psycopg2_async import Polled
from timetracer_otel.capture.psycopg2_cursors import cursor_class
from timetracer_otel.capture.psycopg2_parts import (
    ASKED_OF_CONNECTIONS,
    psycopg2_origin,
    said_besides,
)
from timetracer_otel.dbapi_calls import Origin
from timetracer_otel.dbapi_classes import noted_question, under
from timetracer_otel.recording import guarded

__all__ = ["connection_class"]


@cache
def connection_class() -> type[Any]:  # noqa: C901 - the methods of one class
    """The class below every connection that is recorded."""
    from psycopg2.extensions import ConnectionInfo, connection, cursor

    class Connection(connection):  # type: ignore[misc]  # it ships no types
        _timetracer_origin: Origin | None = None
        _timetracer_polled: Polled | None = None

        def __init__(self, dsn: Any, *args: Any, **keywords: Any) -> None:
            super().__init__(dsn, *args, **keywords)
            with guarded("psycopg2 connection"):
                self._timetracer_origin = psycopg2_origin(dsn)
                if self.async_:
                    self._timetracer_polled = Polled(self._timetracer_origin)
                else:
                    self._timetracer_opened()

        def _timetracer_opened(self) -> None:
            origin = self._timetracer_origin
            if origin is None:
                return
            with origin.setting_up():
                call = origin.begin("connect")
            if call is not None:
                call.answer.extra["facts"] = _facts(self)
                call.finish()

        def close(self) -> Any:
            with guarded("psycopg2 close"):
                if self._timetracer_polled is not None:
                    self._timetracer_polled.closes()
            return super().close()

        def cursor(self, *args: Any, **keywords: Any) -> Any:
            with guarded("psycopg2 cursor"):
                args, keywords = _with_recording_cursor(self, args, keywords, cursor)
            return super().cursor(*args, **keywords)

        def commit(self) -> Any:
            asked = ("commit", "", None)
            return noted_question(self._timetracer_origin, asked, super().commit)

        def rollback(self) -> Any:
            """Its success says nothing; a failure is noted."""
            try:
                return super().rollback()
            except BaseException as error:
                with guarded("psycopg2 rollback"):
                    origin = self._timetracer_origin
                    call = origin.begin("rollback") if origin is not None else None
                    if call is not None:
                        call.failed(error, "rollback")
                raise

        @property
        def info(self) -> Any:
            found = super().info
            return _info_class()(self) if type(found) is ConnectionInfo else found

    for name in ASKED_OF_CONNECTIONS:
        setattr(Connection, name, _asking(Connection, getattr(connection, name)))
    return Connection


@cache
def _info_class() -> type[Any]:
    """psycopg2's own, but for what is another one each time."""
    from psycopg2.extensions import ConnectionInfo

    class Info(ConnectionInfo):  # type: ignore[misc]  # it ships no types
        def __init__(self, connection: Any) -> None:
            super().__init__(connection)
            self._timetracer_connection = connection

        @property
        def backend_pid(self) -> Any:
            return self._timetracer_connection.get_backend_pid()

    Info.__name__, Info.__qualname__ = ConnectionInfo.__name__, ConnectionInfo.__qualname__
    Info.__module__ = ConnectionInfo.__module__
    return Info


def _asking(kind: type[Any], original: Any) -> Callable[..., Any]:
    @wraps(original)
    def ask(self: Any, *args: Any) -> Any:
        polled = self._timetracer_polled
        if polled is not None and original.__name__ == "poll":
            return polled.poll(super(kind, self).poll, self, self._timetracer_opened)
        asked = (original.__name__, "", [str(argument) for argument in args] or None)
        call = lambda: getattr(super(kind, self), original.__name__)(*args)  # noqa: E731
        return noted_question(
            self._timetracer_origin, asked, call, lambda noted: said_besides(noted, self)
        )

    return ask


def _with_recording_cursor(
    connection: Any, args: tuple[Any, ...], keywords: dict[str, Any], base: type[Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of `cursor`, for a cursor that is recorded."""
    given = args[1] if len(args) > 1 else keywords.get("cursor_factory")
    factory = given or connection.cursor_factory or base
    if not isinstance(factory, type):
        return args, keywords
    factory = under(factory, cursor_class())
    if len(args) > 1:
        return (args[0], factory, *args[2:]), keywords
    return args, {**keywords, "cursor_factory": factory}


def _facts(connection: Any) -> dict[str, Any]:
    """What the server says of itself and of the connection, the process number left out."""
    info = connection.info
    named = ("dbname", "user", "host", "port", "ssl_in_use", "socket")
    statuses = {name: connection.get_parameter_status(name) for name in SETTINGS}
    return {
        "server_version": connection.server_version,
        "protocol_version": connection.protocol_version,
        "encoding": connection.encoding,
        "dsn": connection.dsn,
        "info": {name: getattr(info, name) for name in named if name != "socket"},
        "dsn_parameters": connection.get_dsn_parameters(),
        "parameters": {name: text for name, text in statuses.items() if text is not None},
    }

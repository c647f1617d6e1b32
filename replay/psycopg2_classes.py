"""The classes between psycopg2's own in C and what derives from those, in a replay.

A connection is made without the initialisation in C, which would connect: so nothing of C may be
called that looks into it. Every name of the class is either ours or asks the recording.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from typing import Any

from timetracer_otel.capture.psycopg2_parts import ASKED_OF_CONNECTIONS, psycopg2_origin
from timetracer_otel.dbapi_classes import under
from timetracer_otel.errors import CannotReplay
from timetracer_otel.interaction import decode_error
from timetracer_otel.replay.database_answers import asked, found_for, recorded_facts, told
from timetracer_otel.replay.psycopg2_async import Polling

__all__ = ["connection_class"]

_LEVELS = {
    "DEFAULT": None,
    "READ COMMITTED": 1,
    "REPEATABLE READ": 2,
    "SERIALIZABLE": 3,
    "READ UNCOMMITTED": 4,
}
_IDLE, _IN_TRANSACTION, _IN_ERROR = 0, 2, 3

_NOT_RECORDED = ("cancel", "get_native_connection", "lobject")


class _Settings:
    """What is set at a connection and asked back; nothing of it goes to a server."""

    _replayed_autocommit = False
    _replayed_level: int | None = None
    _replayed_readonly: bool | None = None
    _replayed_deferrable: bool | None = None
    _replayed_transaction = _IDLE

    def _replayed_may_set(self) -> None:
        if self._replayed_transaction != _IDLE:
            from psycopg2 import ProgrammingError

            raise ProgrammingError("set_session cannot be used inside a transaction")

    def set_session(
        self,
        isolation_level: Any = None,
        readonly: Any = None,
        deferrable: Any = None,
        autocommit: Any = None,
    ) -> None:
        self._replayed_may_set()
        if isolation_level is not None:
            self._replayed_level = _level(isolation_level)
        if readonly is not None:
            self._replayed_readonly = _choice(readonly)
        if deferrable is not None:
            self._replayed_deferrable = _choice(deferrable)
        if autocommit is not None:
            self._replayed_autocommit = bool(autocommit)

    def set_isolation_level(self, level: int) -> None:
        self._replayed_transaction = _IDLE
        self._replayed_autocommit = level == 0
        if level:
            self._replayed_level = _level(level)

    @property
    def autocommit(self) -> bool:
        return self._replayed_autocommit

    @autocommit.setter
    def autocommit(self, value: Any) -> None:
        self.set_session(autocommit=value)

    @property
    def isolation_level(self) -> int | None:
        return self._replayed_level

    @isolation_level.setter
    def isolation_level(self, value: Any) -> None:
        self.set_session(isolation_level="DEFAULT" if value is None else value)

    @property
    def readonly(self) -> bool | None:
        return self._replayed_readonly

    @readonly.setter
    def readonly(self, value: Any) -> None:
        self.set_session(readonly="DEFAULT" if value is None else value)

    @property
    def deferrable(self) -> bool | None:
        return self._replayed_deferrable

    @deferrable.setter
    def deferrable(self, value: Any) -> None:
        self.set_session(deferrable="DEFAULT" if value is None else value)


def _level(value: Any) -> int | None:
    if isinstance(value, str):
        return _LEVELS[value.upper()]
    return None if value == 5 else value  # noqa: PLR2004 - ISOLATION_LEVEL_DEFAULT


def _choice(value: Any) -> bool | None:
    return None if isinstance(value, str) and value.upper() == "DEFAULT" else bool(value)


@cache
def connection_class() -> type[Any]:  # noqa: C901 - the methods of one class
    """The class below every connection of a replay."""
    from psycopg2.extensions import Xid, connection, cursor

    from timetracer_otel.replay.psycopg2_cursors import cursor_class

    class Connection(_Settings, connection):  # type: ignore[misc]  # it ships no types
        def __init__(self, dsn: Any, asynchronous: Any = False, **__: Any) -> None:
            self._replayed_origin = psycopg2_origin(dsn)
            self._replayed_polling = Polling(self._replayed_origin) if asynchronous else None
            self._replayed_autocommit = bool(asynchronous)
            self._replayed_facts = self._replayed_told_first(dsn)
            self._replayed_closed = 0
            self._replayed_pipe: tuple[int, int] | None = None
            self.notices: list[str] = []
            self.notifies: list[Any] = []

        def _replayed_told_first(self, dsn: Any) -> dict[str, Any]:
            if self._replayed_polling is not None and self._replayed_polling.is_refused:
                return _facts_of_nothing(dsn)
            return recorded_facts(self._replayed_origin)

        def __repr__(self) -> str:
            place = f"{id(self):#x}"
            return f"<connection object at {place}; dsn: '{self.dsn}', closed: {self.closed}>"

        __str__ = __repr__

        def _replayed_ask(self, operation: str, statement: Any = "", parameters: Any = None) -> Any:
            try:
                recorded = asked(self._replayed_origin, operation, statement, parameters)
            except Exception as error:
                self._replayed_failed(error)
                raise
            self._replayed_answered(recorded)
            return recorded

        def _replayed_failed(self, error: Exception) -> None:
            inside = self._replayed_transaction != _IDLE or not self.autocommit
            if inside and getattr(error, "pgcode", None):
                self._replayed_transaction = _IN_ERROR
            if _ends_connection(error):
                self._replayed_closed = 2

        def _replayed_answered(self, recorded: Any) -> None:
            extra = recorded.response.extra if recorded.response else {}
            usual = _IDLE if self.autocommit else _IN_TRANSACTION
            self._replayed_transaction = extra.get("transaction", usual)
            self._replayed_tell(extra)

        def _replayed_ask_later(self, asking: tuple[Any, ...], answered: Any) -> None:
            """The answer, or the error, comes when the connection is polled."""

            def come(found: Any) -> None:
                if found.error is not None:
                    error: Any = decode_error(found.error)
                    self._replayed_failed(error)
                    raise error
                self._replayed_answered(found)
                answered(found)

            polling: Any = self._replayed_polling
            polling.asks(lambda: found_for(self._replayed_origin, *asking), come)

        def _replayed_tell(self, extra: dict[str, Any]) -> None:
            from psycopg2.extensions import Notify

            if "notices" in extra:
                self.notices[:] = extra["notices"]
            if "notifies" in extra:
                told = [Notify(*said) for said in extra["notifies"]]
                self.notifies[:] = [*self.notifies, *told] if self.async_ else told

        def cursor(
            self,
            name: Any = None,
            cursor_factory: Any = None,
            scrollable: Any = None,
            withhold: Any = False,
        ) -> Any:
            self._replayed_must_be_open()
            factory = cursor_factory or self.cursor_factory or cursor
            made = under(factory, cursor_class()) if isinstance(factory, type) else factory
            found = made(self, name) if name is not None else made(self)
            found._replayed_scrollable, found._replayed_withhold = scrollable, bool(withhold)
            return found

        def _replayed_must_be_open(self) -> None:
            if self._replayed_closed:
                from psycopg2 import InterfaceError

                raise InterfaceError("connection already closed")

        def _replayed_must_wait(self, name: str) -> None:
            if self._replayed_polling is not None:
                from psycopg2 import ProgrammingError

                raise ProgrammingError(f"{name} cannot be used in asynchronous mode")

        def commit(self) -> None:
            self._replayed_ask("commit")  # of a closed one, too: that was noted as well
            self._replayed_transaction = _IDLE

        def rollback(self) -> None:
            self._replayed_must_be_open()
            self._replayed_must_wait("rollback")
            self._replayed_transaction = _IDLE

        def close(self) -> None:
            self._replayed_closed = self._replayed_closed or 1
            pipe, self._replayed_pipe = self._replayed_pipe, None
            for end in pipe or ():
                os.close(end)
            if self._replayed_polling is not None:
                self._replayed_polling.close()

        def reset(self) -> None:
            self._replayed_must_be_open()
            self.__dict__.update(
                _replayed_autocommit=False,
                _replayed_level=None,
                _replayed_readonly=None,
                _replayed_deferrable=None,
                _replayed_transaction=_IDLE,
            )

        def __enter__(self) -> Any:
            self._replayed_must_be_open()
            return self

        def __exit__(self, kind: object, *_: object) -> None:
            if kind is None:
                self.commit()
            else:
                self.rollback()

        def fileno(self) -> int:
            """Of something that can be read at once: what is to be heard has been recorded."""
            if self._replayed_polling is not None:
                return self._replayed_polling.fileno()
            if self._replayed_pipe is None:
                self._replayed_pipe = os.pipe()
                os.write(self._replayed_pipe[1], b"\0")
            return self._replayed_pipe[0]

        def xid(self, format_id: int, gtrid: str, bqual: str) -> Any:
            return Xid(format_id, gtrid, bqual)

        def isexecuting(self) -> bool:
            return self._replayed_polling is not None and self._replayed_polling.is_waiting

        def set_client_encoding(self, encoding: str) -> None:
            self._replayed_facts["encoding"] = str(encoding).upper().replace("-", "")

        def get_transaction_status(self) -> int:
            return self._replayed_transaction

        def get_parameter_status(self, name: str) -> Any:
            return self._replayed_facts["parameters"].get(name)

        def get_dsn_parameters(self) -> Any:
            return dict(self._replayed_facts["dsn_parameters"])

        @property
        def status(self) -> int:
            return 1 if self.autocommit or self._replayed_transaction == _IDLE else 2

        @property
        def closed(self) -> int:
            return self._replayed_closed

        @property
        def info(self) -> Any:
            return _info(self)

        async_ = property(lambda self: int(self._replayed_polling is not None))
        string_types = property(lambda self: self.__dict__.setdefault("_replayed_strings", {}))
        binary_types = property(lambda self: self.__dict__.setdefault("_replayed_binaries", {}))
        pgconn_ptr = property(lambda _: None)

    for name in ("dsn", "encoding", "protocol_version", "server_version"):
        setattr(Connection, name, _fact(name))
    for name in ASKED_OF_CONNECTIONS:
        setattr(Connection, name, _asking(name))
    for name in _NOT_RECORDED:
        setattr(Connection, name, _refusing(name))
    setattr(Connection, "async", Connection.async_)
    return Connection


def _facts_of_nothing(dsn: str) -> dict[str, Any]:
    """What a connection that never opened says: what it was given."""
    from psycopg2.extensions import parse_dsn

    given = {name: text for name, text in parse_dsn(dsn).items() if name != "password"}
    return {
        "dsn": dsn,
        "encoding": "",
        "protocol_version": 0,
        "server_version": 0,
        "info": given,
        "dsn_parameters": given,
        "parameters": {},
    }


def _ends_connection(error: Exception) -> bool:
    code = getattr(error, "pgcode", None)
    text = str(error)
    return code in ("57P01", "57P02", "57P03") or "server closed the connection" in text


def _fact(name: str) -> property:
    return property(lambda self: self._replayed_facts[name])


def _asking(name: str) -> Callable[..., Any]:
    def ask(self: Any, *args: Any) -> Any:
        if name == "poll" and self._replayed_polling is not None:
            return self._replayed_polling.poll()
        before = self._replayed_transaction
        found = told(self._replayed_ask(name, "", [str(argument) for argument in args] or None))
        if name in ("poll", "get_backend_pid"):
            self._replayed_transaction = before
        elif name in ("tpc_commit", "tpc_rollback", "tpc_prepare"):
            self._replayed_transaction = _IDLE
        return found

    ask.__name__ = name
    return ask


def _refusing(name: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        reason = "what it does was not recorded: only statements and values are"
        raise CannotReplay(subject=f"`{name}` of a connection", reason=reason)

    refuse.__name__ = name
    return refuse


def _info(connection: Any) -> Any:
    """psycopg2's `ConnectionInfo`, with what was recorded of the connection."""
    return _info_class()(connection)


@cache
def _info_class() -> type[Any]:
    from psycopg2.extensions import ConnectionInfo

    def of_info(name: str) -> property:
        return property(lambda self: self._connection._replayed_facts["info"].get(name))

    def init(self: Any, connection: Any) -> None:
        self._connection = connection

    methods = {
        "__init__": init,
        "__module__": ConnectionInfo.__module__,
        "__new__": lambda kind, _: ConnectionInfo.__new__(kind),
        "parameter_status": lambda self, name: self._connection.get_parameter_status(name),
        "dsn_parameters": property(lambda self: self._connection.get_dsn_parameters()),
        "server_version": property(lambda self: self._connection.server_version),
        "protocol_version": property(lambda self: self._connection.protocol_version),
        "transaction_status": property(lambda self: self._connection.get_transaction_status()),
        "status": property(lambda self: int(bool(self._connection.closed))),
        "backend_pid": property(lambda self: self._connection.get_backend_pid()),
        "password": property(lambda _: None),
        "error_message": property(lambda _: None),
        "needs_password": property(lambda _: False),
        "used_password": property(lambda _: False),
        "ssl_attribute_names": property(lambda _: []),
        "ssl_attribute": lambda *_: None,
        "socket": property(lambda self: self._connection.fileno()),
        "options": property(lambda self: self._connection.get_dsn_parameters().get("options")),
    }
    for name in ("dbname", "user", "host", "port", "ssl_in_use"):
        methods[name] = of_info(name)
    return type("ConnectionInfo", (ConnectionInfo,), methods)

"""The calls of mysqlclient, for recording and for replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from timetracer_otel.dbapi_calls import Call, Origin, place_of_connecting
from timetracer_otel.mysql_calls import statement_given

__all__ = ["ASKED", "FACTS", "State", "facts_of", "mysqlclient_origin", "options_given", "state_of"]

ASKED = ("commit", "kill", "select_db", "sqlstate", "stat", "thread_id")
"""Methods of a connection that ask the server, or whose answer is another one each time."""

FACTS = (
    "character_set_name",
    "get_character_set_info",
    "get_host_info",
    "get_proto_info",
    "get_server_info",
    "get_autocommit",
)
"""What a connection can be asked at any time, by the methods that tell it."""

_OPTIONS = ("autocommit", "charset", "client_flag", "collation", "multi_statements")
_NAMES = ("host", "user", "password", "database", "port", "unix_socket")


def mysqlclient_origin(args: tuple[Any, ...], keywords: Mapping[str, Any]) -> Origin:
    """Where the calls of a connection come from, by what it is made with; no user, no password."""
    given = dict(zip(_NAMES, args, strict=False)) | dict(keywords)
    database = given.get("database", given.get("db")) or ""
    if isinstance(database, bytes):
        database = database.decode("utf-8", "replace")
    where = given.get("unix_socket") or f"{given.get('host') or ''}:{given.get('port') or 3306}"
    server = f"{where}/{database}"
    origin = Origin(library="mysqlclient", system="mysql", driver="mysqlclient", server=server)
    origin.spanned = True
    return origin


def options_given(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a connection that decide what it says of itself."""
    return {name: keywords[name] for name in _OPTIONS if keywords.get(name) is not None}


def facts_of(connection: Any) -> dict[str, Any]:
    """What a connection says of itself once it is open."""
    found: dict[str, Any] = {name: getattr(connection, name)() for name in FACTS}
    found["client_flag"] = connection.client_flag
    found["server_capabilities"] = connection.server_capabilities
    found["port"] = connection.port
    return found


@dataclass(slots=True)
class _Shown:
    """An answer as a cursor shows it."""

    description: Any
    rowcount: int
    lastrowid: Any


@dataclass(slots=True)
class State:
    """A recorded connection: the call whose answer is not read yet, and what is set."""

    origin: Origin
    pending: Call | None = None
    autocommit: bool = True
    statement: str = ""
    number: int = 0
    noted: BaseException | None = None

    def apart(self) -> Origin:
        """For what does not depend on the settings of the connection."""
        origin = Origin(
            library="mysqlclient", system="mysql", driver="mysqlclient", server=self.origin.server
        )
        origin.scope = "bootstrap"
        return origin

    def asked(self, connection: Any, query: Any) -> None:
        """A statement is about to be sent."""
        self.end()
        statement, parameters = statement_given(connection, query)
        self.statement, self.number = statement, 0
        self.pending = self.origin.begin("execute", statement, parameters)

    def goes_on(self) -> None:
        """The next result of the statement is asked for."""
        self.end()
        self.number += 1
        self.pending = self.origin.begin("next_result", self.statement, self.number)

    def failed(self, error: BaseException) -> None:
        """What is pending was refused."""
        call, self.pending = self.pending, None
        if call is not None:
            call.failed(error, "execute")
            self.noted = error

    def failed_beside(self, operation: str, error: BaseException) -> None:
        """What says nothing when it succeeds has failed; once noted, an error is not again."""
        if error is not self.noted:
            call = self.origin.begin(operation, "", place_of_connecting())
            if call is not None:
                call.failed(error, operation)
        self.noted = None

    def shown(self, connection: Any, description: Any) -> _Shown:
        """The answer that has just come."""
        return _Shown(description, connection.affected_rows(), connection.insert_id())

    def end(self) -> None:
        """Nothing more of the last answer is wanted."""
        call, self.pending = self.pending, None
        if call is not None:
            call.finish()

    def refused(self, error: BaseException) -> None:
        """The connection could not be opened."""
        self.end()
        self.origin.scope = "trace"
        self.failed_beside("connect", error)


def state_of(connection: Any) -> State | None:
    """That of a connection that is recorded."""
    found: State | None = vars(connection).get("_timetracer_state")
    return found

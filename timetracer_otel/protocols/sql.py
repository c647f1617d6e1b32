"""SQL over DB-API: how a statement is described, encoded, matched and titled."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from timetracer_otel.interaction.failures import Failure, encode_error
from timetracer_otel.interaction.parts import InteractionBase, Part, RecordedError
from timetracer_otel.protocols.differences import named_differences
from timetracer_otel.protocols.protocol import Protocol
from timetracer_otel.protocols.sql_hiding import hidden
from timetracer_otel.protocols.sql_order import column_order, unordered
from timetracer_otel.protocols.volatile import loosened, pairs_between
from timetracer_otel.values import encode, encode_rows

__all__ = [
    "SQL",
    "SqlInteraction",
    "SqlRequest",
    "SqlRequestRef",
    "SqlResponse",
    "SqlResponseRef",
]


@dataclass(slots=True)
class SqlRequestRef:
    """A call at the driver.

    `operation` is its method's name (``execute``, ``commit``), or that of an attribute that was
    read (``.autocommit``). `server` is where it goes; `after` are the settings of its connection
    so far, for a call that sets the connection up.
    """

    operation: str
    system: str
    driver: str
    statement: str = ""
    parameters: object = None
    server: str = ""
    after: tuple[str, ...] = ()


@dataclass(slots=True)
class SqlResponseRef:
    """What the cursor held afterwards; `rows` are those the application fetched, in order.

    `error` is what ended the fetching.
    """

    description: object = None
    rows: list[Any] = field(default_factory=list)
    rowcount: int = -1
    lastrowid: object = None
    extra: dict[str, object] = field(default_factory=dict)
    truncated: bool = False
    error: Failure | None = None


class SqlRequest(Part):
    """One call at the driver.

    `system` is OTel's ``db.system.name``; `server` says which of several (a file's path, or
    ``db.example:5432/shop``), as the application named it, and without a password. `after` says
    what had been set on a connection that is still being set up.
    """

    operation: str
    system: str
    driver: str = ""
    server: str = ""
    statement: str = ""
    parameters: Any = None
    after: list[str] = []


class SqlResponse(Part):
    """What a cursor held.

    Columns are as the driver's description gives them (encoded), rows lists of values, or objects
    where the driver gave dicts.
    `extra` holds what else the call gave: `returned`, where it was neither None nor the cursor;
    `notices` of the server. `error` ended the fetching of the rows.
    """

    columns: list[Any] | None = None
    rows: list[Any] = []
    rowcount: int = -1
    lastrowid: Any = None
    extra: dict[str, Any] = {}
    truncated: bool = False
    error: RecordedError | None = None


class SqlInteraction(InteractionBase, tag_field="protocol", tag="sql", kw_only=True):
    """One call at the driver and its outcome."""

    request: SqlRequest
    response: SqlResponse | None = None
    error: RecordedError | None = None


def encode_request(ref: SqlRequestRef) -> SqlRequest:
    """The call as the cassette keeps it."""
    return SqlRequest(
        operation=ref.operation,
        system=ref.system,
        driver=ref.driver,
        server=ref.server,
        statement=ref.statement,
        parameters=encode(ref.parameters),
        after=list(ref.after),
    )


def encode_response(ref: SqlResponseRef) -> SqlResponse:
    """The outcome as the cassette keeps it."""
    description: Any = ref.description
    columns = None if description is None else [_column(column) for column in description]
    return SqlResponse(
        columns=columns,
        rows=encode_rows(ref.rows),
        rowcount=ref.rowcount,
        lastrowid=encode(ref.lastrowid),
        extra={name: encode(value) for name, value in ref.extra.items()},
        truncated=ref.truncated,
        error=encode_error(ref.error, stage="fetch") if ref.error is not None else None,
    )


def _column(column: Any) -> Any:
    """The seven values of DB-API; and what psycopg (3.1 to 3.3) makes some of them from."""
    modifier = getattr(column, "_fmod", None)
    return encode(tuple(column) if modifier is None else (*column, modifier))


def title(request: SqlRequest) -> str:
    """The statement on one line, or the operation's name."""
    if request.operation == "connect":
        return f"CONNECT {request.server}".strip()
    return " ".join(request.statement.split()) or request.operation.upper()


_COMMENT = re.compile(r"\s*/\*.*?\*/\s*", re.DOTALL)
_SAVEPOINT = re.compile(
    r"(\s*(?:SAVEPOINT|RELEASE(?:\s+SAVEPOINT)?|ROLLBACK(?:\s+WORK)?\s+TO(?:\s+SAVEPOINT)?)\s+)"
    r"""("[^"]+"|`[^`]+`|\w+)\s*;?\s*""",
    re.IGNORECASE,
)
_GENERATED = re.compile(
    r"(?<=^sa_savepoint_)\d+$|(?<=^_pg3_)\d+$|(?<=^s)\d+_x\d+$|(?:[0-9a-f]{4,}-)*[0-9a-f]{12,}"
)
"""What SQLAlchemy counts, psycopg counts, Django takes from its thread, and others draw."""

_LONGEST_SAVEPOINT = 200

_CURSOR = re.compile(r"(?<=_django_curs_)\d+_(?:sync|\d+)_\d+")
"""Django names a server-side cursor by its thread, its task and a count of its connection's."""


def _meaning(request: SqlRequest) -> dict[str, Any]:
    """Without comments (sqlcommenter writes trace IDs there) and generated names."""
    statement = request.statement
    if "/*" in statement:
        statement = _COMMENT.sub(" ", statement).strip()
    if "_django_curs_" in statement:
        statement = _CURSOR.sub("N", statement)
    savepoint = _SAVEPOINT.fullmatch(statement) if len(statement) < _LONGEST_SAVEPOINT else None
    if savepoint is not None:
        statement = savepoint[1] + _GENERATED.sub("N", savepoint[2].strip('"`'))
    return {
        "operation": request.operation,
        "system": request.system,
        "server": request.server,
        "statement": statement,
        "parameters": _without_tuples(request.parameters),
        "after": request.after,
    }


def _without_tuples(parameters: Any) -> Any:
    """Drivers take a tuple or a list of parameters for the same."""
    if type(parameters) is dict:
        if list(parameters) == ["$tuple"]:
            return _without_tuples(parameters["$tuple"])
        return {name: _without_tuples(value) for name, value in parameters.items()}
    if type(parameters) is list:
        return [_without_tuples(value) for value in parameters]
    return parameters


def key(request: SqlRequest) -> str:
    """The match key: operation, statement, parameters by value."""
    return json.dumps(_meaning(request), ensure_ascii=False, sort_keys=True)


def _loose_meaning(request: SqlRequest) -> dict[str, Any]:
    """Without an order that says nothing: of columns, the members of a set, rows to be inserted."""
    meaning = _meaning(request)
    statement, parameters = unordered(meaning["statement"], meaning["parameters"], request.system)
    if request.operation == "executemany" and type(parameters) is list:
        parameters = sorted(parameters, key=json.dumps)
    return {**meaning, "statement": statement, "parameters": parameters}


def loose_key(request: SqlRequest) -> str:
    """The key with volatile literals as placeholders, whatever the order of columns and sets."""
    return json.dumps(loosened(_loose_meaning(request)), ensure_ascii=False, sort_keys=True)


def volatile_pairs(recorded: SqlRequest, live: SqlRequest) -> dict[str, str]:
    """Recorded literals to the live ones in their place."""
    return pairs_between(_loose_meaning(recorded), _loose_meaning(live))


def fitted(recorded: SqlInteraction, live: SqlRequest) -> SqlInteraction:
    """What was recorded with its columns in the order that `live` asks for."""
    response = recorded.response
    if response is None or not response.columns:
        return recorded
    before, after = (_meaning(request)["statement"] for request in (recorded.request, live))
    order = column_order(before, after, live.system)
    if order is None or len(order) != len(response.columns):
        return recorded
    rows = [
        [row[n] for n in order] if type(row) is list and len(row) == len(order) else row
        for row in response.rows
    ]
    columns = [response.columns[n] for n in order]
    return replace(recorded, response=replace(response, columns=columns, rows=rows))


def self_evident(request: SqlRequest) -> SqlResponse | None:
    """A commit that was not recorded ends its transaction; the verdict names it."""
    return SqlResponse() if request.operation == "commit" else None


def differences(recorded: SqlRequest, live: SqlRequest) -> list[str]:
    """What differs, each as ``$.parameters.id: recorded 1, asked 2``."""
    return named_differences(_meaning(recorded), _meaning(live))


SQL = Protocol(
    name="sql",
    interaction=SqlInteraction,
    encode_request=encode_request,
    encode_response=encode_response,
    title=title,
    key=key,
    loose_key=loose_key,
    differences=differences,
    refs=(SqlRequestRef, SqlResponseRef),
    hidden=hidden,
    volatile_pairs=volatile_pairs,
    self_evident=self_evident,
    fitted=fitted,
)

"""The exceptions of database drivers: what is kept of them, and how they are made again."""

from __future__ import annotations

from functools import cache
from typing import Any

from timetracer_otel.interaction import ErrorFamily, register_errors

__all__ = ["recorded_diagnostics", "register_database_errors"]


def _psycopg_info(error: BaseException) -> dict[str, Any]:
    """The server's report by field code, as psycopg's own pickling keeps it."""
    reduced = error.__reduce__()
    _, _, *states = reduced if isinstance(reduced, tuple) else (None, None)
    info = states[0].get("_info") if states and isinstance(states[0], dict) else None
    if not isinstance(info, dict):
        return {}
    return {"info": {int(code): text for code, text in info.items() if text is not None}}


def _build_psycopg(
    kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]
) -> BaseException:
    made: Any = kind
    info = attributes.pop("info", None)
    encoding = attributes.pop("_encoding", "utf-8")
    error: BaseException = made(*args, info=info, encoding=encoding) if info else made(*args)
    return error


_DIAGNOSTICS = [
    "column_name",
    "constraint_name",
    "context",
    "datatype_name",
    "internal_position",
    "internal_query",
    "message_detail",
    "message_hint",
    "message_primary",
    "schema_name",
    "severity",
    "severity_nonlocalized",
    "source_file",
    "source_function",
    "source_line",
    "sqlstate",
    "statement_position",
    "table_name",
]


def _psycopg2_state(error: BaseException) -> dict[str, Any]:
    diag = getattr(error, "diag", None)
    found = {name: getattr(diag, name, None) for name in _DIAGNOSTICS}
    return {"diag": {name: value for name, value in found.items() if value is not None}}


_DIAG = "_timetracer_diag"


def _build_psycopg2(
    kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]
) -> BaseException:
    error: Any = kind(*args)
    diagnostics = attributes.pop("diag", {})
    error.__setstate__({"pgcode": attributes.get("pgcode"), "pgerror": attributes.get("pgerror")})
    if diagnostics:
        setattr(error, _DIAG, diagnostics)
    built: BaseException = error
    return built


def recorded_diagnostics(error: BaseException) -> object:
    """psycopg2's `diag` of an error made again; None for a live one.

    psycopg2's own class reads the fields out of libpq's result, to which the error holds a
    pointer of C and which libpq lets nobody build: so a subclass has them.
    """
    fields = vars(error).get(_DIAG)
    if fields is None:
        return None
    from psycopg2.extensions import Diagnostics

    made: object = _diagnostics_with(Diagnostics)(error)
    return made


@cache
def _diagnostics_with(base: type[Any]) -> type[Any]:
    def field(name: str) -> property:
        return property(lambda self: vars(self)["_fields"].get(name))

    def init(self: Any, error: BaseException) -> None:
        vars(self)["_fields"] = vars(error)[_DIAG]

    members = {name: field(name) for name in _DIAGNOSTICS}
    return type(
        base.__name__, (base,), {"__init__": init, "__module__": base.__module__, **members}
    )


def _asyncpg_fields(error: BaseException) -> dict[str, Any]:
    names = [name for name in vars(error) if not name.startswith("__")]
    return {name: value for name, value in vars(error).items() if name in names}


def _build_asyncpg(
    kind: type[BaseException], args: tuple[Any, ...], attributes: dict[str, Any]
) -> BaseException:
    error = kind.__new__(kind, *args)
    error.args = args
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


def _link_pymysql(error: Any) -> None:
    """A connection that failed says of what."""
    if "traceback" in vars(error):
        error.original_exception = error.__cause__ or error.__context__


def _link_sqlalchemy(error: Any) -> None:
    """An error of an adapter holds the driver's (2.1), and has a code even where there is none."""
    if "orig" in vars(error) and error.orig is None:
        error.orig = error.__cause__
    if type(error).__module__ == "sqlalchemy.dialects.postgresql.asyncpg":
        for name in ("pgcode", "sqlstate"):  # 2.0 sets them to None, too
            if not hasattr(error, name):
                setattr(error, name, None)


def register_database_errors() -> None:
    """Every driver that SQLAlchemy is replayed over, and SQLAlchemy's own adapters."""
    register_errors(
        [
            ErrorFamily("sqlite3", ("sqlite_errorcode", "sqlite_errorname")),
            ErrorFamily("psycopg", ("_encoding",), _psycopg_info, _build_psycopg),
            ErrorFamily("psycopg2", ("pgcode", "pgerror"), _psycopg2_state, _build_psycopg2),
            ErrorFamily("asyncpg", (), _asyncpg_fields, _build_asyncpg),
            ErrorFamily("pymysql", ("traceback",), link=_link_pymysql),
            ErrorFamily("aiomysql"),
            ErrorFamily("MySQLdb"),
            ErrorFamily("aiosqlite"),
            ErrorFamily(
                "sqlalchemy", ("pgcode", "sqlstate", "code", "detail"), link=_link_sqlalchemy
            ),
        ]
    )

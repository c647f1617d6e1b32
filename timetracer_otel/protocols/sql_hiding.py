"""Where SQL may hold secrets and personal data: parameters, literals and rows, by their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from timetracer_otel.protocols.hiding import Hide, changed, hidden_error
from timetracer_otel.protocols.sql_columns import Columns, columns_of

if TYPE_CHECKING:
    from timetracer_otel.protocols.sql import SqlInteraction, SqlRequest, SqlResponse

__all__ = ["hidden"]

_MANY = 8


def hidden(interaction: SqlInteraction, hide: Hide) -> SqlInteraction:
    """The statement and its outcome as they may be seen."""
    columns = columns_of(interaction.request.statement)
    found: SqlInteraction = changed(
        interaction,
        request=_request(interaction.request, columns, hide),
        response=_response(interaction.response, columns, hide),
        error=hidden_error(interaction.error, hide),
    )
    return found


def _request(request: SqlRequest, columns: Columns, hide: Hide) -> SqlRequest:
    statement = request.statement
    for start, end, column in reversed(columns.literals):
        literal = statement[start:end]
        plain = literal.replace("''", "'")
        made = hide.text(plain, column)
        if made != plain:
            statement = statement[:start] + made.replace("'", "''") + statement[end:]
    shown = hide.look(statement)
    statement = request.statement if shown == request.statement else shown
    found: SqlRequest = changed(
        request,
        statement=statement,
        parameters=_parameters(request.parameters, columns, hide),
        after=hide.value(request.after),
    )
    return found


def _parameters(parameters: Any, columns: Columns, hide: Hide) -> Any:
    kind = type(parameters)
    if kind is dict:
        if len(parameters) == 1:
            tag, payload = next(iter(parameters.items()))
            if tag in ("$tuple", "$map"):
                made = (
                    _parameters(payload, columns, hide)
                    if tag == "$tuple"
                    else hide.value(parameters)[tag]
                )
                return parameters if made is payload else {tag: made}
            if tag[:1] == "$":
                return hide.value(parameters)
        made = {
            name: hide.value(value, columns.named.get(name, name))
            for name, value in parameters.items()
        }
        same = all(made[name] is value for name, value in parameters.items())
        return parameters if same else made
    if kind is list:
        if parameters and all(_is_row(item) for item in parameters):  # executemany
            made = [_parameters(item, columns, hide) for item in parameters]
        else:
            made = [
                hide.value(value, columns.placed(number)) for number, value in enumerate(parameters)
            ]
        same = all(one is other for one, other in zip(made, parameters, strict=True))
        return parameters if same else made
    return hide.value(parameters)


def _is_row(value: Any) -> bool:
    if type(value) is list:
        return True
    return type(value) is dict and (list(value) == ["$tuple"] or not list(value)[0].startswith("$"))  # noqa: RUF015


def _response(response: SqlResponse | None, columns: Columns, hide: Hide) -> SqlResponse | None:
    if response is None:
        return None
    names = [_name(column, columns) for column in response.columns or []]
    found: SqlResponse = changed(
        response,
        rows=_rows(response.rows, names, hide),
        lastrowid=hide.value(response.lastrowid),
        extra=hide.value(response.extra),
        error=hidden_error(response.error, hide),
    )
    return found


def _name(column: Any, columns: Columns) -> str:
    """A column's name, or that of what it is an alias of."""
    while type(column) is dict and column:
        column = next(iter(column.values()))
    name = column[0] if type(column) is list and column else ""
    return columns.aliases.get(name, name) if type(name) is str else ""


def _rows(rows: list[Any], names: list[str], hide: Hide) -> list[Any]:
    if len(rows) >= _MANY and names and all(type(r) is list and len(r) == len(names) for r in rows):
        return _by_columns(rows, names, hide)
    made = [_row(row, names, hide) for row in rows]
    return rows if all(one is other for one, other in zip(made, rows, strict=True)) else made


def _row(row: Any, names: list[str], hide: Hide) -> Any:
    if type(row) is not list or len(row) != len(names):
        return hide.value(row)
    made = [hide.value(value, name) for value, name in zip(row, names, strict=True)]
    return row if all(one is other for one, other in zip(made, row, strict=True)) else made


def _by_columns(rows: list[Any], names: list[str], hide: Hide) -> list[Any]:
    """Column by column: a column that holds nothing is seen to hold nothing in one look."""
    columns = list(zip(*rows, strict=True))
    made = [_column(column, name, hide) for column, name in zip(columns, names, strict=True)]
    if all(one is other for one, other in zip(made, columns, strict=True)):
        return rows
    return list(map(list, zip(*made, strict=True)))


def _column(column: tuple[Any, ...], name: str, hide: Hide) -> Any:
    made = hide.values(column, name)
    return column if all(one is other for one, other in zip(made, column, strict=True)) else made

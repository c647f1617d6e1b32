"""The cassettes of a folder, as one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import msgspec

from timetracer_otel.cassette import Cassette
from timetracer_otel.cassette.files import find, header_of, read
from timetracer_otel.encryption import Clear
from timetracer_otel.errors import CannotDecrypt, CassetteError
from timetracer_otel.protocols.http_parts import HttpInteraction

__all__ = ["Row", "newest"]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What a list says of one cassette. `status` is 0 where there was no answer.

    `missing_key` names the key without which no more can be said than stands in the clear.
    """

    file: str
    trace_id: str
    recorded_at: str
    service: str
    method: str
    route: str
    status: int
    error: str
    duration_us: int
    calls: int
    missing_key: str = ""


def newest(folder: Path, number: int) -> tuple[list[Row], int, int]:
    """The newest rows, traces together; the files that are no cassettes; the files in all.

    Raises `StoreError` for a folder that is not there. Days are read from the newest on, and
    no further than needed: a folder may hold months.
    """
    files = find(folder)
    rows: list[Row] = []
    broken = 0
    for day in _days(files):
        for path in day:
            try:
                rows.append(_row(path, read(path)))
            except CannotDecrypt as error:
                rows.append(_closed(path, error.key_id))
            except CassetteError:
                broken += 1
        if len(rows) >= number:
            break
    return _grouped(rows)[:number], broken, len(files)


def _days(files: Iterable[Path]) -> Iterator[list[Path]]:
    """Files by the folder they are in, last name first: the store names folders by date."""
    in_order = sorted(files, key=lambda path: (path.parent.name, str(path)), reverse=True)
    for _, day in groupby(in_order, key=lambda path: path.parent.name):
        yield list(day)


def _grouped(rows: list[Row]) -> list[Row]:
    """Newest first, with the other recordings of the same trace right behind."""
    latest: dict[str, str] = {}
    for row in rows:
        latest[row.trace_id] = max(latest.get(row.trace_id, ""), row.recorded_at)
    oldest_first = sorted(rows, key=lambda row: row.recorded_at)
    return sorted(oldest_first, key=lambda row: (latest[row.trace_id], row.trace_id), reverse=True)


def _row(path: Path, cassette: Cassette) -> Row:
    entry = cassette.entry
    method, route, status, error = "", "", 0, ""
    if isinstance(entry, HttpInteraction):
        method = entry.request.method
        route = entry.request.route or _path_of(entry.request.url)
        status = entry.response.status if entry.response is not None else 0
        failure = entry.error or entry.raised
        error = failure.type if failure is not None else ""
    elif cassette.test:
        method, route = "test", cassette.test
    elif cassette.interactions:
        route = cassette.interactions[0].title
    resource = cassette.resource[0] if cassette.resource else {}
    return Row(
        file=str(path),
        trace_id=cassette.trace_id,
        recorded_at=cassette.recorded_at,
        service=str(resource.get("service.name", "")),
        method=method,
        route=route,
        status=status,
        error=error,
        duration_us=cassette.duration_us,
        calls=len(cassette.interactions),
    )


def _closed(path: Path, key_id: str) -> Row:
    header = header_of(path)
    clear = header.timetracer if header is not None else Clear(trace_id="")  # mended meanwhile
    return Row(
        file=str(path),
        trace_id=clear.trace_id,
        recorded_at=clear.recorded_at,
        service=clear.service,
        method=clear.method,
        route=clear.route,
        status=clear.status,
        error=clear.error,
        duration_us=clear.duration_us or 0,
        calls=0,
        missing_key=key_id,
    )


def _path_of(url: str) -> str:
    _, _, rest = url.partition("://")
    return "/" + rest.partition("/")[2].partition("?")[0]

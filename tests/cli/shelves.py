"""Cassettes to list, show and validate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import replace

from timetracer_otel.cassette import Cassette
from timetracer_otel.exporters.files import FileStore
from timetracer_otel.interaction.parts import RecordedError
from timetracer_otel.protocols.http_parts import (
    BodyPart,
    HttpInteraction,
    HttpRequest,
    HttpResponse,
)
from timetracer_otel.protocols.sql import SqlInteraction, SqlRequest, SqlResponse

TRACEBACK = """Traceback (most recent call last):
  File "/usr/lib/python3.11/site-packages/starlette/routing.py", line 5, in app
    await self.app(scope)
  File "/srv/shop/loyalty.py", line 12, in points_for
    return cents // rate
TypeError: unsupported operand type(s)
"""


def checkout(**changes: Any) -> Cassette:
    """A checkout that failed, after one query and one call."""
    entry = HttpInteraction(
        id=0,
        library="asgi",
        title="POST http://shop/checkout",
        start_us=0,
        duration_us=48_000,
        request=HttpRequest(
            method="POST",
            url="http://shop/checkout",
            headers=["host: shop", "content-type: application/json"],
            route="/checkout",
            body=BodyPart(json={"customer": 3}, style="compact", size=14),
        ),
        response=HttpResponse(
            status=500, body=BodyPart(text="Internal Server Error", size=21), headers=["x-a: b"]
        ),
        raised=RecordedError(
            type="TypeError",
            module="builtins",
            args=["unsupported operand type(s)"],
            stage="application",
            traceback=TRACEBACK,
        ),
    )
    whole = Cassette(
        timetracer=1,
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
        recorded_at="2026-01-02T03:04:05.000000006Z",
        duration_us=50_000,
        resource=[{"service.name": "shop"}],
        entry=entry,
        interactions=[query(1), call(2)],
    )
    return replace(whole, **changes)


def query(number: int) -> SqlInteraction:
    """One customer, with a value that JSON has no word for."""
    return SqlInteraction(
        id=number,
        library="sqlalchemy",
        title="SELECT id, credit FROM customers WHERE id = ?",
        start_us=2_000,
        duration_us=740,
        request=SqlRequest(
            operation="execute",
            system="sqlite",
            statement="SELECT id, credit\nFROM customers\nWHERE id = ?",
            parameters=[3],
        ),
        response=SqlResponse(
            columns=[["id", 4], ["credit", 4]], rows=[[3, {"$decimal": "19.90"}]], rowcount=1
        ),
    )


def call(number: int) -> HttpInteraction:
    """One membership, lapsed."""
    return HttpInteraction(
        id=number,
        library="httpx",
        title="GET http://partners/members?id=3",
        path="task#1 › GET#1",
        start_us=10_000,
        duration_us=30_000,
        request=HttpRequest(
            method="GET", url="http://partners/members?id=3", headers=["accept: */*"]
        ),
        response=HttpResponse(
            status=200,
            reason="OK",
            headers=["content-type: application/json"],
            body=BodyPart(json={"tier": "lapsed", "rate": None}, style="compact", size=31),
        ),
    )


def shelved(folder: Path, *cassettes: Cassette) -> Path:
    """A folder with these cassettes (one checkout, if none are given)."""
    store = FileStore(folder)
    for cassette in cassettes or (checkout(),):
        store.write(cassette)
    return folder

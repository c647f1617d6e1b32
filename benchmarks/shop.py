"""The application that is measured. Imports nothing of this project: every variant runs it."""

from __future__ import annotations

from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Engine, create_engine, text

QUERY = text("SELECT id, name, price, stock FROM items WHERE id <= :n ORDER BY id")
ONE = text("SELECT id, name, price, stock FROM items WHERE id = :n")


def make_engine(database: str) -> Engine:
    """A database of 100 items in a file."""
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS items"))
        connection.execute(
            text("CREATE TABLE items (id INTEGER, name TEXT, price REAL, stock INTEGER)")
        )
        rows = [{"id": n, "name": f"item {n}", "price": n * 1.5, "stock": n} for n in range(1, 101)]
        connection.execute(text("INSERT INTO items VALUES (:id, :name, :price, :stock)"), rows)
    return engine


def make_app(upstream: str, engine: Engine, **options: Any) -> FastAPI:
    """(a) /plain, (b) /calls: three httpx calls and three queries, (c) /rows: 100 rows."""
    app = FastAPI(**options)
    client = httpx.AsyncClient(base_url=upstream)

    @app.get("/plain")
    async def plain() -> dict[str, int]:
        return {"answer": 42}

    @app.get("/calls")
    async def calls() -> dict[str, Any]:
        prices = [(await client.get(f"/price/{n}")).json() for n in (1, 2, 3)]
        with engine.connect() as connection:
            items = [connection.execute(ONE, {"n": n}).one()._asdict() for n in (1, 2, 3)]
        return {"prices": prices, "items": items}

    @app.get("/rows")
    async def rows() -> list[dict[str, Any]]:
        with engine.connect() as connection:
            found = [row._asdict() for row in connection.execute(QUERY, {"n": 100})]
        if len(found) != 100:  # a peer has changed what the database answers
            raise LookupError(f"{len(found)} rows of 100")
        return found

    return app

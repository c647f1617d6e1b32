"""What a cassette holds of a driver's calls, and what traces them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiomysql
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tests.drivers.bench import DRIVERS, has_case
from tests.drivers.test_conformance import TwoRuns, marks_of, two_runs
from tests.servers import Mariadb
from timetracer_otel.dbapi_classes import under
from timetracer_otel.errors import CannotReplay
from timetracer_otel.otel.aiomysql import AiomysqlInstrumentor

assert two_runs  # a fixture

_TRACED = [driver for driver in DRIVERS if has_case(driver, "one_interaction_a_call")]


@pytest.mark.parametrize("driver", [pytest.param(name, marks=marks_of(name)) for name in _TRACED])
def test_one_call_is_one_interaction_and_has_its_span(
    two_runs: Callable[[str], TwoRuns], driver: str
) -> None:
    cassette = two_runs(driver).cassette
    found = [call for call in cassette["interactions"] if call["title"] == "SELECT 'only once'"]
    assert len(found) == 1
    assert found[0]["span_id"]
    assert found[0]["library"] == driver


@pytest.mark.parametrize("driver", [pytest.param(name, marks=marks_of(name)) for name in DRIVERS])
def test_no_password_is_written(two_runs: Callable[[str], TwoRuns], driver: str) -> None:
    calls = two_runs(driver).cassette
    servers = {call["request"].get("server", "") for call in calls["interactions"]}
    assert servers
    assert not any("s3cret" in server for server in servers)
    assert not any("s3cret" in str(call) for call in calls.get("bootstrap", ()))


def test_a_class_between_is_made_once_and_only_where_it_is_missing() -> None:
    class Ours(sqlite3.Cursor):
        pass

    class Theirs(sqlite3.Cursor):
        pass

    made = under(Theirs, Ours)
    assert made is under(Theirs, Ours)
    assert made.__mro__[:4] == (made, Theirs, Ours, sqlite3.Cursor)
    assert under(made, Ours) is made
    assert under(sqlite3.Cursor, Ours).__mro__[1:3] == (Ours, sqlite3.Cursor)
    assert (made.__name__, made.__module__) == (Theirs.__name__, Theirs.__module__)


def test_aiomysql_has_a_span_for_each_statement(mariadb: Mariadb) -> None:
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    instrumentor = AiomysqlInstrumentor()
    instrumentor.instrument(tracer_provider=provider, skip_dep_check=True)
    original = aiomysql.Cursor.execute
    try:
        asyncio.run(_statements(mariadb))
    finally:
        instrumentor.uninstrument()
    assert aiomysql.Cursor.execute is not original
    first, many, failed = spans.get_finished_spans()
    assert [span.name for span in (first, many, failed)] == ["SELECT", "INSERT", "SELEKT"]
    assert first.kind is SpanKind.CLIENT
    assert dict(first.attributes or {}) == {
        "db.system.name": "mysql",
        "db.query.text": "/* of mine */ SELECT %s",
        "db.operation.name": "SELECT",
        "db.namespace": mariadb.database,
        "server.address": mariadb.host,
        "server.port": mariadb.port,
    }
    assert failed.status.status_code is StatusCode.ERROR
    assert (failed.attributes or {})["error.type"] == "ProgrammingError"


async def _statements(server: Mariadb) -> Any:
    connection = await aiomysql.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        db=server.database,
    )
    async with connection.cursor() as cursor:
        await cursor.execute("/* of mine */ SELECT %s", (1,))
        with pytest.raises(aiomysql.ProgrammingError):
            await cursor.executemany("INSERT INTO nowhere VALUES (%s)", [(1,), (2,)])
        with pytest.raises(aiomysql.ProgrammingError):
            await cursor.execute("SELEKT")
    connection.close()


def test_a_failed_statement_lets_go_of_its_cursor(tmp_path: Path) -> None:
    """What keeps a cursor keeps the database locked."""
    from timetracer_otel.capture.sqlite3_classes import connection_class

    path = tmp_path / "shop.db"
    connection: Any = sqlite3.connect(path, factory=under(sqlite3.Connection, connection_class()))
    connection.execute("CREATE TABLE one (n UNIQUE)")
    connection.execute("INSERT INTO one VALUES (1)")
    connection.commit()
    kept = None
    try:
        connection.execute("INSERT INTO one VALUES (1)")
    except sqlite3.IntegrityError as error:
        kept = error
    connection.close()
    other = sqlite3.connect(path, timeout=0)
    other.execute("INSERT INTO one VALUES (2)")
    other.close()
    assert kept is not None


def test_what_of_sqlite3_cannot_be_replayed_says_so(tmp_path: Path) -> None:
    from timetracer_otel.cassette import Cassette
    from timetracer_otel.replay import replaying

    path = tmp_path / "shop.db"
    sqlite3.connect(path).close()
    with replaying(
        Cassette(timetracer=1, trace_id="0" * 32, recorded_at="2024-01-01T00:00:00Z", duration_us=0)
    ):
        with pytest.raises(CannotReplay, match="past `sqlite3"):
            sqlite3.Connection(path)
        sqlite3.Connection(":memory:").close()
        connection = sqlite3.connect(path)
        with pytest.raises(CannotReplay, match="`blobopen`"):
            connection.blobopen("one", "n", 1)
        with pytest.raises(CannotReplay, match="function of the application"):
            sqlite3.connect(path, factory=lambda *_, **__: None)  # type: ignore[arg-type, return-value]
        connection.close()
    sqlite3.Connection(path).close()

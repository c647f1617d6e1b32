"""Servers that have another port in each run: found again, and named."""

from __future__ import annotations

import pytest

from tests.pytest_plugin.project import Project
from tests.servers import Postgresql, Redis

HTTP = """
import asyncio, os, aiohttp, httpx, pytest, requests

ONE, TWO = os.environ["ONE"], os.environ["TWO"]

async def fetched(url):
    async with aiohttp.ClientSession() as asking, asking.get(url) as answer:
        return (await answer.json())["path"]

@pytest.mark.cassette
def test_ports():
    assert requests.get(ONE + "/one").json()["path"] == "/one"
    assert requests.post(TWO + "/both", json={"a": 1}).json()["sent"] == '{"a": 1}'
    assert httpx.post(ONE + "/both", content=b"1").json()["sent"] == "1"
    assert httpx.get(TWO + "/two").json()["path"] == "/two"
    assert asyncio.run(fetched(TWO + "/three")) == "/three"
"""


def test_servers_over_http_are_found_at_another_port(project: Project) -> None:
    other = type(project.upstream)()
    project.write("test_it.py", HTTP)
    project.passes(ONE=project.upstream.url, TWO=other.url)
    project.upstream.stop()
    other.stop()
    moved = {"ONE": "http://127.0.0.1:7001", "TWO": "http://127.0.0.1:7002"}
    project.passes("--cassette-unused=error", **moved)
    text = HTTP.replace('get(ONE + "/one")', 'get(ONE + "/other")')
    project.write("test_it.py", text)
    said = project.fails(**moved)
    assert f'asked "{project.upstream.url}/other"' in said
    project.write("test_it.py", HTTP)
    said = project.fails(ONE=moved["ONE"], TWO="http://partner.example:7002")
    assert "asked    POST http://partner.example:7002/both" in said


DATABASES = """
import os, psycopg, pytest, redis
from sqlalchemy import create_engine, text

@pytest.mark.cassette
def test_ports():
    with psycopg.connect(os.environ["POSTGRESQL"]) as connection:
        assert connection.execute("select 4").fetchone() == (4,)
    engine = create_engine(os.environ["POSTGRESQL"].replace("://", "+psycopg://"))
    with engine.connect() as asking:
        assert asking.execute(text("select 5")).scalar() == 5
    with redis.from_url(os.environ["REDIS"]) as asking:
        assert asking.set("key", "value")
        assert asking.get("key") == b"value"
"""


def test_databases_are_found_at_another_port(
    project: Project, postgresql: Postgresql, redis_standalone: Redis
) -> None:
    project.write("test_it.py", DATABASES)
    addresses = {"POSTGRESQL": postgresql.dsn("postgresql"), "REDIS": redis_standalone.dsn("redis")}
    project.passes(**addresses)
    postgresql.stop()
    redis_standalone.stop()
    moved = {
        "POSTGRESQL": addresses["POSTGRESQL"].replace(f":{postgresql.port}/", ":7001/"),
        "REDIS": addresses["REDIS"].replace(f":{redis_standalone.port}", ":7002"),
    }
    assert all(addresses[name] != moved[name] for name in moved)
    project.passes("--cassette-unused=error", **moved)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "172.17.0.1", "[::1]"])
def test_of_several_one_that_knows_the_question_stands_first(host: str) -> None:
    from timetracer_otel.replay.moved_ports import MovedPorts

    recorded = [f"http://{host}:1", f"http://{host}:2", f"http://{host}:3"]
    moved = MovedPorts([*recorded, "http://a.example:1"])
    assert moved.recorded_as(f"http://{host}:3", lambda _: True) == recorded[2]
    assert moved.recorded_as(f"http://{host}:8", lambda one: one == recorded[1]) == recorded[1]
    assert moved.recorded_as(f"http://{host}:9", lambda _: False) == recorded[0]
    for unknown in (f"http://{host}:7", f"https://{host}:9", "http://a.example:2"):
        assert moved.recorded_as(unknown, lambda _: True) == unknown

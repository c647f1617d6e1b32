"""What the pytest plugin costs: where no test has a cassette, and in a test that is replayed."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.upstream import upstream

__all__ = ["LOOKS", "TESTS", "measure", "measure_unused", "table"]

TESTS = 300
"""Runs of each test; the kinds take turns."""

LOOKS = 20

_SHOP = """
import os
import httpx
from fastapi import FastAPI
from sqlalchemy import create_engine, text

app = FastAPI()
engine = create_engine("sqlite:///" + os.environ["SHOP_DATABASE"])
partner = httpx.Client(base_url=os.environ["UPSTREAM"])


def stock(sku):
    with engine.connect() as connection:
        found = connection.execute(text("select left from stock where sku = :s"), {"s": sku})
        return found.scalar()


def price(sku):
    return partner.get("/price/" + sku).json()


@app.get("/offer/{sku}")
def offer(sku: str):
    return {"sku": sku, "left": stock(sku), "price": price(sku)}
"""
_TESTS = """
import httpx, pytest, shop
from fastapi.testclient import TestClient
from sqlalchemy import StaticPool, create_engine, text

THREADS = {"check_same_thread": False}
client = TestClient(shop.app)


def check():
    for sku in ("7", "8", "9"):
        assert client.get("/offer/" + sku).json()["left"] == 3


@pytest.fixture
def fakes(monkeypatch):
    monkeypatch.setattr(shop, "stock", lambda sku: {"7": 3, "8": 3, "9": 3}[sku])
    monkeypatch.setattr(shop, "price", lambda sku: {"currency": "EUR", "price": 12.50})


def answer(request):
    return httpx.Response(200, json={"currency": "EUR", "price": 12.50})


@pytest.fixture(scope="session")
def clients():
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args=THREADS)
    with engine.begin() as connection:
        connection.execute(text("create table stock (sku text, left integer)"))
        connection.execute(text("insert into stock values ('7', 3), ('8', 3), ('9', 3)"))
    return engine, httpx.Client(base_url="http://partner", transport=httpx.MockTransport(answer))


@pytest.fixture
def fake_services(clients, monkeypatch):
    monkeypatch.setattr(shop, "engine", clients[0])
    monkeypatch.setattr(shop, "partner", clients[1])


@pytest.mark.parametrize("n", range(int({count})))
class TestOffer:
    def test_fake(self, fakes, n):
        check()

    def test_fake_services(self, fake_services, n):
        check()

    {replayed}
    def test_cassette(self, n):
        check()
"""
_CONFTEST = """
import json, os, time, pytest

TAKEN = {}


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    start = time.process_time()
    try:
        return (yield)
    finally:
        name = item.originalname
        TAKEN.setdefault(name, []).append(time.process_time() - start)


def pytest_sessionfinish():
    with open(os.environ["TAKEN"], "w") as file:
        json.dump(TAKEN, file)
"""


def measure(tests: int = TESTS) -> dict[str, float]:
    """CPU milliseconds at p50 of a test, set-up and teardown included.

    With fakes written by hand, of the application's own functions and of the services behind its
    clients; the first of them beside replayed tests, too; and replayed.
    """
    with tempfile.TemporaryDirectory() as name, upstream() as address:
        folder = Path(name)
        _seed(folder / "shop.db")
        (folder / "shop.py").write_text(_SHOP)
        (folder / "conftest.py").write_text(_CONFTEST)
        marker = f'@pytest.mark.cassette("{folder}/one.json")'
        plain = _run(folder, tests, "@pytest.mark.skip", address)
        _run(folder, 1, marker, address)
        for recorded in folder.glob("one*.json"):
            recorded.rename(folder / "one.json")
        (folder / "shop.db").unlink()
        beside = _run(folder, tests, marker, address)
    return {
        "functions replaced": statistics.median(plain["test_fake"]) * 1e3,
        "functions replaced, beside replayed tests": statistics.median(beside["test_fake"]) * 1e3,
        "services in memory": statistics.median(plain["test_fake_services"]) * 1e3,
        "replayed": statistics.median(beside["test_cassette"]) * 1e3,
    }


def _run(folder: Path, count: int, replayed: str, address: str) -> dict[str, list[float]]:
    tests = _TESTS.replace("{count}", str(count)).replace("{replayed}", replayed)
    (folder / "test_offer.py").write_text(tests)
    environ = {
        **os.environ,
        "SHOP_DATABASE": str(folder / "shop.db"),
        "UPSTREAM": address,
        "TAKEN": str(folder / "taken.json"),
    }
    words = ["-q", "-pno:cacheprovider", "-pno:recording", "-pno:randomly", "-pno:asyncio"]
    command = [sys.executable, "-m", "pytest", *words, "--rootdir", str(folder), "."]
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stdout)
    found: dict[str, list[float]] = json.loads((folder / "taken.json").read_text())
    return found


def _seed(path: Path) -> None:
    import sqlite3

    with sqlite3.connect(path) as connection:
        connection.execute("create table stock (sku text, left integer)")
        connection.executemany("insert into stock values (?, 3)", [("7",), ("8",), ("9",)])


_IMPORT = """
import time, pytest, _pytest.config, importlib.util
start = time.process_time()
import timetracer_otel.replay.testing.plugin
print(time.process_time() - start)
"""


def measure_unused(looks: int = LOOKS) -> float:
    """CPU milliseconds at p50 that loading the plugin takes, which is all it does unused."""
    taken = [
        float(subprocess.check_output([sys.executable, "-c", _IMPORT], text=True))
        for _ in range(looks)
    ]
    return statistics.median(taken) * 1e3


def table(measured: dict[str, float], unused_ms: float) -> str:
    """Both as lines of Markdown."""
    base = measured["services in memory"]
    rows = [f"| {name} | {ms:.2f} | {ms / base:.2f} |" for name, ms in measured.items()]
    head = ["| test | ms | to services in memory |", "|---|---|---|"]
    return "\n".join([*head, *rows, "", f"Loading the plugin: {unused_ms:.1f} ms."])

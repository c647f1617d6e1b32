"""Databases that tests make for themselves, and those that a framework makes for its tests."""

from __future__ import annotations

import pytest

from tests.pytest_plugin.project import PLAIN, Project
from tests.servers import Postgresql

IN_MEMORY = """
import asyncio, os, sqlite3, aiosqlite, httpx, pytest
from sqlalchemy import StaticPool, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

U = os.environ["UPSTREAM"]
engine = create_engine(
    "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
)
other = create_async_engine("sqlite+aiosqlite:///file:other?mode=memory&cache=shared&uri=true")
with engine.begin() as connection:
    connection.execute(text("create table prices (price int)"))

@pytest.fixture(scope="session")
def kept():
    with sqlite3.connect(":memory:") as connection:
        connection.execute("create table prices (price int)")
    yield connection
    connection.close()

async def price():
    async with other.connect() as asking:
        found = (await asking.execute(text("select 4"))).scalar()
    await other.dispose()
    async with aiosqlite.connect(":memory:") as asking:
        (row,) = await asking.execute_fetchall("select 4")
    return found, row[0]

def check(kept):
    for number in range(2):
        with engine.begin() as connection:
            connection.execute(text("insert into prices values (:n)"), {"n": number})
        kept.execute("insert into prices values (?)", [number])
    with engine.begin() as connection:
        found = connection.execute(text("select count(*), sum(price) from prices")).one()
        assert found == kept.execute("select count(*), sum(price) from prices").fetchone()
        connection.execute(text("delete from prices"))
        kept.execute("delete from prices")
        assert found == (2, 1)
    assert asyncio.run(price()) == (4, 4)

def test_before(kept):
    check(kept)

@pytest.mark.cassette
def test_recorded(kept):
    assert httpx.get(U + "/price").json()["price"] == 4
    check(kept)

def test_after(kept):
    check(kept)
"""


def test_a_sqlite_database_in_memory_is_left_to_the_tests(project: Project) -> None:
    project.write("test_it.py", IN_MEMORY)
    project.passes()
    assert "sqlite" not in project.cassettes["cassettes/test_it/test_recorded.json"]
    project.upstream.stop()
    project.passes("--cassette-unused=error")
    project.passes("-k", "recorded")


DJANGO = """
import os, pytest, requests
from django.contrib.auth.models import Group, User
from django.http import JsonResponse
from django.urls import path

def view(request):
    Group.objects.create(name=requests.get(os.environ["UPSTREAM"] + "/name").json()["path"])
    return JsonResponse({"groups": [g.name for g in Group.objects.all()]})

urlpatterns = [path("groups", view)]

@pytest.mark.django_db
@pytest.mark.cassette(compare=True)
@pytest.mark.parametrize("n", [1, 2])
def test_view(client, n):
    User.objects.create_user("ann")
    assert client.post("/groups", {"a": 1}).json() == {"groups": ["/name"]}

@pytest.mark.django_db(transaction=True)
@pytest.mark.cassette(compare=True)
def test_committed(client):
    assert client.post("/groups", {"a": 1}).json() == {"groups": ["/name"]}
"""
UNMARKED = """
@pytest.mark.django_db
def test_plain(client):
    assert Group.objects.count() == 0
    Group.objects.create(name="plain")
"""
SETTINGS = """
import os
SECRET_KEY = "-"
ROOT_URLCONF = "test_it"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES = {"default": DATABASE}
"""
SQLITE = {
    "memory": '{"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}',
    "file": """{
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": "shop.db",
        "TEST": {"NAME": os.path.join(os.path.dirname(__file__), "tests.db")},
    }""",
}
QUIET = ("--ds=settings", "-W", "ignore::pytest.PytestDeprecationWarning")


@pytest.mark.parametrize("kind", SQLITE)
def test_djangos_test_database_in_sqlite_is_left_to_the_tests(project: Project, kind: str) -> None:
    project.plain = tuple(word for word in PLAIN if word != "-pno:django")
    project.write("settings.py", SETTINGS.replace("DATABASE}", f"{SQLITE[kind]}}}"))
    project.write("test_it.py", DJANGO + UNMARKED)
    project.passes(*QUIET)
    assert not [name for name, text in project.cassettes.items() if "sqlite" in text]
    project.upstream.stop()
    project.passes(*QUIET, "--cassette-unused=error")
    project.passes(*QUIET, "--reuse-db", "--cassette-unused=error")
    project.passes(*QUIET, "-k", "test_view and 2")


POSTGRESQL = """{{
    "ENGINE": "django.db.backends.postgresql", "NAME": "{server.database}",
    "USER": "{server.user}", "PASSWORD": "{server.password}",
    "HOST": "{server.host}", "PORT": {server.port},
}}"""


def test_djangos_test_database_in_postgresql_is_replayed_with_the_server_off(
    project: Project, postgresql: Postgresql
) -> None:
    project.plain = tuple(word for word in PLAIN if word != "-pno:django")
    database = POSTGRESQL.format(server=postgresql)
    project.write("settings.py", SETTINGS.replace("DATABASE}", f"{database}}}"))
    project.write("test_it.py", DJANGO)
    project.passes(*QUIET)
    # beside tests that need the server, each kind has a database of its own
    project.write("test_plain.py", f"import pytest\nfrom test_it import Group\n{UNMARKED}")
    project.passes(*QUIET)
    postgresql.stop()
    project.upstream.stop()
    project.passes(*QUIET, "test_it.py", "--cassette-unused=error", PYTHONHASHSEED="7")
    project.passes(*QUIET, "-k", "test_view and 2")

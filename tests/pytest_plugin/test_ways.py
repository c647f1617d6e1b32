"""Tests of every kind, beside the plugins that they are run by."""

from __future__ import annotations

import json

import pytest

from tests.pytest_plugin.project import PLAIN, Project

ASKING = """
import asyncio, os, threading, httpx, pytest

U = os.environ["UPSTREAM"]

async def ask(*paths):
    async with httpx.AsyncClient(base_url=U) as client:
        found = await asyncio.gather(*(client.get(path) for path in paths))
    return [one.json()["path"] for one in found]
"""
ASYNCIO = (
    ASKING
    + """
import pytest_asyncio
pytestmark = [pytest.mark.cassette, pytest.mark.asyncio]

@pytest_asyncio.fixture
async def before():
    return await ask("/before")

async def test_function_loop(before):
    assert await ask("/a", "/b") == ["/a", "/b"]

@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("n", [1, 2])
async def test_session_loop(n):
    assert await ask(f"/{n}", f"/{n}x") == [f"/{n}", f"/{n}x"]
    assert await asyncio.to_thread(lambda: httpx.get(U + "/thread").json()["path"]) == "/thread"
"""
)
ANYIO = (
    ASKING
    + """
pytestmark = [pytest.mark.cassette, pytest.mark.anyio]

@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"

@pytest.fixture(scope="module")
async def shared():
    return await ask("/shared")

async def test_one(shared):
    assert await ask("/a", "/b") == ["/a", "/b"]

async def test_two(shared):
    assert await ask("/c", "/d") == ["/c", "/d"]
"""
)
SYNC = (
    ASKING
    + """
import unittest
pytestmark = pytest.mark.cassette

def test_threads():
    found = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(httpx.get(f"{U}/{n}").json()["path"]))
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["/0", "/1", "/2"]

def test_a_loop_of_its_own():
    assert asyncio.run(ask("/a", "/b")) == ["/a", "/b"]

class TestCase(unittest.TestCase):
    def setUp(self):
        httpx.get(U + "/set-up")

    def test_case(self):
        self.assertEqual(httpx.get(U + "/case").json()["path"], "/case")

    def tearDown(self):
        httpx.get(U + "/tear-down")

class Testing(unittest.IsolatedAsyncioTestCase):
    async def test_later(self):
        self.assertEqual(await ask("/later"), ["/later"])
"""
)


@pytest.mark.parametrize(
    ("kind", "plugins"), [("asyncio", {"-pno:asyncio"}), ("anyio", set()), ("sync", set())]
)
def test_every_kind_of_test_is_replayed(project: Project, kind: str, plugins: set[str]) -> None:
    project.plain = tuple(word for word in PLAIN if word not in plugins)
    project.write("test_it.py", {"asyncio": ASYNCIO, "anyio": ANYIO, "sync": SYNC}[kind])
    project.passes("-W", "ignore::pytest.PytestDeprecationWarning")
    project.upstream.stop()
    project.passes("--cassette-unused=error", "-W", "ignore::pytest.PytestDeprecationWarning")
    # each alone, in the reverse order: no cassette needs what an earlier test has asked
    name = {"asyncio": "2", "anyio": "two", "sync": "case"}[kind]
    project.passes("-k", name, "-W", "ignore::pytest.PytestDeprecationWarning")


def test_workers_of_xdist_and_a_random_order_record_and_replay(project: Project) -> None:
    project.plain = tuple(word for word in PLAIN if word != "-pno:randomly")
    project.write("test_it.py", SYNC)
    project.write("test_other.py", SYNC)
    said = project.passes("-n2")
    assert "cassettes: 8 recorded, slowest" in said
    project.upstream.stop()
    assert "cassettes: 8 replayed" in project.passes("-n2", "--cassette-unused=error")


DJANGO = """
import os, pytest, requests
from django.http import JsonResponse
from django.urls import path

def view(request):
    from django.contrib.auth.models import Group
    Group.objects.create(name=requests.get(os.environ["UPSTREAM"] + "/name").json()["path"])
    return JsonResponse({"groups": [g.name for g in Group.objects.all()]})

async def later(request):
    return JsonResponse({"sent": request.body.decode()})

urlpatterns = [path("groups", view), path("later", later)]

@pytest.mark.django_db
@pytest.mark.cassette(compare=True)
@pytest.mark.parametrize("n", [1, 2])
def test_view(client, n):
    assert client.post("/groups", {"a": 1}).json() == {"groups": ["/name"]}

@pytest.mark.cassette(compare=True)
@pytest.mark.asyncio
async def test_async_view(async_client):
    answer = await async_client.post("/later", "x=1", content_type="text/plain")
    assert answer.json() == {"sent": "x=1"}

@pytest.mark.django_db
def test_plain(client):
    from django.contrib.auth.models import Group
    assert Group.objects.count() == 0
"""
DJANGO_SETTINGS = """
SECRET_KEY = "-"
ROOT_URLCONF = "test_it"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
"""
FLASK = """
import os, pytest, requests
from flask import Flask

@pytest.fixture
def app():
    app = Flask(__name__)

    @app.get("/quote")
    def quote():
        return requests.get(os.environ["UPSTREAM"] + "/quote").json()

    return app

@pytest.mark.cassette(compare=True)
def test_quote(client):
    assert client.get("/quote").json["path"] == "/quote"
"""


def test_beside_pytest_django(project: Project) -> None:
    project.plain = tuple(word for word in PLAIN if word not in {"-pno:django", "-pno:asyncio"})
    project.write("settings.py", DJANGO_SETTINGS)
    project.write("test_it.py", DJANGO)
    quiet = ("--ds=settings", "-W", "ignore::pytest.PytestDeprecationWarning")
    project.passes(*quiet)
    answers = json.loads(project.cassettes["cassettes/test_it/test_async_view.json"])["answers"]
    assert answers[0]["request"]["body"]["text"] == "x=1"
    project.upstream.stop()
    project.passes(*quiet)
    project.passes(*quiet, "-k", "test_view")


def test_beside_pytest_flask(project: Project) -> None:
    project.plain = tuple(word for word in PLAIN if word != "-pno:flask")
    project.write("test_it.py", FLASK)
    project.passes()
    project.upstream.stop()
    project.passes()


BOTH = """
import os, httpx, pytest

@pytest.mark.vcr
def test_theirs():
    assert httpx.get(os.environ["UPSTREAM"] + "/theirs").status_code == 200

@pytest.mark.cassette
def test_ours():
    assert httpx.get(os.environ["UPSTREAM"] + "/ours").status_code == 200
"""


def test_beside_pytest_recording_our_option_has_a_prefix(project: Project) -> None:
    project.plain = tuple(word for word in PLAIN if word != "-pno:recording")
    project.write("test_it.py", BOTH)
    project.passes("--timetracer-record-mode=once", "--record-mode=once")
    assert sorted(path.name for path in (project.path / "cassettes/test_it").iterdir()) == [
        "test_ours.json",
        "test_theirs.yaml",
    ]
    # each option is one plugin's alone
    asked = len(project.upstream.asked)
    project.passes("--timetracer-record-mode=all")
    project.passes("--record-mode=rewrite")
    assert project.upstream.asked[asked:] == ["/ours", "/theirs"]
    told = project.passes("--help")
    assert told.count(" --timetracer-record-mode=") == told.count(" --record-mode=") == 1
    project.upstream.stop()
    project.passes("--timetracer-record-mode=none")
    project.passes("-n2", "--record-mode=none")
    text = BOTH.replace("/ours", "/other")
    project.write("test_it.py", text)
    assert "pytest 'test_it.py::test_ours' --timetracer-record-mode=rewrite" in project.fails()


MOVING = """
import os, httpx, pytest, requests, vcr
U = os.environ["UPSTREAM"]

@pytest.mark.vcr
def test_plain():
    assert httpx.get(U + "/a", params={"x": 1}).json()["path"] == "/a?x=1"
    assert requests.post(U + "/b", json={"a": [1]}).json()["sent"] == '{"a": [1]}'

@pytest.mark.default_cassette("checkout.yaml")
@pytest.mark.vcr
def test_named():
    assert requests.get(U + "/named").json()["path"] == "/named"

def test_block():
    with vcr.use_cassette("cassettes/block.yaml"):
        assert requests.get(U + "/block").json()["path"] == "/block"
"""
MOVED = {
    '@pytest.mark.default_cassette("checkout.yaml")\n@pytest.mark.vcr': (
        '@pytest.mark.cassette("checkout.json")'
    ),
    "@pytest.mark.vcr": "@pytest.mark.cassette",
    "test_block()": "test_block(timetracer_auto)",
    'vcr.use_cassette("cassettes/block.yaml")': 'timetracer_auto("block.json")',
}


def test_what_vcrpy_recorded_is_imported_and_replayed(project: Project) -> None:
    project.plain = tuple(word for word in PLAIN if word != "-pno:recording")
    project.write("test_it.py", MOVING)
    project.passes("--record-mode=once")
    imported = project.command("import", "cassettes", "--to", "cassettes")
    assert imported.returncode == 0, imported.stderr
    text = MOVING
    for before, after in MOVED.items():
        text = text.replace(before, after)
    project.write("test_it.py", text)
    project.upstream.stop()
    said = project.passes("--timetracer-record-mode=none")
    assert "cassettes: 3 replayed" in said


TIME = """
import datetime as dt, os, random, uuid, httpx, pytest, time_machine
from freezegun import freeze_time

U = os.environ["UPSTREAM"]

@pytest.mark.cassette
def test_as_recorded():
    began = dt.datetime.now()
    key = uuid.uuid4()
    httpx.post(f"{U}/{key}", json={"at": began.isoformat(), "pick": random.random()})
    assert dt.datetime.now() >= began

@pytest.mark.cassette
@freeze_time("2020-01-02")
def test_frozen():
    assert dt.date.today() == dt.date(2020, 1, 2)
    httpx.post(U, json={"at": dt.datetime.now().isoformat()})

@pytest.mark.cassette
@time_machine.travel("2021-02-03", tick=False)
def test_travelling():
    assert dt.date.today() == dt.date(2021, 2, 3)
    httpx.post(U, json={"at": dt.datetime.now().isoformat()})

@pytest.mark.cassette(clock=False)
def test_real_time():
    httpx.get(U)
    assert abs(dt.datetime.now().timestamp() - os.stat("now").st_mtime) < 600

def test_unmarked():
    assert abs(dt.datetime.now().timestamp() - os.stat("now").st_mtime) < 600
"""


def test_time_and_draws_are_as_recorded_unless_the_test_has_its_own(project: Project) -> None:
    pytest.importorskip("freezegun")
    project.write("test_it.py", TIME)
    project.write("now", "")
    project.passes()
    project.upstream.stop()
    (project.path / "now").touch()
    project.passes("--cassette-unused=error")

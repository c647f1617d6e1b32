"""What the application answers to the test's client: kept, compared, and sent again by `replay`."""

from __future__ import annotations

import json

import pytest

from tests.pytest_plugin.project import Project

APPLICATIONS = {
    "fastapi": """
import os, httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient

app = FastAPI()

@app.get("/quote/{item}")
def quote(item: str):
    found = httpx.get(os.environ["UPSTREAM"] + "/" + item).json()
    return {"item": item, "price": found["price"]}

client = TestClient(app)
""",
    "starlette": """
import os, httpx
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

async def quote(request):
    async with httpx.AsyncClient() as asking:
        answer = await asking.get(os.environ["UPSTREAM"] + "/" + request.path_params["item"])
        found = answer.json()
    return JSONResponse({"item": request.path_params["item"], "price": found["price"]})

app = Starlette(routes=[Route("/quote/{item}", quote)])
client = TestClient(app)
""",
    "flask": """
import os, requests
from flask import Flask

app = Flask(__name__)

@app.get("/quote/<item>")
def quote(item):
    found = requests.get(os.environ["UPSTREAM"] + "/" + item).json()
    return {"item": item, "price": found["price"]}

client = app.test_client()
""",
    "django": """
import os, requests
import django
from django.conf import settings
from django.http import JsonResponse
from django.urls import path

def quote(request, item):
    found = requests.get(os.environ["UPSTREAM"] + "/" + item).json()
    return JsonResponse({"item": item, "price": found["price"]})

urlpatterns = [path("quote/<item>", quote)]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="-")
django.setup()
from django.core.wsgi import get_wsgi_application
from django.test import Client

app = get_wsgi_application()
client = Client()
""",
}
TESTS = """
import pytest, shop

@pytest.mark.cassette(compare=True)
def test_quotes():
    for item in ("tea", "rum"):
        assert shop.client.get("/quote/" + item).status_code == 200
"""
FILE = "cassettes/test_it/test_quotes.json"


@pytest.mark.parametrize("framework", APPLICATIONS)
def test_another_answer_is_told_by_its_json_path(project: Project, framework: str) -> None:
    application = APPLICATIONS[framework]
    project.write("shop.py", application)
    project.write("test_it.py", TESTS)
    project.passes()
    answers = json.loads(project.cassettes[FILE])["answers"]
    assert [answer["title"].partition("quote/")[2] for answer in answers] == ["tea", "rum"]
    project.upstream.stop()
    project.passes()
    replayed = project.command("replay", FILE, "--app", "shop:app")
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
    assert "2 requests: 2 same" in replayed.stdout
    project.write("shop.py", application.replace('found["price"]', 'found["price"] + 1'))
    said = project.fails()
    assert f"the application answers otherwise than in {FILE}:" in said
    assert "$.body.price: recorded 4, now 5" in said


def test_a_cassette_of_a_test_is_valid_and_can_be_shown(project: Project) -> None:
    project.write("shop.py", APPLICATIONS["fastapi"])
    project.write("test_it.py", TESTS)
    project.passes()
    assert "1 cassette valid" in project.command("validate", FILE).stdout
    shown = project.command("show", FILE).stdout
    assert shown.startswith("Test test_it.py::test_quotes\n")
    assert "answered  GET http://testserver/quote/tea  → 200" in shown
    assert "test_it.py::test_quotes" in project.command("list", "cassettes").stdout


STREAMS = """
import os, django, httpx, pytest
from django.conf import settings
from django.http import FileResponse, StreamingHttpResponse
from django.urls import path

def prices():
    for item in ("tea", "rum"):
        yield str(httpx.get(os.environ["UPSTREAM"] + "/" + item).json()["price"])

async def later():
    async with httpx.AsyncClient() as asking:
        for item in ("tea", "rum"):
            answer = await asking.get(os.environ["UPSTREAM"] + "/" + item)
            yield str(answer.json()["price"])

urlpatterns = [
    path("prices", lambda request: StreamingHttpResponse(prices())),
    path("later", lambda request: StreamingHttpResponse(later())),
    path("file", lambda request: FileResponse(open(__file__, "rb"))),
]
settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="-")
django.setup()
from django.test import AsyncClient, Client

pytestmark = pytest.mark.cassette(compare=True)

def test_read():
    answer = Client().get("/prices")
    assert list(answer.streaming_content) == [b"4", b"4"]
    assert Client().get("/file").getvalue().startswith(b"\\nimport os")

def test_in_part():
    chunks = iter(Client().get("/prices"))
    assert next(chunks) == b"4"

def test_not_read():
    Client().get("/prices").close()
    assert Client().get("/prices").status_code == 200

@pytest.mark.anyio
async def test_async():
    answer = await AsyncClient().get("/later")
    assert [chunk async for chunk in answer.streaming_content] == [b"4", b"4"]

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


def test_what_djangos_client_streams_is_kept_as_it_is_read(project: Project) -> None:
    project.write("test_it.py", STREAMS)
    project.passes()
    answers = {
        name.rpartition("/")[2]: json.loads(text)["answers"]
        for name, text in project.cassettes.items()
    }
    bodies = [answers[f"test_{name}.json"][0]["response"]["body"] for name in ("read", "async")]
    assert [(body["json"], body["chunks"]) for body in bodies] == [(44, [1, 1])] * 2
    assert answers["test_in_part.json"][0]["response"]["body"]["json"] == 4
    assert [one["response"]["status"] for one in answers["test_not_read.json"]] == [200, 200]
    project.upstream.stop()
    project.passes()
    project.write("test_it.py", STREAMS.replace('["price"])', '["price"]) + "0"'))
    said = project.fails()
    assert said.count("$.body") == 2


SERVED = """
import json, shop, pytest

@pytest.mark.cassette("{file}", compare=True)
def test_quote():
    assert shop.client.get("/quote/tea").json() == {{"item": "tea", "price": 4}}
"""


def test_a_recording_of_production_can_be_named(project: Project) -> None:
    project.write("shop.py", APPLICATIONS["fastapi"])
    project.write("serve.py", SERVE)
    recorded = project.command("record", "--dir", "production", "--", "python", "serve.py")
    assert recorded.returncode == 0, recorded.stderr
    (file,) = (name for name in project.cassettes if name.startswith("production"))
    project.write("test_it.py", SERVED.format(file=f"../../{file}"))
    project.upstream.stop()
    project.passes("--record-mode=none", "--cassette-unused=error")


SERVE = """
import asyncio, shop, httpx, uvicorn

async def main():
    server = uvicorn.Server(uvicorn.Config(shop.app, port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    from urllib.request import urlopen
    url = f"http://127.0.0.1:{port}/quote/tea"
    assert (await asyncio.to_thread(lambda: urlopen(url).status)) == 200
    server.should_exit = True
    await serving

asyncio.run(main())
"""

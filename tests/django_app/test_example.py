"""The parcel service of the examples, as its README has it: recorded, all stopped, replayed."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.wsgi.serving import (
    ROOT,
    Reply,
    ask,
    entries,
    free_port,
    recording,
    replayed,
    running,
    wait_for_cassettes,
)

FOLDER = ROOT / "examples" / "django"
SERVERS = {
    # with its reloader: the process that serves is a child of the one that was started
    "runserver": [sys.executable, "manage.py", "runserver", "{port}"],
    "uvicorn": [sys.executable, "-m", "uvicorn", "mysite.asgi:application", "--port", "{port}"],
}
APPLICATIONS = {"runserver": "mysite.wsgi:application", "uvicorn": "mysite.asgi:application"}
BOUNDARY = "parcel"
ROUTES = [
    "/parcels/<int:number>/",
    "/parcels/<int:number>/route",
    "/parcels/<int:number>/",
    "/parcels/<int:number>/",
    "/depots.csv",
    "/",
    "/parcels/",
    "/parcels/",
]
STATUSES = [200, 200, 500, 404, 200, 200, 201, 403]


class Recorded(NamedTuple):
    server: str
    replies: list[Reply]
    folder: Path
    command: list[str]
    depots: str


@pytest.fixture(scope="module", params=SERVERS)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("parcels")
    depots, port = free_port(), free_port()
    command = [word.format(port=port) for word in SERVERS[request.param]]
    run: dict[str, Any] = {"log": folder / "log", "folder": FOLDER}
    url = f"http://127.0.0.1:{depots}"
    with (
        running([sys.executable, "depots.py", str(depots)], depots, **run),
        running(recording(command, folder / "cassettes"), port, **run, DEPOTS_URL=url),
    ):
        replies = _replies(port)
        wait_for_cassettes(folder / "cassettes", len(replies))
    return Recorded(request.param, replies, folder / "cassettes", command, url)


def _replies(port: int) -> list[Reply]:
    found = [
        ask(port, path)
        for path in ("/parcels/2/", "/parcels/2/route", "/parcels/3/", "/parcels/9/", "/depots.csv")
    ]
    page = ask(port, "/")
    cookies = "; ".join(v.partition(";")[0] for n, v in page.headers if n.lower() == "set-cookie")
    (token,) = re.findall(rb'value="([^"]+)"', page.body)
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    form = _form(csrfmiddlewaretoken=token, to=b"Ada", paper=b"\x00\xff" * 60_000)
    post: dict[str, Any] = {"method": "POST", "body": form, "Content_Type": kind}
    return [
        *found,
        page,
        ask(port, "/parcels/", **post, Cookie=cookies),
        ask(port, "/parcels/", **post),
    ]


def _form(**fields: bytes) -> bytes:
    parts = b""
    for name, value in fields.items():
        file = '; filename="paper.bin"' if name == "paper" else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        parts += head.encode() + value + b"\r\n"
    return parts + f"--{BOUNDARY}--\r\n".encode()


def test_it_answers(recorded: Recorded) -> None:
    assert [reply.status for reply in recorded.replies] == STATUSES


def test_one_cassette_a_request_with_its_route_and_what_it_raised(recorded: Recorded) -> None:
    found = entries(recorded.folder)
    # the form without a cookie is refused before its route is looked up, the page is not
    assert [entry.request.route for entry in found[:7]] == ROUTES[:7]
    assert found[2].raised is not None
    assert (found[2].raised.type, found[2].raised.args) == ("KeyError", ["elephant"])
    assert "in parcel\n" in found[2].raised.traceback


def test_it_is_the_same_in_one_process(recorded: Recorded) -> None:
    app = APPLICATIONS[recorded.server]
    again = replayed(recorded.folder, "--app", app, cwd=FOLDER, DEPOTS_URL=recorded.depots)
    assert (again.results, again.code) == (["same"] * len(STATUSES), 0), again.said


def test_it_is_the_same_through_the_server(recorded: Recorded) -> None:
    more = ["--noreload"] if recorded.server == "runserver" else []
    again = replayed(
        recorded.folder, "--", *recorded.command, *more, cwd=FOLDER, DEPOTS_URL=recorded.depots
    )
    assert (again.results, again.code) == (["same"] * len(STATUSES), 0), again.said


def test_an_application_of_the_other_kind_answers_the_same(recorded: Recorded) -> None:
    if recorded.server != "runserver":
        pytest.skip("once is enough")
    again = replayed(
        recorded.folder, "--app", "mysite.asgi:application", cwd=FOLDER, DEPOTS_URL=recorded.depots
    )
    assert [v["response"] for v in again.verdicts] == [[]] * len(STATUSES), again.said

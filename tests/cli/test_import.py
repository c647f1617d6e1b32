"""Cassettes of vcrpy and of timetracer 1 become ours, and are replayed."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pytest_plugin.project import Upstream
from timetracer_otel.cassette.files import read
from timetracer_otel.errors import CannotReplay
from timetracer_otel.protocols.http_parts import HttpInteraction
from timetracer_otel.replay import replaying

RECORD = """
import os, sys, httpx, requests, vcr

address = os.environ["UPSTREAM"]
for kind in ("yaml", "json"):
    for name, ask in (("requests", requests), ("httpx", httpx)):
        with vcr.use_cassette(f"{kind}/{name}.{kind}", serializer=kind):
            ask.get(address + "/a", params={"x": "1"})
            ask.post(address + "/b", json={"q": 1})
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "timetracer_otel.cli", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("vcr")
    upstream = Upstream()
    environ = {**os.environ, "UPSTREAM": upstream.url}
    subprocess.run([sys.executable, "-c", RECORD], cwd=folder, env=environ, check=True)
    upstream.stop()
    return folder, upstream.url


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_what_vcrpy_recorded_is_replayed(recorded: tuple[Path, str], kind: str) -> None:
    import httpx
    import requests

    folder, address = recorded
    done = run(folder, "import", kind, "--to", f"new-{kind}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("2 cassettes imported\n")
    assert run(folder, "validate", f"new-{kind}").returncode == 0
    for name, ask in (("requests", requests), ("httpx", httpx)):
        with replaying(folder / f"new-{kind}" / f"{name}.json") as session:
            first = ask.get(f"{address}/a", params={"x": "1"})
            second = ask.post(f"{address}/b", json={"q": 1})
        assert (first.json()["path"], json.loads(second.json()["sent"])) == ("/a?x=1", {"q": 1})
        assert (first.status_code, first.headers["Content-Type"]) == (200, "application/json")
        assert session.answers.unused() == []


def written(folder: Path, name: str, *interactions: dict[str, Any]) -> HttpInteraction:
    """The first call of what `timetracer import` makes of these."""
    (folder / name).write_text(json.dumps({"version": 1, "interactions": interactions}))
    done = run(folder, "import", name, "--to", "new")
    assert done.returncode == 0, done.stderr
    found = read(folder / "new" / name).interactions[0]
    assert isinstance(found, HttpInteraction)
    return found


ASKED = {"method": "GET", "uri": "http://api.example/a", "body": None, "headers": {}}


def test_bodies_in_every_spelling_are_read(tmp_path: Path) -> None:
    packed = gzip.compress(b'{"a": 1}')
    coded = {"base64_string": __import__("base64").b64encode(packed).decode()}
    status = {"code": 200, "message": "OK"}
    headers = {"Content-Encoding": ["gzip"], "Content-Length": [str(len(packed))]}
    of_gzip = written(
        tmp_path,
        "gzip.json",
        {"request": ASKED, "response": {"status": status, "headers": headers, "body": coded}},
    )
    decoded = written(
        tmp_path,
        "decoded.json",
        {
            "request": ASKED,
            "response": {"status": status, "headers": headers, "body": {"string": '{"a": 1}'}},
        },
    )
    old = written(
        tmp_path,
        "old.json",
        {
            "request": ASKED,
            "response": {"status_code": 200, "headers": {"A": "b"}, "content": '{"a": 1}'},
        },
    )
    for found in (of_gzip, decoded, old):
        assert found.response is not None
        assert found.response.body is not None
        assert found.response.body.json == {"a": 1}
    assert of_gzip.response is not None
    assert of_gzip.response.headers[0] == "Content-Encoding: gzip"
    assert decoded.response is not None
    assert decoded.response.headers == ["Content-Length: 8"]


def event(number: int, kind: str, signature: dict[str, Any], result: dict[str, Any]) -> Any:
    timing = {"eid": number, "type": kind, "start_offset_ms": 1.5, "duration_ms": 2.0}
    return {**timing, "signature": signature, "result": result}


def predecessor(version: str) -> dict[str, Any]:
    body = {"_captured": True, "encoding": "json", "data": {"price": 4}, "size_bytes": 12}
    unkept = {"_captured": False, "encoding": "bytes", "size_bytes": 9, "hash": "sha256:ab"}
    http = {"lib": "httpx", "method": "GET", "url": "http://api.example/a", "query": {"x": "1"}}
    return {
        "schema_version": version,
        "session": {
            "id": "7e1c",
            "recorded_at": "2025-05-01T10:00:00Z",
            "service": "shop",
            "env": "local",
        },
        "request": {"method": "GET", "path": "/quote", "query": {"q": "2"}},
        "response": {"status": 200, "duration_ms": 12.5, "body": body},
        "events": [
            event(1, "http.client", http, {"status": 200, "body": body}),
            event(2, "http.client", {**http, "query": {}}, {"status": 200, "body": unkept}),
            event(3, "db.query", {"lib": "sqlalchemy", "method": "SELECT"}, {"status": 0}),
            event(
                4,
                "http.client",
                {**http, "url": "http://api.example/slow", "query": {}},
                {"error": "timed out", "error_type": "ReadTimeout"},
            ),
        ],
    }


@pytest.mark.parametrize("version", ["0.1", "1.0"])
def test_what_timetracer_1_recorded_is_replayed_as_far_as_it_was_kept(
    tmp_path: Path, version: str
) -> None:
    import httpx

    (tmp_path / "old.json").write_text(json.dumps(predecessor(version)))
    done = run(tmp_path, "import", "old.json", "--to", "new")
    assert done.returncode == 0, done.stderr
    assert "its body was not kept; replaying it is an error" in done.stdout
    assert "1 × db.query of sqlalchemy: version 1 did not keep their answers" in done.stdout
    assert run(tmp_path, "validate", "new").returncode == 0
    cassette = read(tmp_path / "new" / "old.json")
    assert cassette.entry is not None
    assert cassette.entry.title == "GET http://localhost/quote?q=2"
    assert [one.what for one in cassette.dropped] == ["db.query of sqlalchemy"]
    with replaying(cassette):
        assert httpx.get("http://api.example/a?x=1").json() == {"price": 4}
        with pytest.raises(httpx.ReadTimeout, match="timed out"):
            httpx.get("http://api.example/slow")
        with pytest.raises(CannotReplay, match="max_body_kb"):
            httpx.get("http://api.example/a")


def test_what_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"interactions": [{"request": {}}]}')
    (tmp_path / "b.yaml").write_text("interactions: !!python/object/apply:os.system [echo]")
    (tmp_path / "c.json").write_text("[]")
    done = run(tmp_path, "import", ".", "--to", "new")
    assert done.returncode == 1
    assert [line.partition(":")[0] for line in done.stdout.splitlines()[:3]] == [
        "a.json",
        "b.yaml",
        "c.json",
    ]
    assert not (tmp_path / "new").exists()
    assert run(tmp_path, "import", "nothing.yaml").returncode == 2

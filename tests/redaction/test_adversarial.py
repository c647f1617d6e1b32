"""What was planted everywhere is found nowhere, and the same recording replays."""

from __future__ import annotations

import base64
import gzip
import json
import os
import re
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.redaction.planted import Planted, planted, spellings
from tests.redaction.upstream import echoing
from tests.servers import Mariadb, Memcached, Mongodb, Postgresql, Redis
from tests.serving import ROOT
from timetracer_otel.cassette.files import read
from timetracer_otel.keys import Key
from timetracer_otel.redaction.policy import DEFAULT
from timetracer_otel.redaction.scanning import leaks
from timetracer_otel.redaction.sealing import restored

PLANTED = planted()
KEY = base64.b64encode(b"the key of this recording, 32 b.").decode()
OTHER = base64.b64encode(b"another key, of another machine.").decode()


@dataclass
class Recording:
    folder: Path
    cassette: Path
    variables: dict[str, str]
    said: str

    def run(self, mode: str, **variables: str) -> tuple[dict[str, Any], str]:
        """What the program saw, and all it said."""
        ran = subprocess.run(
            [sys.executable, "-m", "tests.redaction.program", mode, str(self.folder)],
            cwd=ROOT,
            env={
                **os.environ,
                "TIMETRACER_MODE": mode,
                "TIMETRACER_BANNER": "0",
                "TIMETRACER_MAX_TRACE_KB": "200000",
                "TIMETRACER_MAX_BODY_KB": "20000",
                "TIMETRACER_KEY": KEY,
                "PYTHONWARNINGS": "",
                **self.variables,
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr[-4000:]
        assert "recording failed" not in ran.stderr, ran.stderr[-4000:]
        found: dict[str, Any] = json.loads((self.folder / f"{mode}.json").read_text())
        return found, ran.stderr + ran.stdout


@pytest.fixture(scope="module")
def recording(
    tmp_path_factory: pytest.TempPathFactory,
    redis_server: Redis,
    memcached_server: Memcached,
    mongodb_server: Mongodb,
    postgresql_server: Postgresql,
    mariadb_server: Mariadb,
) -> tuple[Recording, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("planted")
    servers = (redis_server, memcached_server, mongodb_server, postgresql_server, mariadb_server)
    for server in servers:
        server.start()
        server.renew()
    with socket.create_server(("127.0.0.1", 0)) as closed:
        refused = closed.getsockname()[1]
    pg, my = postgresql_server, mariadb_server
    with echoing() as upstream:
        variables = {
            "UPSTREAM": upstream,
            "DATABASE": str(folder / "planted.db"),
            "REFUSED": f"http://127.0.0.1:{refused}",
            "REDIS_PORT": str(redis_server.port),
            "MEMCACHED_PORT": str(memcached_server.port),
            "MONGODB": mongodb_server.url,
            "POSTGRESQL": f"postgresql://{pg.user}:{pg.password}@{pg.host}:{pg.port}/{pg.database}",
            "MARIADB": json.dumps(
                {
                    "host": my.host,
                    "port": my.port,
                    "user": my.user,
                    "password": my.password,
                    "database": my.database,
                }
            ),
            "TIMETRACER_DIR": str(folder / "kept"),
        }
        found = Recording(folder, folder, variables, "")
        saw, found.said = found.run("record")
    for server in servers:
        server.stop()
    for database in folder.glob("planted.db*"):
        database.rename(folder / f"moved {database.name}")
    (found.cassette,) = folder.glob("kept/**/*.json")
    variables["TIMETRACER_CASSETTE"] = str(found.cassette)
    return found, saw


def found_in(text: str, among: list[Planted] = PLANTED) -> list[tuple[str, str]]:
    return [
        (each.kind, each.secret)
        for each in among
        if any(spelled in text for spelled in spellings(each.secret))
    ]


def unpacked(text: str) -> Iterator[str]:
    """What base64 in a text has inside, packed or not."""
    for run in re.findall(r"[A-Za-z0-9+/]{24,}={0,2}", text):
        try:
            data = base64.b64decode(run + "=" * (-len(run) % 4))
        except ValueError:
            continue
        for undo in (bytes, gzip.decompress, zlib.decompress):
            try:
                yield undo(data).decode("latin-1")
            except (OSError, EOFError, zlib.error):
                continue


def test_enough_is_planted() -> None:
    assert len(PLANTED) >= 200
    assert len({each.kind for each in PLANTED}) >= 90


def test_every_part_did_what_it_should(recording: tuple[Recording, dict[str, Any]]) -> None:
    _, saw = recording
    assert {n: v for n, v in saw.items() if not re.fullmatch("[0-9a-f]{64}", v)} == {}


def test_nothing_planted_is_in_the_cassette(recording: tuple[Recording, dict[str, Any]]) -> None:
    text = recording[0].cassette.read_text()
    assert found_in(text) == []
    assert found_in("\n".join(set(unpacked(text)))) == []


def test_a_scan_finds_nothing(recording: tuple[Recording, dict[str, Any]]) -> None:
    assert leaks(read(recording[0].cassette), DEFAULT)[:10] == []


def test_nothing_planted_is_said(recording: tuple[Recording, dict[str, Any]]) -> None:
    assert found_in(recording[0].said) == []


def test_the_original_is_restored_with_the_key(
    recording: tuple[Recording, dict[str, Any]],
) -> None:
    original = restored(read(recording[0].cassette), Key(base64.b64decode(KEY)))
    assert len(found_in(json.dumps(str(original)))) > 200


def test_it_replays_byte_for_byte_with_the_key(
    recording: tuple[Recording, dict[str, Any]],
) -> None:
    program, saw = recording
    again, _ = program.run("replay")
    assert again == saw


def test_it_replays_without_the_key(recording: tuple[Recording, dict[str, Any]]) -> None:
    """Every call is answered, with pseudonyms; and nothing planted is said."""
    program, _ = recording
    again, said = program.run("replay", TIMETRACER_KEY=OTHER)
    unanswered = {n: v[:600] for n, v in again.items() if not re.fullmatch("[0-9a-f]{64}", v)}
    assert unanswered == {}
    assert found_in(said) == []


def test_an_error_shows_nothing_planted(recording: tuple[Recording, dict[str, Any]]) -> None:
    """A call that was not recorded is told with its pseudonyms."""
    program, _ = recording
    again, said = program.run("replay", UPSTREAM="http://elsewhere.invalid:9")
    assert "MissingRecording" in again["by_httpx"]
    assert found_in(json.dumps(again) + said) == []

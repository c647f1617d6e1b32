"""`timetracer list`: what there is, newest first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.running import timetracer
from tests.cli.shelves import checkout, shelved


def test_one_line_says_when_what_how_and_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = timetracer(capsys, "list", shelved(tmp_path))
    assert said.out.splitlines()[:2] == [
        "time (UTC)               method  route      status            took  calls  trace",
        "2026-01-02 03:04:05.000  POST    /checkout  500 TypeError  50.0 ms      2  4bf92f3577b3",
    ]
    assert said.code == 0


def test_the_newest_come_first_and_as_many_as_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = [
        checkout(trace_id=f"{day:032x}", recorded_at=f"2026-01-{day:02}T00:00:00.000000000Z")
        for day in (2, 4, 1, 3)
    ]
    said = timetracer(capsys, "list", shelved(tmp_path, *days), "-n", 2, "--format", "json")
    assert [row["recorded_at"][:10] for row in json.loads(said.out)] == ["2026-01-04", "2026-01-03"]


def test_recordings_of_one_trace_stand_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = checkout()
    other = checkout(trace_id="f" * 32, recorded_at="2026-01-02T03:04:06.000000000Z")
    partner = checkout(
        recorded_at="2026-01-02T03:04:07.000000000Z", resource=[{"service.name": "partner"}]
    )
    said = timetracer(capsys, "list", shelved(tmp_path, shop, other, partner))
    assert [line.split()[-2:] for line in said.out.splitlines()[1:4]] == [
        ["4bf92f3577b3", "shop"],
        ["trace", "partner"],
        ["ffffffffffff", "shop"],
    ]


def test_an_empty_folder_says_how_to_fill_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = timetracer(capsys, "list", tmp_path)
    assert said.code == 0
    assert "timetracer record -- " in said.out


def test_a_file_that_is_no_cassette_is_counted_and_the_others_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shelved(tmp_path) / "broken.json").write_text("{")
    said = timetracer(capsys, "list", tmp_path)
    assert "/checkout" in said.out
    assert "1 file is no cassette: `timetracer validate" in said.err


def test_a_folder_that_is_not_there_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = timetracer(capsys, "list", tmp_path / "nowhere")
    assert (said.code, said.out) == (2, "")
    assert said.err == f"timetracer: {tmp_path}/nowhere: there is no such folder of cassettes.\n"

"""`timetracer show`: a cassette that can be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.cli.running import timetracer
from tests.cli.shelves import call, checkout, query, shelved
from timetracer_otel.cassette import Cassette
from timetracer_otel.exporters.files import find


def _file(folder: Path, *cassettes: Cassette) -> Path:
    (file,) = find(shelved(folder, *cassettes))
    return file


def test_a_cassette_is_a_head_a_waterfall_and_payloads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    file = _file(tmp_path)
    said = timetracer(capsys, "show", file)
    expected = f"""\
POST http://shop/checkout  → 500 TypeError
shop · 2026-01-02 03:04:05.000 UTC · took 50.0 ms · 2 calls
trace 4bf92f3577b34da6a3ce929d0e0e4736
{file}

  1   +2.0 ms    740 µs  ━            sqlalchemy  1 row   SELECT id, credit FROM customers WHERE id…
  2  +10.0 ms   30.0 ms    ━━━━━━━    httpx       200 OK  GET http://partners/members?id=3

Request
  {{"customer": 3}}

Response
  Internal Server Error

Raised at application
  Traceback (most recent call last):
    … 1 frame of libraries left out
    File "/srv/shop/loyalty.py", line 12, in points_for
      return cents // rate
  TypeError: unsupported operand type(s)

1 SELECT id, credit FROM customers WHERE id = ?  → 1 row
  parameters: [3]
  id  credit
  3   19.90

2 GET http://partners/members?id=3  → 200 OK
  {{"tier": "lapsed", "rate": null}}
"""
    assert [line.rstrip() for line in said.out.splitlines()] == expected.splitlines()


def test_no_more_than_a_screenful_is_shown_and_what_is_left_out_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINES", "24")
    many = [query(n) for n in range(1, 300)]
    said = timetracer(capsys, "show", _file(tmp_path, checkout(interactions=many)))
    assert len(said.out.splitlines()) <= 24
    assert "more calls: --full" in said.out
    assert "more: --interaction N, or --full" in said.out


def test_full_shows_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = [query(n) for n in range(1, 300)]
    said = timetracer(capsys, "show", _file(tmp_path, checkout(interactions=many)), "--full")
    assert said.out.count("parameters: [3]") == 299
    assert "starlette/routing.py" in said.out
    assert "content-type: application/json" in said.out
    assert "…" not in said.out


def test_one_interaction_is_shown_with_headers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = timetracer(capsys, "show", _file(tmp_path), "--interaction", 2)
    assert "#2 httpx, at +10.0 ms, took 30.0 ms, in task#1 › GET#1" in said.out
    assert "accept: */*" in said.out
    assert '{"tier": "lapsed", "rate": null}' in said.out


def test_an_interaction_that_is_not_there_is_named_with_those_that_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = timetracer(capsys, "show", _file(tmp_path), "--interaction", 3)
    assert said.code == 2
    assert "there is no interaction 3; they are numbered 1 to 2" in said.err


@pytest.mark.parametrize("columns", [20, 60, 200])
def test_no_line_is_wider_than_the_terminal(
    columns: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    file = _file(tmp_path)
    said = timetracer(capsys, "show", file)
    lines = said.out.splitlines()
    lines.remove(str(file))  # this one is there to be copied
    assert max(len(line) for line in lines) <= columns


def test_a_program_gets_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _file(tmp_path)
    whole = json.loads(timetracer(capsys, "show", file, "--format", "json").out)
    assert whole == json.loads(file.read_text())
    second = json.loads(timetracer(capsys, "show", file, "-i", 2, "--format", "json").out)
    assert second == whole["interactions"][1]


def test_what_was_cut_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded = call(1)
    assert recorded.response is not None
    assert recorded.response.body is not None
    body = replace(
        recorded.response.body, json=None, style="", truncated=True, size=12_000_000, sha256="ab12"
    )
    cut = replace(recorded, response=replace(recorded.response, body=body))
    said = timetracer(capsys, "show", _file(tmp_path, checkout(interactions=[cut])))
    assert "(12.0 MB, not kept: more than max_body_kb; sha256 ab12)" in said.out


def test_a_broken_cassette_is_refused_with_file_place_and_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.json"
    file.write_text('{"timetracer": 1, "trace_id": 7}')
    said = timetracer(capsys, "show", file)
    assert said.code == 2
    assert said.err.startswith(f"timetracer: {file}: not a valid cassette at `$.trace_id`: ")


def test_a_long_list_of_columns_does_not_hide_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = replace(query(1), title="SELECT a.id, a.name, a.street, a.town FROM addresses AS a")
    said = timetracer(capsys, "show", _file(tmp_path, checkout(interactions=[long])))
    (line,) = (line for line in said.out.splitlines() if line.startswith("  1 "))
    assert line.endswith("SELECT … FROM addresses AS a")

"""`timetracer validate`: whether files are cassettes, and where they are not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.running import timetracer
from tests.cli.shelves import shelved
from timetracer_otel.exporters.files import find


def test_good_cassettes_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert timetracer(capsys, "validate", shelved(tmp_path)) == (0, "1 cassette valid\n", "")


def test_a_bad_file_is_named_with_place_and_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = shelved(tmp_path) / "bad.json"
    bad.write_text('{"timetracer": 1, "trace_id": "a", "recorded_at": "b", "duration_us": "c"}')
    said = timetracer(capsys, "validate", tmp_path)
    assert said.code == 1
    assert said.out.splitlines() == [
        f"{bad}: $.duration_us: Expected `int`, got `str`",
        "1 of 2 files invalid",
    ]


def _with(folder: Path, *, value: Any) -> Path:
    """The checkout with another value in the first column of its query."""
    (file,) = find(shelved(folder))
    document = json.loads(file.read_text())
    document["interactions"][0]["response"]["rows"][0][0] = value
    file.write_text(json.dumps(document))
    return file


def test_a_value_that_cannot_be_restored_is_invalid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = timetracer(capsys, "validate", _with(tmp_path, value={"$decimal": "a lot"}))
    assert said.code == 1
    assert ": $.interactions[0].response.rows[0][0]: " in said.out


def test_a_value_of_an_unknown_type_is_told_but_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    opaque = {"$opaque": {"type": "shop.Thing", "repr": "<Thing>"}}
    said = timetracer(capsys, "validate", _with(tmp_path, value=opaque))
    assert said.code == 0
    assert "shop.Thing" in said.out


def test_the_schema_is_printed_and_holds_of_a_cassette(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = json.loads(timetracer(capsys, "validate", "--print-schema").out)
    (file,) = find(shelved(tmp_path))
    jsonschema.validate(json.loads(file.read_text()), schema)


@pytest.mark.parametrize("word", ["nowhere.json", "nothing-*.json"])
def test_what_is_not_there_cannot_be_checked(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = timetracer(capsys, "validate", word)
    assert said.code == 2
    assert said.err.startswith(f"timetracer: {word}: ")


def test_patterns_and_folders_mean_the_files_in_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shelved(tmp_path)
    said = timetracer(capsys, "validate", tmp_path / "*" / "POST_*.json", tmp_path)
    assert said.out == "1 cassette valid\n"

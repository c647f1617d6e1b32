"""``timetracer redact`` and ``scan``, and what ``show`` reveals."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.cli.running import timetracer
from tests.redaction.test_cassettes import PERSON, cassette
from timetracer_otel.cassette import write_cassette
from timetracer_otel.cassette.files import read
from timetracer_otel.keys.ring import forget_keys

OLD = base64.b64encode(b"o" * 32).decode()
NEW = base64.b64encode(b"n" * 32).decode()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cassette as it was written before there was any redaction."""
    use(OLD, monkeypatch)
    path = tmp_path / "old.json"
    path.write_bytes(write_cassette(cassette()))
    return path


def use(keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIMETRACER_KEY", keys)
    forget_keys()


@pytest.fixture(autouse=True)
def forget() -> object:
    yield
    forget_keys()


def test_a_scan_names_places_and_kinds_and_no_values(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = timetracer(capsys, "scan", file)
    assert said.code == 1
    assert f"{file}: $.entry.request.body.json.password: password" in said.out
    assert str(PERSON["password"]) not in said.out + said.err
    in_json = json.loads(timetracer(capsys, "scan", file, "--format", "json").out)
    assert {"e-mail address"} in [set(leak["kinds"]) for leak in in_json["leaks"]]


def test_what_is_redacted_leaks_nothing_and_is_revealed_with_its_key(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert timetracer(capsys, "redact", file).code == 0
    assert timetracer(capsys, "scan", file).out == "nothing to hide\n"
    assert file.stat().st_mode & 0o777 == 0o600
    shown = timetracer(capsys, "show", file, "--full").out
    assert "ada@lovelace.org" not in shown and "redacted: policy default" in shown
    assert "ada@lovelace.org" in timetracer(capsys, "show", file, "--full", "--reveal").out
    assert timetracer(capsys, "validate", file).code == 0


def test_without_its_key_nothing_is_revealed(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    timetracer(capsys, "redact", file)
    use(NEW, monkeypatch)
    said = timetracer(capsys, "show", file, "--reveal")
    assert said.code == 2
    assert read(file).redaction.key_id in said.err and "TIMETRACER_KEY" in said.err


def test_a_new_key_replaces_the_old_one(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    timetracer(capsys, "redact", file)
    before = read(file).redaction.key_id
    use(f"{NEW} {OLD}", monkeypatch)
    timetracer(capsys, "redact", file)
    assert read(file).redaction.key_id not in ("", before)
    use(NEW, monkeypatch)
    assert "ada@lovelace.org" in timetracer(capsys, "show", file, "--full", "--reveal").out


def test_for_others_nothing_is_kept_and_the_file_stays(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = file.parent / "given"
    timetracer(capsys, "redact", file, "--no-seal", "--output", folder)
    assert read(folder / "old.json").redaction.sealed == []
    assert "ada@lovelace.org" in file.read_text()
    assert "ada@lovelace.org" not in (folder / "old.json").read_text()

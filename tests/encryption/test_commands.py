"""`encrypt`, `decrypt`, `keys`, and every other command before an encrypted cassette."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import timetracer
from tests.cli.shelves import checkout, shelved
from tests.cli.test_replay import greeted
from tests.encryption.conftest import KEYS, in_base64
from tests.encryption.test_recording import kept
from timetracer_otel.cassette.files import header_of
from timetracer_otel.exporters import files, rewriting
from timetracer_otel.exporters.files import find, read
from timetracer_otel.keys import ring
from timetracer_otel.keys.texts import read_keys, written
from timetracer_otel.settings import read_settings

Capsys = pytest.CaptureFixture[str]


def lose(keys: Path) -> None:
    """Only keys that nothing was encrypted with are left."""
    keys.write_text(written(KEYS[1:]))
    ring.forget_keys()


def test_encrypted_and_decrypted_a_file_is_what_it_was(tmp_path: Path, capsys: Capsys) -> None:
    (path,) = find(shelved(tmp_path / "c"))
    os.utime(path, (1_000_000_000, 1_000_000_000))
    before = path.read_bytes()
    said = timetracer(capsys, "encrypt", tmp_path / "c")
    assert (said.code, said.out, said.err) == (0, "1 cassette encrypted\n", "")
    (encrypted,) = find(tmp_path / "c")
    assert encrypted.name == "POST_checkout_500_4bf92f3577b3.json.jwe"
    assert stat.S_IMODE(encrypted.stat().st_mode) == 0o600
    assert encrypted.stat().st_mtime == 1_000_000_000
    assert b"customers" not in encrypted.read_bytes()
    said = timetracer(capsys, "decrypt", encrypted)
    assert (said.code, said.out) == (0, "1 cassette decrypted\n")
    assert find(tmp_path / "c") == [path]
    assert path.read_bytes() == before


def test_what_is_encrypted_already_stays_as_it_is(tmp_path: Path, capsys: Capsys) -> None:
    before = kept(tmp_path / "c").read_bytes()
    said = timetracer(capsys, "encrypt", tmp_path / "c")
    assert (said.code, said.out) == (0, "0 cassettes encrypted, 1 as they were\n")
    assert find(tmp_path / "c")[0].read_bytes() == before


def test_both_are_kept_when_asked(tmp_path: Path, capsys: Capsys) -> None:
    shelved(tmp_path / "c")
    assert timetracer(capsys, "encrypt", "--keep", tmp_path / "c").code == 0
    assert [path.suffix for path in find(tmp_path / "c")] == [".json", ".jwe"]


def test_a_name_tells_nothing_that_is_not_to_be_seen(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    (plain,) = find(shelved(tmp_path / "c"))
    monkeypatch.setenv("TIMETRACER_CLEAR_FIELDS", "")
    timetracer(capsys, "encrypt", tmp_path / "c")
    assert find(tmp_path / "c") == [tmp_path / "c" / "undated" / "4bf92f3577b3.json.jwe"]
    timetracer(capsys, "decrypt", tmp_path / "c")
    assert find(tmp_path / "c") == [plain]


def test_what_cannot_be_encrypted_is_named_and_left(tmp_path: Path, capsys: Capsys) -> None:
    broken = shelved(tmp_path / "c") / "broken.json"
    broken.write_text("{")
    said = timetracer(capsys, "encrypt", tmp_path / "c")
    assert said.code == 1
    assert said.out == "1 cassette encrypted\n"
    assert f"{broken}: not a valid cassette" in said.err
    assert "1 of 2 files could not be" in said.err
    assert broken.exists()


def test_without_a_key_nothing_is_touched(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelved(tmp_path / "c", checkout(), greeted("anna"))
    monkeypatch.setenv("TIMETRACER_KEYS", "env")
    before = find(tmp_path / "c")
    said = timetracer(capsys, "encrypt", tmp_path / "c")
    assert said.code == 2
    assert said.err.count("the environment variable TIMETRACER_KEY: it is not set") == 1
    assert find(tmp_path / "c") == before


@pytest.mark.parametrize("moment", ["written", "read back"])
def test_ctrl_c_leaves_each_cassette_once_and_whole(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    shelved(tmp_path / "c", checkout(), greeted("anna"))

    def interrupted(*args: Any) -> None:
        raise KeyboardInterrupt

    if moment == "written":
        monkeypatch.setattr(files, "_linked", interrupted)
    else:
        monkeypatch.setattr(rewriting.Rewriting, "_compare", interrupted)
    assert timetracer(capsys, "encrypt", tmp_path / "c").code == 130
    assert len([read(path) for path in find(tmp_path / "c")]) == 2
    assert not list(tmp_path.rglob(".*.part"))


def test_rotating_encrypts_anew_with_a_new_key(tmp_path: Path, keys: Path, capsys: Capsys) -> None:
    kept(tmp_path / "c")
    path = kept(tmp_path / "c", greeted("anna"))
    said = timetracer(capsys, "keys", "rotate", tmp_path / "c")
    assert said.code == 0
    new, old = read_keys(keys.read_text())
    assert old == KEYS[0]
    assert said.out.splitlines() == [f"new key: {new.id}, in {keys}", "2 cassettes encrypted anew"]
    keys.write_text(written([new]))
    ring.forget_keys()
    assert read(path) == greeted("anna")
    assert [header.kid for header in map(header_of, find(tmp_path / "c")) if header] == [new.id] * 2


def test_rotating_to_the_key_that_is_current_makes_none(
    tmp_path: Path, keys: Path, capsys: Capsys
) -> None:
    path = kept(tmp_path / "c")
    keys.write_text(written([KEYS[1], KEYS[0]]))
    ring.forget_keys()
    said = timetracer(capsys, "keys", "rotate", "--current", path)
    assert (said.code, said.out) == (0, "1 cassette encrypted anew\n")
    header = header_of(path)
    assert header is not None
    assert header.kid == KEYS[1].id


def test_keys_are_listed_with_what_they_opened_and_what_is_missing(
    tmp_path: Path, keys: Path, capsys: Capsys
) -> None:
    kept(tmp_path / "c")
    said = timetracer(capsys, "keys", "list", tmp_path / "c")
    assert (said.code, said.out) == (0, f"{KEYS[0].id}  {keys}  1 cassette  current\n")
    lose(keys)
    said = timetracer(capsys, "keys", "list", tmp_path / "c")
    assert said.code == 1
    assert said.out.splitlines() == [
        f"{KEYS[1].id}  {keys}  0 cassettes  current",
        f"{KEYS[2].id}  {keys}  0 cassettes",
        f"{KEYS[0].id}  missing  1 cassette",
    ]


def test_a_first_key_is_made_where_it_was_asked_for(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMETRACER_KEYS", f"file:{tmp_path}/new/key")
    said = timetracer(capsys, "keys", "new")
    (made,) = read_keys((tmp_path / "new" / "key").read_text())
    assert (said.code, said.out) == (0, f"new key: {made.id}, in {tmp_path}/new/key\n")
    assert stat.S_IMODE((tmp_path / "new" / "key").stat().st_mode) == 0o600


def test_no_key_is_made_where_the_environment_has_it(
    capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMETRACER_KEYS", "env")
    monkeypatch.setenv("TIMETRACER_KEY", in_base64(KEYS[0]))
    said = timetracer(capsys, "keys", "new")
    assert said.code == 2
    assert "it is set from outside" in said.err


def test_list_shows_what_is_in_the_clear_and_names_the_key(
    tmp_path: Path, keys: Path, capsys: Capsys
) -> None:
    kept(tmp_path / "c")
    assert (
        "POST    /checkout  500 TypeError  50.0 ms      2"
        in timetracer(capsys, "list", tmp_path / "c").out
    )
    lose(keys)
    said = timetracer(capsys, "list", tmp_path / "c")
    assert said.code == 0
    assert "2026-01-02 03:04:05.000  POST    /checkout  500" in said.out
    assert said.err == (
        f"1 cassette is encrypted with the key {KEYS[0].id}, not to be had from {keys}\n"
    )
    (row,) = json.loads(timetracer(capsys, "list", tmp_path / "c", "--format", "json").out)
    assert (row["missing_key"], row["route"]) == (KEYS[0].id, "/checkout")


@pytest.mark.parametrize("command", ["show", "validate", "decrypt"])
def test_every_command_says_which_key_is_missing(
    tmp_path: Path, keys: Path, capsys: Capsys, command: str
) -> None:
    path = kept(tmp_path / "c")
    assert timetracer(capsys, command, path).code == 0
    path = kept(tmp_path / "c")
    lose(keys)
    said = timetracer(capsys, command, path)
    assert said.code == {"show": 2, "validate": 1, "decrypt": 2}[command]
    assert f"encrypted with the key {KEYS[0].id}: that is not in {keys}" in said.out + said.err


def test_as_many_of_one_name_as_there_can_be_are_encrypted_anew(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (kept(tmp_path / "c") for _ in range(2))
    monkeypatch.setattr(rewriting, "placed", None)  # no other name is looked for
    said = timetracer(capsys, "keys", "rotate", tmp_path / "c")
    assert said.code == 0
    assert find(tmp_path / "c") == sorted([one, two])
    assert not list(tmp_path.rglob(".*.part"))


@pytest.mark.parametrize(
    "settings",
    [{"encryption": "off"}, {"encryption": "off", "compression": "gzip"}, {"encryption": "on"}],
)
def test_another_content_of_a_file_has_the_form_that_the_file_has(
    tmp_path: Path, settings: dict[str, str]
) -> None:
    path = kept(tmp_path / "c", **settings)
    other = checkout(duration_us=1)
    path.write_bytes(rewriting.Rewriting(read_settings()).content_as(path, other))
    assert read(path) == other
    assert (header_of(path) is not None) is (settings["encryption"] == "on")

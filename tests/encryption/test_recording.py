"""Recordings that are written encrypted, and read and replayed by who has the key."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.cli.running import timetracer
from tests.cli.shelves import checkout
from tests.cli.test_main import TIMETRACER
from tests.cli.test_replay import APP, greeted
from tests.encryption.conftest import KEYS, in_base64
from tests.exporters.test_writer_process import answers, asked, numbers, run
from timetracer_otel.cassette import Cassette
from timetracer_otel.cassette.files import header_of
from timetracer_otel.errors import CannotDecrypt, InvalidCassette
from timetracer_otel.exporters.chain import store_of
from timetracer_otel.exporters.files import find, read
from timetracer_otel.keys import ring
from timetracer_otel.keys.texts import written
from timetracer_otel.settings import read_settings

ON: dict[str, Any] = {"encryption": "on"}


def kept(folder: Path, *cassettes: Cassette, **settings: Any) -> Path:
    """The file of the last of them."""
    store = store_of(read_settings(dir=str(folder), **(ON | settings)))
    before = set(find(folder)) if folder.is_dir() else set()
    for cassette in cassettes or (checkout(),):
        store.write(cassette)
    return max(set(find(folder)) - before)


def test_name_and_header_say_method_route_status_and_time(tmp_path: Path) -> None:
    path = kept(tmp_path / "c")
    assert path == tmp_path / "c" / "2026-01-02" / "POST_checkout_500_4bf92f3577b3.json.jwe"
    header = header_of(path)
    assert header is not None
    assert header.kid == KEYS[0].id
    shown = header.timetracer
    assert (shown.method, shown.route, shown.status) == ("POST", "/checkout", 500)
    assert shown.recorded_at == checkout().recorded_at
    assert (shown.service, shown.error, shown.duration_us) == ("", "", None)
    assert read(path) == checkout()


def test_what_is_left_out_of_the_clear_is_nowhere_to_be_seen(tmp_path: Path) -> None:
    path = kept(tmp_path / "c", clear_fields=())
    assert path == tmp_path / "c" / "undated" / "4bf92f3577b3.json.jwe"
    header = header_of(path)
    assert header is not None
    assert header.timetracer.route == header.timetracer.recorded_at == ""
    assert read(path) == checkout()


def test_more_can_be_said_in_the_clear(tmp_path: Path) -> None:
    header = header_of(kept(tmp_path / "c", clear_fields="service,error,duration"))
    assert header is not None
    shown = header.timetracer
    assert (shown.service, shown.error, shown.duration_us) == ("shop", "TypeError", 50_000)
    assert (shown.method, shown.recorded_at) == ("", "")


def test_a_path_that_is_no_route_is_not_said(tmp_path: Path) -> None:
    path = kept(tmp_path / "c", greeted("anna"))
    assert path.name.startswith("GET_200_")
    assert b"anna" not in path.read_bytes()


def test_a_fragment_joins_the_encrypted_file_of_its_trace(tmp_path: Path) -> None:
    store = store_of(read_settings(dir=str(tmp_path / "c"), compression="gzip", **ON))
    store.write(checkout())
    later = replace(checkout(), entry=None, recorded_at="2026-01-02T03:04:06.000000006Z")
    store.write(later, fragment=True)
    (path,) = find(tmp_path / "c")
    assert len(read(path).interactions) == 4


def test_what_was_kept_already_is_not_kept_again(tmp_path: Path) -> None:
    for _ in range(2):
        store = store_of(read_settings(dir=str(tmp_path / "c"), **ON))
        store.write_again(checkout(), fragment=False)
    assert len(find(tmp_path / "c")) == 1


def test_a_key_that_is_not_here_is_named(tmp_path: Path, keys: Path) -> None:
    path = kept(tmp_path / "c")
    keys.write_text(written(KEYS[1:]))
    ring.forget_keys()
    with pytest.raises(CannotDecrypt, match=f"key {KEYS[0].id}: that is not in {keys}"):
        read(path)


def test_a_key_that_was_rotated_away_opens_what_it_wrapped_as_long_as_it_is_kept(
    tmp_path: Path, keys: Path
) -> None:
    old = kept(tmp_path / "c")
    keys.write_text(written([KEYS[1], KEYS[0]]))
    ring.forget_keys()
    new = kept(tmp_path / "c", greeted("anna"))
    assert read(old) == checkout()
    assert read(new) == greeted("anna")
    headers = [header_of(path) for path in (old, new)]
    assert [header.kid for header in headers if header] == [KEYS[0].id, KEYS[1].id]


def test_a_broken_file_is_an_error_whole(tmp_path: Path) -> None:
    path = kept(tmp_path / "c")
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InvalidCassette, match="changed or cut off"):
        read(path)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("file:/nowhere/key", "No such file or directory"),
        ("env", "it is not set"),
        ("command:false", "it ended with code 1"),
        ("command:/nowhere/command", "No such file or directory"),
        ("command:echo hello", "not 32 bytes in base64"),
        ("oracle:delphi", "'oracle:delphi'"),
    ],
)
def test_without_a_key_nothing_is_written_and_it_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, source: str, reason: str
) -> None:
    store = store_of(read_settings(dir=str(tmp_path / "c"), keys=source, **ON))
    with caplog.at_level(logging.ERROR, "timetracer_otel"):
        store.write(checkout())
        store.write(greeted("anna"))
    (said,) = caplog.messages
    assert reason in said
    assert not list((tmp_path / "c").rglob("*.*"))


@pytest.mark.parametrize("source", ["env", "command", "default"])
def test_keys_come_from_where_the_setting_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    key = in_base64(KEYS[2])
    if source == "env":
        monkeypatch.setenv("TIMETRACER_KEY", key)
    named = {"env": "env", "command": f"command:echo '{key}'", "default": ""}[source]
    monkeypatch.setenv("TIMETRACER_KEYS", named)
    path = kept(tmp_path / "c")
    header = header_of(path)
    assert header is not None
    assert (header.kid == KEYS[2].id) is (source != "default")
    assert read(path) == checkout()


@pytest.mark.parametrize("source", ["env", "command"])
@pytest.mark.parametrize("writer", ["thread", "process"])
def test_an_application_records_encrypted_whoever_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str, source: str
) -> None:
    monkeypatch.setenv("TIMETRACER_ENCRYPTION", "on")
    printed = "command:printenv TIMETRACER_KEY"
    monkeypatch.setenv("TIMETRACER_KEYS", printed if source == "command" else "env")
    monkeypatch.setenv("TIMETRACER_KEY", in_base64(KEYS[2]))
    ready = ["ready"] if writer == "process" else ["record=1"]
    greenlets = ["gevent"] if source == "command" else []  # a process of its own, beside them
    ran = run(tmp_path / "c", *greenlets, f"begin={writer}", *ready, "record=20", "flush")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert answers(ran)[-1] is True
    assert sorted(asked(tmp_path / "c")) == numbers(21)
    assert all(path.name.endswith(".jwe") for path in find(tmp_path / "c"))


def replayed(path: Path) -> subprocess.CompletedProcess[str]:
    """Its replay, in a process of its own."""
    command = [*TIMETRACER, "replay", str(path), *APP]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_what_was_recorded_encrypted_is_replayed(tmp_path: Path) -> None:
    ran = replayed(kept(tmp_path / "c", greeted("anna")))
    assert (ran.returncode, ran.stdout[:4]) == (0, "same"), ran.stderr


def test_a_replay_without_the_key_says_which(
    tmp_path: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = kept(tmp_path / "c", greeted("anna"))
    keys.write_text(written(KEYS[1:]))
    ring.forget_keys()
    said = timetracer(capsys, "replay", path, *APP)
    assert said.code == 2
    assert f"encrypted with the key {KEYS[0].id}: that is not in {keys}" in said.err


def test_an_encrypted_hash_seed_is_obeyed(tmp_path: Path) -> None:
    from timetracer_otel.cassette.files import hash_seed_of

    assert hash_seed_of(kept(tmp_path / "c", checkout(hash_seed=7))) == 7


def test_an_application_that_never_encrypts_loads_none_of_it(tmp_path: Path) -> None:
    code = (
        "import sys, json; from timetracer_otel.exporters.chain import store_of\n"
        "from timetracer_otel.settings import Settings\n"
        "store_of(Settings(dir=sys.argv[1]))\n"
        "names = ('cryptography', 'hvac', 'boto3', 'timetracer_otel.encryption')\n"
        "print(json.dumps([name for name in names if name in sys.modules]))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    environ = {**os.environ, "TIMETRACER_ENCRYPTION": "off"}
    ran = subprocess.run(command, env=environ, capture_output=True, check=True, timeout=60)
    assert json.loads(ran.stdout) == []


def test_a_running_application_takes_up_a_new_key(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(read_settings(dir=str(tmp_path / "c"), **ON))
    store.write(checkout())
    keys.write_text(written([KEYS[1], KEYS[0]]))
    now = time.monotonic()
    monkeypatch.setattr(ring, "monotonic", lambda: now + 3601)
    store.write(greeted("anna"))
    headers = [header_of(path) for path in find(tmp_path / "c")]
    assert {header.kid for header in headers if header} == {KEYS[0].id, KEYS[1].id}


def test_a_command_in_python_does_not_record_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMETRACER_KEY", in_base64(KEYS[2]))
    asked = "import os; assert os.environ['TIMETRACER_MODE'] == 'off'"
    line = f"{sys.executable} -c \"{asked}; print(os.environ['TIMETRACER_KEY'])\""
    monkeypatch.setenv("TIMETRACER_KEYS", f"command:{line}\n")
    assert read(kept(tmp_path / "c")) == checkout()

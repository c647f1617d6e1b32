"""The file store: whole files, private, never one over another."""

from __future__ import annotations

import errno
import gzip
import logging
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.core.test_cassette import a_cassette
from timetracer_otel.cassette import read_cassette, write_cassette
from timetracer_otel.errors import InvalidCassette, StoreError
from timetracer_otel.exporters.files import FileStore, file_name, find, read


def test_a_cassette_is_found_by_date_method_route_status_and_trace(tmp_path: Path) -> None:
    FileStore(tmp_path).write(a_cassette())
    (path,) = find(tmp_path)
    assert path == tmp_path / "2026-01-02" / "GET_items_200_4bf92f3577b3.json"
    assert read(path) == a_cassette()


def test_files_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    FileStore(tmp_path / "new").write(a_cassette())
    (path,) = find(tmp_path / "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_gzip_is_written_and_read(tmp_path: Path) -> None:
    FileStore(tmp_path, compression="gzip").write(a_cassette())
    (path,) = find(tmp_path)
    assert path.name.endswith(".json.gz")
    assert read_cassette(gzip.decompress(path.read_bytes()), file="x") == read(path)


def test_two_recordings_of_one_trace_do_not_meet_in_one_file(tmp_path: Path) -> None:
    FileStore(tmp_path).write(a_cassette())
    FileStore(tmp_path).write(replace(a_cassette(), duration_us=2))
    assert [read(path).duration_us for path in find(tmp_path)] == [2, 1500]


def test_processes_writing_the_same_name_at_once_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from timetracer_otel.exporters.files import FileStore\n"
        "from timetracer_otel.cassette import read_cassette\n"
        "cassette = read_cassette(sys.stdin.buffer.read(), file='in')\n"
        "for _ in range(20): FileStore(sys.argv[1]).write(cassette)\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE)
        for _ in range(3)
    ]
    for writer in writers:
        writer.communicate(write_cassette(a_cassette()), timeout=60)
        assert writer.returncode == 0
    assert len(find(tmp_path)) == 60
    assert all(read(path) == a_cassette() for path in find(tmp_path))


def test_a_fragment_joins_the_file_of_its_trace(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    store.write(a_cassette())
    later = replace(a_cassette(), entry=None, recorded_at="2026-01-02T03:04:06.000000006Z")
    store.write(later, fragment=True)
    (path,) = find(tmp_path)
    merged = read(path)
    assert [(i.id, i.start_us) for i in merged.interactions] == [(1, 10), (2, 1_000_010)]
    assert merged.clock[1].offsets_ns == [1_000_000_001, 1_000_000_002]


def test_a_folder_that_cannot_be_made_is_said_once_and_harms_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").write_text("a file")
    store = FileStore(tmp_path / "taken")
    with caplog.at_level(logging.ERROR, "timetracer_otel"):
        for _ in range(3):
            store.write(a_cassette())
    assert store.lost == 3
    assert len(caplog.records) == 1


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", full)
    store = FileStore(tmp_path)
    store.write(a_cassette())
    assert store.lost == 1
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_reading_what_is_not_there_or_not_gzip_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        read(tmp_path / "none.json")
    (tmp_path / "bad.json.gz").write_bytes(b"not gzip")
    with pytest.raises(InvalidCassette, match="gzip"):
        read(tmp_path / "bad.json.gz")
    with pytest.raises(StoreError, match="no such folder"):
        find(tmp_path / "none")


def test_a_gzip_bomb_is_refused_at_the_limit(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.json.gz"
    with gzip.open(bomb, "wb") as file:
        for _ in range(100):
            file.write(b" " * 1024 * 1024)
    with pytest.raises(InvalidCassette, match="bytes"):
        read(bomb)


def test_names_are_safe_whatever_the_route_holds() -> None:
    cassette = a_cassette()
    entry = cassette.entry
    assert entry is not None
    odd = replace(entry, request=replace(entry.request, route="/../{x}/é\n" + "y" * 300))
    name = file_name(replace(cassette, entry=odd))
    assert "/" not in name and ".." not in name and len(name) < 140

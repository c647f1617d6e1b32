"""A folder of cassettes keeps to its size, and nothing that is no cassette of ours is touched."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.core.test_cassette import a_cassette
from timetracer_otel.cassette import Cassette, write_cassette
from timetracer_otel.exporters.files import FileStore, find

SIZE = len(write_cassette(a_cassette()))


def numbered(number: int) -> Cassette:
    return replace(a_cassette(), trace_id=f"{number:012x}" + "0" * 20)


def store_of(folder: Path, cassettes: float, policy: str) -> FileStore:
    store = FileStore(folder)
    store.limit_disk(int(cassettes * SIZE), policy)  # type: ignore[arg-type]
    return store


def fill(store: FileStore, first: int, last: int) -> None:
    for number in range(first, last + 1):
        store.write(numbered(number))
        for path in find(store.folder):
            if f"{number:012x}" in path.name:
                os.utime(path, (number, number))  # ages that no clock's grain makes equal


def kept(folder: Path) -> list[int]:
    return [int(path.stem.rpartition("_")[2], 16) for path in find(folder)]


def test_the_oldest_make_room(tmp_path: Path) -> None:
    store = store_of(tmp_path, 4.5, "oldest")
    fill(store, 1, 10)
    assert kept(tmp_path) == [7, 8, 9, 10]
    assert (store.tally.written, store.tally.removed, store.lost) == (10, 6, 0)


def test_the_largest_make_room(tmp_path: Path) -> None:
    store = store_of(tmp_path, 4.5, "largest")
    fill(store, 1, 3)
    large = find(tmp_path)[1]
    large.write_bytes(large.read_bytes() + b" " * 2 * SIZE)
    fill(store_of(tmp_path, 4.5, "largest"), 4, 4)
    assert kept(tmp_path) == [1, 3, 4]


def test_writing_may_stop_instead_and_goes_on_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_of(tmp_path, 2.5, "stop")
    with caplog.at_level(logging.ERROR, "timetracer_otel"):
        fill(store, 1, 6)
    assert kept(tmp_path) == [1, 2, 3]
    assert dict(store.tally.lost) == {"disk full": 3}
    assert len(caplog.records) == 1 and "max_disk_mb" in caplog.text
    for path in find(tmp_path):
        path.unlink()
    store._limit._scanned -= 60
    fill(store, 7, 7)
    assert kept(tmp_path) == [7]


def test_what_was_there_before_counts(tmp_path: Path) -> None:
    fill(FileStore(tmp_path), 1, 10)
    fill(store_of(tmp_path, 4.5, "oldest"), 11, 11)
    assert kept(tmp_path) == [8, 9, 10, 11]


def test_two_processes_keep_to_one_limit(tmp_path: Path) -> None:
    one, other = (store_of(tmp_path, 10.5, "oldest") for _ in range(2))
    for number in range(1, 61, 2):
        fill(one, number, number)
        fill(other, number + 1, number + 1)
    assert sum(path.stat().st_size for path in find(tmp_path)) <= 11.5 * SIZE
    assert one.tally.removed + other.tally.removed + len(find(tmp_path)) == 60


def test_nothing_else_in_the_folder_is_counted_or_removed(tmp_path: Path) -> None:
    store = store_of(tmp_path, 2.5, "oldest")
    fill(store, 1, 1)
    (day,) = tmp_path.iterdir()
    mine = [
        tmp_path / "package.json",
        tmp_path / "GET_items_200_0000000000aa.json",
        day / "notes.json",
        day / "the-bug.json",
        day / ".GET_items_200_0000000000ab.json.1-2.part",
        tmp_path / "other" / "GET_items_200_0000000000ac.json",
    ]
    (tmp_path / "other").mkdir()
    for path in mine:
        path.write_bytes(b" " * 10 * SIZE)
        os.utime(path, (0, 0))
    fill(store, 2, 9)
    assert [path for path in mine if not path.exists()] == []
    assert store.tally.removed == 7


def test_days_that_are_empty_are_removed(tmp_path: Path) -> None:
    store = store_of(tmp_path, 1.5, "oldest")
    for number, date in enumerate(("2026-01-01", "2026-01-02", "2026-01-03"), start=1):
        store.write(replace(numbered(number), recorded_at=f"{date}T00:00:00.000000000Z"))
        path = find(tmp_path)[-1]
        os.utime(path, (number, number))
    assert [day.name for day in tmp_path.iterdir()] == ["2026-01-03"]

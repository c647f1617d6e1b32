"""`timetracer clean`: what would go is said before it goes."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Said, timetracer
from tests.cli.shelves import call, checkout, query, shelved
from tests.cli.test_replay import greeted
from tests.encryption.conftest import KEYS
from tests.encryption.test_recording import kept
from timetracer_otel.cassette import Cassette
from timetracer_otel.exporters.files import find
from timetracer_otel.keys import ring
from timetracer_otel.keys.texts import written

Capsys = pytest.CaptureFixture[str]


def of_day(day: int, **changes: Any) -> Cassette:
    return checkout(
        trace_id=f"{day:032x}", recorded_at=f"2026-01-{day:02}T00:00:00.000000000Z", **changes
    )


def days(folder: Path) -> list[int]:
    return sorted(int(path.parent.name[-2:]) for path in find(folder))


def clean(capsys: Capsys, *words: object) -> Said:
    said = timetracer(capsys, "clean", *words)
    assert said.code == 0
    return said


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """Four days of checkouts: on the second one call more, on the third another failure."""
    return shelved(
        tmp_path / "c",
        of_day(1),
        of_day(2, interactions=[query(1), call(2), query(3)]),
        of_day(3, interactions=[query(1)]),
        of_day(4),
    )


def test_first_it_is_said_what_would_go_and_why(shelf: Path, capsys: Capsys) -> None:
    size = sum(path.stat().st_size for path in find(shelf))
    said = clean(capsys, shelf, "--keep", 3)
    first = find(shelf)[0]
    its = f"{first.stat().st_size / 1000:.1f} kB"
    assert said.out.splitlines() == [
        f"{first}  {its}  3 newer ones of its route",
        f"1 file, {its} would go, of 4 cassettes, {size / 1000:.1f} kB",
    ]
    assert said.err == "nothing was removed: --yes does it, and nothing brings them back\n"
    assert days(shelf) == [1, 2, 3, 4]


def test_then_it_goes_and_an_empty_folder_with_it(shelf: Path, capsys: Capsys) -> None:
    said = clean(capsys, shelf, "--keep", 3, "--yes")
    assert said.out.startswith("1 file, ")
    assert days(shelf) == [2, 3, 4]
    assert not (shelf / "2026-01-01").exists()


def test_by_age(shelf: Path, capsys: Capsys) -> None:
    today = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "000Z")
    shelved(shelf, checkout(trace_id="f" * 32, recorded_at=today))
    clean(capsys, shelf, "--older-than", "30d", "--yes")
    assert [path.parent.name for path in find(shelf)] == [today[:10]]


def test_by_size_the_oldest_go(shelf: Path, capsys: Capsys) -> None:
    sizes = [path.stat().st_size for path in find(shelf)]
    clean(capsys, shelf, "--max-size", f"{sum(sizes[2:])}B", "--yes")
    assert days(shelf) == [3, 4]


def test_duplicates_are_those_of_the_same_route_calls_and_outcome(
    shelf: Path, capsys: Capsys
) -> None:
    clean(capsys, shelf, "--duplicates", "--yes")
    assert days(shelf) == [3, 4]


def test_routes_are_counted_each_by_itself(shelf: Path, capsys: Capsys) -> None:
    shelved(shelf, greeted("anna"))
    clean(capsys, shelf, "--keep", 1, "--yes")
    assert [path.name[:4] for path in find(shelf)] == ["GET_", "POST"]


def test_without_a_route_the_path_tells_requests_apart(tmp_path: Path, capsys: Capsys) -> None:
    shelf = shelved(tmp_path / "c", greeted("anna"), greeted("berta"), greeted("anna"))
    clean(capsys, shelf, "--keep", 1, "--yes")
    assert len(find(shelf)) == 2
    kept(tmp_path / "d", greeted("anna"), greeted("berta"), greeted("anna"))
    clean(capsys, tmp_path / "d", "--keep", 1, "--yes")
    assert len(find(tmp_path / "d")) == 2


def test_orphans_are_broken_cassettes_and_old_drafts_and_nobody_elses_files(
    shelf: Path, capsys: Capsys
) -> None:
    (shelf / "package.json").write_text("{}")
    (shelf / "GET_x_200_0123456789ab-2.json").write_text("{")
    old, new = (shelf / "2026-01-04" / f".{name}.7-ab.part" for name in ("old", "new"))
    for draft in (old, new):
        draft.write_text("{")
    os.utime(old, (1_000_000_000, 1_000_000_000))
    said = clean(capsys, shelf, "--orphans", "--yes")
    assert said.out.startswith("2 files, 2 bytes removed")
    (shelf / "package.json").unlink()
    assert days(shelf) == [1, 2, 3, 4]
    assert (old.exists(), new.exists()) == (False, True)


def test_what_is_broken_stays_when_orphans_are_not_meant(shelf: Path, capsys: Capsys) -> None:
    (shelf / "x_0123456789ab.json").write_text("{")
    clean(capsys, shelf, "--keep", 1, "--older-than", "1m", "--max-size", "0", "--yes")
    assert [path.name for path in find(shelf)] == ["x_0123456789ab.json"]


def test_what_cannot_be_looked_into_is_no_orphan_and_no_duplicate(
    tmp_path: Path, keys: Path, capsys: Capsys
) -> None:
    for day in (1, 2):
        kept(tmp_path / "c", of_day(day))
    keys.write_text(written(KEYS[1:]))
    ring.forget_keys()
    said = clean(capsys, tmp_path / "c", "--orphans", "--duplicates", "--yes")
    assert f"2 cassettes not looked into: no key {KEYS[0].id}" in said.err
    assert days(tmp_path / "c") == [1, 2]
    clean(capsys, tmp_path / "c", "--keep", 1, "--yes")  # what is in the clear will do
    assert days(tmp_path / "c") == [2]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "what may go?"),
        (["--older-than", "soon"], "'soon' is no age such as 90m, 12h, 30d or 8w"),
        (["--max-size", "much"], "'much' is no size such as 500MB or 2GB"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    shelf: Path, capsys: Capsys, words: list[str], reason: str
) -> None:
    said = timetracer(capsys, "clean", shelf, *words)
    assert said.code == 2
    assert reason in said.err

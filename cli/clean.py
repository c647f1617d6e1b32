"""``timetracer clean``: what may go, said first, and removed when that was right."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from timetracer_otel.cli.wording import examples

if TYPE_CHECKING:
    from timetracer_otel.exporters.retention import Kept, Rules, Verdict

__all__ = ["EXAMPLES", "clean"]

EXAMPLES = examples(
    "timetracer clean --older-than 30d",
    "timetracer clean --older-than 30d --yes",
    "timetracer clean cassettes --keep 20 --max-size 2GB --duplicates --orphans",
)

_AGES = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?([kmgt]?)(i?)b?", re.IGNORECASE)


def clean(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Where to look, if not ./cassettes."),
    ] = None,
    older_than: Annotated[
        str, typer.Option(metavar="AGE", help="Those recorded before: 90m, 12h, 30d, 8w.")
    ] = "",
    keep: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="All but the newest N of each route."),
    ] = None,
    max_size: Annotated[
        str, typer.Option(metavar="SIZE", help="The oldest beyond: 500MB, 2GB.")
    ] = "",
    duplicates: Annotated[
        bool,
        typer.Option("--duplicates", help="All but the newest of the same route and shape."),
    ] = False,
    orphans: Annotated[
        bool,
        typer.Option("--orphans", help="What is no cassette, and what writing left over."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove them. Nothing brings them back.")
    ] = False,
) -> int:
    """Say which cassettes may go, and why; with --yes remove them.

    A cassette goes when any of the rules says so. Whose key is missing goes by age and size
    alone.
    Exit code 0: done. 1: some could not be removed. 2: nothing could be done.
    """
    from timetracer_otel.exporters.retention import Rules
    from timetracer_otel.settings import read_settings

    rules = Rules(
        before=dt.datetime.now(dt.UTC) - _age(older_than) if older_than else None,
        number=keep,
        size=_size(max_size) if max_size else None,
        duplicates=duplicates,
        orphans=orphans,
    )
    if rules == Rules():
        raise typer.BadParameter("what may go? Say --older-than, --keep, --max-size or another")
    return _clean(folder or Path(read_settings().dir), rules, yes=yes)


def _age(text: str) -> dt.timedelta:
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no age such as 90m, 12h, 30d or 8w")
    return dt.timedelta(**{_AGES[found[2]]: int(found[1])})


def _size(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no size such as 500MB or 2GB")
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _UNITS[found[2].lower()])


def _clean(folder: Path, rules: Rules, *, yes: bool) -> int:
    from timetracer_otel.cli.terminal import errors, output
    from timetracer_otel.cli.wording import count, size
    from timetracer_otel.exporters.retention import judged, orphaned_drafts

    files = _seen(folder, shape=rules.duplicates or rules.orphans)
    gone = judged(files, rules)
    if rules.orphans:
        gone += orphaned_drafts(folder)
    closed = {kept.closed for kept in files if kept.closed}
    if closed and (rules.duplicates or rules.number is not None):
        number = sum(1 for kept in files if kept.closed)
        names = ", ".join(sorted(closed))
        sentence = f"{count(number, 'cassette')} not looked into: no key {names}"
        errors().print(sentence, style="yellow", soft_wrap=True)
    total = f"{count(len(gone), 'file')}, {size(sum(one.size for one in gone))}"
    everything = f"of {count(len(files), 'cassette')}, {size(sum(kept.size for kept in files))}"
    if not yes:
        for one in gone:
            output().print(f"{one.path}  {size(one.size)}  {one.why}", soft_wrap=True)
        output().print(f"{total} would go, {everything}", style="bold")
        if gone:
            errors().print("nothing was removed: --yes does it, and nothing brings them back")
        return 0
    failed = _remove(gone, folder)
    went = sum(one.size for one in gone) - sum(one.size for one in failed)
    output().print(f"{count(len(gone) - len(failed), 'file')}, {size(went)} removed, {everything}")
    return 1 if failed else 0


def _seen(folder: Path, *, shape: bool) -> list[Kept]:
    from timetracer_otel.cli.rewriting import followed
    from timetracer_otel.errors import CassetteError, StoreError
    from timetracer_otel.exporters.files import find
    from timetracer_otel.exporters.retention import seen

    found = []
    for path in followed(find(folder), "looking"):
        try:
            found.append(seen(path, shape=shape))
        except (CassetteError, StoreError):
            continue  # a later version's, or gone since
    return found


def _remove(gone: list[Verdict], folder: Path) -> list[Verdict]:
    from timetracer_otel.cli.terminal import errors
    from timetracer_otel.errors import StoreError
    from timetracer_otel.exporters.retention import remove

    failed = []
    for one in gone:
        try:
            remove(one.path, folder)
        except StoreError as error:
            failed.append(one)
            errors().print(str(error), style="red", soft_wrap=True)
    return failed

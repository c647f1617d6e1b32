"""``timetracer list``: what there is to look at, newest first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from timetracer_otel.cli.wording import examples

if TYPE_CHECKING:
    from timetracer_otel.cli.shelf import Row

__all__ = ["EXAMPLES", "list_cassettes"]

EXAMPLES = examples(
    "timetracer list",
    "timetracer list cassettes/2026-01-02 -n 5",
    "timetracer list --format json | jq -r '.[] | select(.status >= 500) | .file'",
)


def list_cassettes(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Where to look, if not ./cassettes."),
    ] = None,
    number: Annotated[
        int, typer.Option("-n", "--number", min=1, help="How many, newest first.")
    ] = 20,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
) -> int:
    """Show the recorded requests in a folder, newest first.

    Recordings of one trace (several services, or a service that called itself) stand together.
    """
    from timetracer_otel.cli.shelf import newest
    from timetracer_otel.cli.terminal import errors, output, print_lines
    from timetracer_otel.settings import read_settings

    place = folder or Path(read_settings().dir)
    rows, broken, total = newest(place, number)
    if form == "json":
        _print_json(rows)
    else:
        from timetracer_otel.cli.shelf_lines import shelf_lines

        print_lines(output(), shelf_lines(rows, total=total, folder=place))
    _say_missing(rows)
    if broken:
        noun = "file is no cassette" if broken == 1 else "files are no cassettes"
        errors().print(f"{broken} {noun}: `timetracer validate {place}` says why")
    return 0


def _say_missing(rows: list[Row]) -> None:
    from collections import Counter

    from timetracer_otel.cli.terminal import errors
    from timetracer_otel.cli.wording import count
    from timetracer_otel.keys import keys_in_force

    missing = Counter(row.missing_key for row in rows if row.missing_key)
    for key, number in missing.items():
        noun = "is encrypted" if number == 1 else "are encrypted"
        where = ", ".join(source.where for source in keys_in_force().all)
        sentence = f"{count(number, 'cassette')} {noun} with the key {key}, not to be had from"
        errors().print(f"{sentence} {where}", soft_wrap=True)


def _print_json(rows: list[Row]) -> None:
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(rows), indent=2).decode())

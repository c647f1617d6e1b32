"""``timetracer validate``: whether files are cassettes, and where they are not."""

from __future__ import annotations

from typing import Annotated

import typer

from timetracer_otel.cli.wording import examples

__all__ = ["EXAMPLES", "validate"]

EXAMPLES = examples(
    "timetracer validate cassettes",
    "timetracer validate --print-schema > cassette.schema.json",
)


def validate(
    cassettes: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders or patterns.", metavar="CASSETTE"),
    ] = None,
    print_schema: Annotated[
        bool, typer.Option("--print-schema", help="Print the JSON Schema of cassettes instead.")
    ] = False,
) -> int:
    """Check that files are cassettes, and say where they are not.

    Exit code 0: all are. 1: some are not; each is named with the place and the reason.
    2: nothing could be checked.
    """
    if print_schema:
        _print_schema()
        return 0
    if not cassettes:
        raise typer.BadParameter("which cassettes? Give files, folders or patterns")
    return _check(cassettes)


def _print_schema() -> None:
    import json

    from timetracer_otel.cassette import json_schema

    print(json.dumps(json_schema(), indent=2))


def _check(words: list[str]) -> int:
    from timetracer_otel.cli.cassettes import located
    from timetracer_otel.cli.inspection import faults
    from timetracer_otel.cli.terminal import output
    from timetracer_otel.cli.wording import count

    console = output()
    files = located(words)
    invalid = 0
    for path in files:
        found = faults(path)
        invalid += any(fault.fatal for fault in found)
        for fault in found:
            style = "red" if fault.fatal else "yellow"
            console.print(f"{path}: {fault.place}: {fault.reason}", style=style, soft_wrap=True)
    if invalid:
        console.print(f"{invalid} of {count(len(files), 'file')} invalid")
        return 1
    console.print(f"{count(len(files), 'cassette')} valid", style="green")
    return 0

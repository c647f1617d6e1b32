"""``timetracer keys``: which keys there are, and a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from timetracer_otel.cli.wording import examples

if TYPE_CHECKING:
    from collections import Counter

    from timetracer_otel.keys import KeyRing

__all__ = ["EXAMPLES", "keys"]

EXAMPLES = examples(
    "timetracer keys",
    "timetracer keys new",
    "timetracer keys rotate cassettes",
)


def keys(
    action: Annotated[
        Literal["list", "new", "rotate"],
        typer.Argument(metavar="[list|new|rotate]", help="What to do; `list` if nothing is said."),
    ] = "list",
    cassettes: Annotated[
        list[str] | None,
        typer.Argument(metavar="CASSETTE", help="Files, folders or patterns."),
    ] = None,
    current: Annotated[
        bool,
        typer.Option("--current", help="With `rotate`: no new key, the one that is current."),
    ] = False,
) -> int:
    """Show the keys, make a new one, or encrypt cassettes with a new one.

    The first source of the setting `keys` has the current key. Old keys stay where they are:
    what was written with them is read with them.
    Exit code 0: done. 1: some cassettes could not be, or their key is missing. 2: nothing was.
    """
    from timetracer_otel.keys import keys_in_force

    ring = keys_in_force()
    if action == "list":
        return _list(ring, cassettes)
    if action == "rotate" and not cassettes:
        raise typer.BadParameter("which cassettes? Give files, folders or patterns")
    if action == "new" and cassettes:
        raise typer.BadParameter("`new` takes no cassettes; `rotate` does")
    if not (action == "rotate" and current):
        print(f"new key: {ring.rotate()}, in {ring.all[0].where}")
    return _encrypt_anew(cassettes or [])


def _encrypt_anew(cassettes: list[str]) -> int:
    if not cassettes:
        return 0
    from timetracer_otel.cli.rewriting import rewrite
    from timetracer_otel.exporters.rewriting import Rewriting
    from timetracer_otel.settings import read_settings

    return rewrite(cassettes, Rewriting(read_settings()).encrypt_anew, "encrypted anew")


def _list(ring: KeyRing, cassettes: list[str] | None) -> int:
    from timetracer_otel.cli.terminal import errors, output
    from timetracer_otel.cli.wording import count
    from timetracer_otel.errors import KeyUnavailable
    from timetracer_otel.keys import wraps

    used = _used(cassettes)
    console, shown, first = output(), set(), True
    for source in ring.all:
        try:
            names = [source.where] if wraps(source) else [key.id for key in source.known()]
        except KeyUnavailable as error:
            errors().print(str(error), style="red", soft_wrap=True)
            continue
        for name in names:
            wrapped = {key for key in used if wraps(source) and source.is_its_own(key)} or {name}
            number = sum(used[key] for key in wrapped)
            shown |= wrapped
            note = "  current" if first else ""
            first = False
            where = "" if wraps(source) else f"  {source.where}"
            line = f"{name}{where}  {count(number, 'cassette')}{note}"
            console.print(line, soft_wrap=True)
    missing = {key: number for key, number in used.items() if key not in shown}
    for key, number in missing.items():
        console.print(f"{key}  missing  {count(number, 'cassette')}", style="red", soft_wrap=True)
    if first:
        errors().print("no keys: `timetracer keys new` makes one")
    return 1 if missing else 0


def _used(cassettes: list[str] | None) -> Counter[str]:
    """How many encrypted cassettes name each key."""
    from collections import Counter
    from pathlib import Path

    from timetracer_otel.cassette.files import header_of
    from timetracer_otel.cli.cassettes import located
    from timetracer_otel.errors import InvalidCassette
    from timetracer_otel.exporters.files import find
    from timetracer_otel.settings import read_settings

    folder = Path(read_settings().dir)
    found: Counter[str] = Counter()
    files = located(cassettes) if cassettes else find(folder) if folder.is_dir() else []
    for path in files:
        try:
            header = header_of(path)
        except InvalidCassette:
            continue
        if header is not None:
            found[header.kid] += 1
    return found

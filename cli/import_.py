"""``timetracer import``: cassettes of other tools, as cassettes of this one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from timetracer_otel.cli.wording import examples

if TYPE_CHECKING:
    from timetracer_otel.cassette import Cassette

__all__ = ["EXAMPLES", "import_cassettes"]

EXAMPLES = examples(
    "timetracer import tests/cassettes/test_shop --to tests/cassettes/test_shop",
    "timetracer import old/checkout.yaml --to tests/cassettes/test_shop",
)


def import_cassettes(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files, or folders of files, of vcrpy or of timetracer 1.", metavar="FILE"
        ),
    ],
    to: Annotated[
        Path, typer.Option("--to", help="Where cassettes go, by the names of their files.")
    ] = Path("cassettes"),
    force: Annotated[
        bool, typer.Option("--force", help="Write over cassettes that are there.")
    ] = False,
) -> int:
    """Make cassettes of what vcrpy (and pytest-recording), or timetracer 1, has recorded.

    Exit code 0: all were imported; what a replay cannot give is said. 1: some are none. 2: nothing
    could be done.
    """
    from timetracer_otel.cli.imported import imported
    from timetracer_otel.cli.terminal import output
    from timetracer_otel.cli.wording import count
    from timetracer_otel.errors import CassetteError

    console = output()
    done, refused = 0, 0
    for source, inner in _sources(files):
        try:
            found, remarks = imported(source)
        except CassetteError as error:
            refused += 1
            console.print(str(error), style="red", soft_wrap=True)
            continue
        target = _write(found, to / inner.parent / f"{_stem(inner)}.json", force=force)
        done += 1
        console.print(
            f"{source} → {target}: {count(len(found.interactions), 'call')}", soft_wrap=True
        )
        for remark in remarks:
            console.print(f"  {remark}", style="yellow", soft_wrap=True)
    console.print(f"{count(done, 'cassette')} imported", style="green" if not refused else "")
    return 1 if refused else 0


_SUFFIXES = (".yaml", ".yml", ".json", ".json.gz")


def _sources(files: list[Path]) -> list[tuple[Path, Path]]:
    """Each file, and its path within what was named. Raises `StoreError` for what is not there."""
    from timetracer_otel.errors import StoreError

    found: list[tuple[Path, Path]] = []
    for path in files:
        if path.is_dir():
            inner = sorted(p for p in path.rglob("*") if p.name.endswith(_SUFFIXES))
            found += [(one, one.relative_to(path)) for one in inner]
        elif path.exists():
            found.append((path, Path(path.name)))
        else:
            raise StoreError(path=str(path), reason="no such file or folder")
    if not found:
        raise StoreError(path=str(files[0]), reason="no files of other cassettes are here")
    return found


def _stem(path: Path) -> str:
    return next(path.name.removesuffix(end) for end in _SUFFIXES[::-1] if path.name.endswith(end))


def _write(cassette: Cassette, target: Path, *, force: bool) -> Path:
    from timetracer_otel.cassette import write_cassette
    from timetracer_otel.errors import StoreError

    if target.exists() and not force:
        hint = "--force writes over it, --to names another folder"
        raise StoreError(path=str(target), reason="is there already", hint=hint)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(write_cassette(cassette))
    except OSError as error:
        raise StoreError(path=str(target), reason=error.strerror or str(error)) from error
    return target

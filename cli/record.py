"""``timetracer record``: run a program so that it records itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from timetracer_otel.cli.wording import examples

if TYPE_CHECKING:
    from timetracer_otel.settings import Settings

__all__ = ["EXAMPLES", "record"]

EXAMPLES = examples(
    "timetracer record -- uvicorn shop.main:app --port 8000",
    "timetracer record --dir bugs --exclude '^/health' -- gunicorn -c conf.py shop.wsgi",
    "timetracer record --set max_body_kb=64 -- python nightly.py",
)


def record(
    command: Annotated[
        list[str],
        typer.Argument(metavar="COMMAND", help="The program, as you start it otherwise."),
    ],
    folder: Annotated[
        str | None,
        typer.Option("--dir", metavar="FOLDER", help="Where cassettes go, if not ./cassettes."),
    ] = None,
    capture: Annotated[
        list[str] | None,
        typer.Option(metavar="LIBRARY", help="Capture only this library; may be repeated."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="REGEX", help="Leave out requests with such a path; may be repeated."),
    ] = None,
    gzip: Annotated[bool, typer.Option("--gzip", help="Write .json.gz files.")] = False,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="Write .json.jwe files, encrypted with your key.")
    ] = False,
    no_clock: Annotated[
        bool, typer.Option("--no-clock", help="Do not record what the clock said.")
    ] = False,
    no_random: Annotated[
        bool, typer.Option("--no-random", help="Do not record what was drawn at random.")
    ] = False,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting; may be repeated."),
    ] = None,
) -> int:
    """Run a program and keep each request it serves as a cassette.

    The program is any that Python runs: a server, a worker, a script. It sees the same bytes,
    objects and exceptions as without. Its exit code is passed on.
    """
    from timetracer_otel.settings import read_settings

    chosen: dict[str, Any] = dict(_pair(text) for text in setting or [])
    options: dict[str, Any] = {
        "dir": folder,
        "capture": capture,
        "exclude_paths": exclude,
        "compression": "gzip" if gzip else None,
        "encryption": "on" if encrypt else None,
        "clock": False if no_clock else None,
        "randomness": False if no_random else None,
        "mode": "record",
    }
    chosen |= {name: value for name, value in options.items() if value is not None}
    return _run(command, read_settings(**chosen))


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise typer.BadParameter(f"--set wants NAME=VALUE, not {text!r}")
    return name.strip().replace("-", "_"), value.strip()


def _run(command: list[str], settings: Settings) -> int:
    import os
    import secrets
    import tempfile

    from timetracer_otel.cli.accounts import not_kept, totals
    from timetracer_otel.cli.program import run_program
    from timetracer_otel.hash_seed import HASH_SEED, MAX_SEED, is_left_to_chance
    from timetracer_otel.otel.environment import recording_environment
    from timetracer_otel.otel.summary import SUMMARY, summed
    from timetracer_otel.otel.unseen import UNSEEN

    folder = Path(settings.dir)
    before = _present(folder)
    environ = recording_environment(settings, os.environ)
    if settings.randomness and is_left_to_chance(environ):
        environ[HASH_SEED] = str(1 + secrets.randbelow(MAX_SEED))  # 0 would be no seed at all
    # made by the program, if at all: nothing is left behind where both are killed
    temporary, name = Path(tempfile.gettempdir()), secrets.token_hex(16)
    unseen = temporary / f"timetracer-servers-{name}"
    summary = str(temporary / f"timetracer-summary-{name}")
    code = run_program(command, {**environ, UNSEEN: str(unseen), SUMMARY: summary})
    accounts = summed(summary)
    _report(folder, _present(folder) - before, _noted(unseen), not_kept(accounts))
    if accounts.dropped or accounts.left_out:
        _say(totals(accounts))
    return code


def _noted(unseen: Path) -> list[str]:
    if not unseen.exists():
        return []
    names = unseen.read_text(encoding="utf-8").split("\n")
    unseen.unlink()
    return sorted({*names} - {""})


def _present(folder: Path) -> set[Path]:
    from timetracer_otel.exporters.files import find

    return set(find(folder)) if folder.is_dir() else set()


def _report(folder: Path, new: set[Path], unseen: list[str], not_kept: int) -> None:
    from timetracer_otel.cli.wording import count

    if not new:
        why = "no request came in, or none was answered"
        if not_kept:
            why = f"none of {count(not_kept, 'request')} was kept"
        hint = f"; {' and '.join(unseen)}, as a server, is not captured" if unseen else ""
        _say(f"timetracer: no cassettes in {folder}: {why}{hint}")
        return
    latest = max(new, key=_changed_at)
    _say(f"timetracer: {count(len(new), 'cassette')} in {folder}. The last one:")
    _say(f"  timetracer show {latest}", style="dim")


def _say(line: str, style: str = "") -> None:
    from timetracer_otel.cli.terminal import errors

    errors().print(line, soft_wrap=True, style=style)


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:  # removed to make room
        return 0

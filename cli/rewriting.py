"""Many files, one after the other, with what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from rich.progress import Progress

from timetracer_otel.cli.cassettes import located
from timetracer_otel.cli.terminal import errors, output
from timetracer_otel.cli.wording import count
from timetracer_otel.errors import CassetteError, StoreError

__all__ = ["followed", "rewrite"]

_CANNOT = 2


def followed(paths: Sequence[Path], doing: str) -> Iterator[Path]:
    """The files, with a bar on a terminal that says how far it is."""
    console = errors()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(doing, total=len(paths))
        for path in paths:
            yield path
            bar.advance(task)


def rewrite(words: Iterable[str], one: Callable[[Path], Path | None], done: str) -> int:
    """Do `one` with every cassette meant, and say how it went. The command's exit code.

    An error that every file would meet (there is no key) is said once.
    """
    files = located(words)
    made, failed, said = 0, 0, set[str]()
    for path in followed(files, done):
        try:
            made += one(path) is not None
        except (CassetteError, StoreError) as error:
            failed += 1
            sentence = str(error)
            if sentence not in said:
                said.add(sentence)
                errors().print(sentence, style="red", soft_wrap=True)
        except OSError as error:
            failed += 1
            errors().print(f"{path}: {error.strerror}", style="red", soft_wrap=True)
    before = len(files) - made - failed
    sentence = f"{count(made, 'cassette')} {done}"
    output().print(sentence + (f", {before} as they were" if before else ""))
    if failed:
        errors().print(f"{failed} of {count(len(files), 'file')} could not be")
        return 1 if made or before else _CANNOT
    return 0

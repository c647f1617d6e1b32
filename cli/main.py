"""The command ``timetracer``: its commands, and how every one of them ends.

Results go to standard output, everything said about them to standard error. Exit codes: 0 is
yes, 1 is no (a replay differs, a cassette is invalid), 2 is that it could not be done, said in
one sentence and never with a traceback. `record` gives the code of the program it ran.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO

import typer

from timetracer_otel import __version__
from timetracer_otel.cli import (
    clean,
    debug_header,
    demo,
    encrypt,
    import_,
    keys,
    libraries,
    record,
    redact,
    replay,
    scan,
    show,
    switch,
    validate,
)
from timetracer_otel.cli import list as list_
from timetracer_otel.cli.wording import examples
from timetracer_otel.errors import TimetracerError

__all__ = ["app", "main", "run"]

EXAMPLES = examples(
    "timetracer record -- uvicorn shop.main:app",
    "timetracer list",
    "timetracer show cassettes/2026-01-02/POST_checkout_500_4bf92f3577b3.json",
    "timetracer replay cassettes/2026-01-02 --app shop.main:app",
    heading="Four steps",
    last="Each command says more with --help. First time here? timetracer demo",
)

_CANNOT = 2
_INTERRUPTED = 130
_PIPE_CLOSED = 1

app = typer.Typer(
    name="timetracer",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: nothing in a box, and a third of the time to start
    context_settings={"help_option_names": ["-h", "--help"]},
)
# everything after the first word that is no option of ours is the program's own
_PROGRAM = {"allow_interspersed_args": False}
app.command(epilog=record.EXAMPLES, context_settings=_PROGRAM, options_metavar="[OPTIONS] --")(
    record.record
)
app.command(epilog=replay.EXAMPLES)(replay.replay)
app.command("list", epilog=list_.EXAMPLES)(list_.list_cassettes)
app.command(epilog=show.EXAMPLES)(show.show)
app.command(epilog=validate.EXAMPLES)(validate.validate)
app.command(epilog=libraries.EXAMPLES)(libraries.libraries)
app.command(epilog=redact.EXAMPLES)(redact.redact)
app.command(epilog=scan.EXAMPLES)(scan.scan)
app.command("import", epilog=import_.EXAMPLES)(import_.import_cassettes)
app.command(epilog=encrypt.ENCRYPT_EXAMPLES)(encrypt.encrypt)
app.command(epilog=encrypt.DECRYPT_EXAMPLES)(encrypt.decrypt)
app.command(epilog=keys.EXAMPLES)(keys.keys)
app.command(epilog=clean.EXAMPLES)(clean.clean)
app.command(epilog=demo.EXAMPLES)(demo.demo)
app.command(epilog=switch.EXAMPLES)(switch.switch)
app.command("debug-header", epilog=debug_header.EXAMPLES)(debug_header.debug_header)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"timetracer {__version__}")
        raise typer.Exit


@app.callback(epilog=EXAMPLES)
def _timetracer(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Record a request with everything it asked of the outside world; run it again without any."""


def main() -> NoReturn:
    """Entry point of the command: never returns, never shows a traceback of a user's error."""
    for stream in (sys.stdout, sys.stderr):
        _never_fail_on_letters(stream)
    sys.exit(run(sys.argv[1:], started_as=_started_as()))


def _started_as() -> tuple[str, ...]:
    """What starts this command once more: a script, or ``python -m``, with Python's options."""
    return (sys.executable, *sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1])


def run(arguments: Sequence[str], started_as: tuple[str, ...] = ()) -> int:
    """Run one command and return its exit code.

    `started_as` is for a process that is nothing but this command, and may become another.
    """
    own, command = _split(arguments)
    try:
        code: Any = app(
            own,
            prog_name="timetracer",
            standalone_mode=False,
            obj=replay.Command(tuple(command), started_as),
        )
        sys.stdout.flush()
    except TimetracerError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        _discard_output()
        return _PIPE_CLOSED
    except Exception as error:  # noqa: BLE001 - told as what it is: a user's mistake, or ours
        return _usage(error)
    return code if isinstance(code, int) else 0


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """`replay` takes cassettes before ``--`` and a program behind it."""
    words = list(arguments)
    if words[:1] == ["replay"] and "--" in words:
        at = words.index("--")
        return words[:at], words[at + 1 :]
    return words, []


def _usage(error: Exception) -> int:
    """A usage error in a sentence. Typer's classes are click's in some versions: known by shape."""
    if isinstance(error, (typer.Abort, EOFError)):
        return _INTERRUPTED
    if isinstance(error, typer.Exit):
        return int(error.exit_code)
    describe = getattr(error, "format_message", None)
    if describe is None:
        traceback.print_exception(error)
        return _complain("that was a mistake of ours. Please report it with the lines above")
    context = getattr(error, "ctx", None)
    if not describe():
        return _CANNOT  # no arguments at all: the help was shown
    where = context.command_path if context is not None else "timetracer"
    sentence = describe().strip()
    stop = "" if sentence.endswith((".", "?")) else "."
    return _complain(f"{sentence}{stop} `{where} --help` shows how it is used")


def _complain(sentence: str) -> int:
    sys.stderr.write(f"timetracer: {sentence.rstrip('.')}.\n")
    return _CANNOT


def _never_fail_on_letters(stream: TextIO) -> None:
    """A terminal that cannot show a letter shows another one: no reason to fail."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def _discard_output() -> None:
    """The reader is gone (`| head`): what is still buffered must not fail at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

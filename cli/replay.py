"""``timetracer replay``: the same request again, with everything else switched off."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import typer

from timetracer_otel.cli.wording import examples
from timetracer_otel.errors import StoreError

if TYPE_CHECKING:
    from timetracer_otel.cli.terminal import Screen
    from timetracer_otel.replay.run import Options
    from timetracer_otel.replay.verdict import Verdict

__all__ = ["EXAMPLES", "Command", "replay"]

EXAMPLES = examples(
    "timetracer replay cassettes/2026-01-02/POST_checkout_500_4bf92f3577b3.json \\\n"
    "      --app shop.main:app",
    "timetracer replay cassettes -- uvicorn shop.main:app --port 8000",
    "timetracer replay cassettes --serve -- uvicorn shop.main:app --port 8000",
    "timetracer replay bugs --app shop.main:app --format junit --output replay.xml",
)

Form = Literal["text", "json", "junit"]
Expected = Literal["same", "different"]


class Command(NamedTuple):
    """The words behind ``--``; and what starts `timetracer` again, where it may."""

    words: tuple[str, ...]
    started_as: tuple[str, ...] = ()


def replay(
    context: typer.Context,
    cassettes: Annotated[
        list[str], typer.Argument(metavar="CASSETTE", help="Files, folders or patterns.")
    ],
    app: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:APP",
            help="The application, ASGI, WSGI or aiohttp, run in this process.",
        ),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Keep the server up; requests choose their cassette.")
    ] = False,
    port: Annotated[
        int | None, typer.Option(help="Where COMMAND listens, if its words do not say.")
    ] = None,
    live: Annotated[
        list[str] | None,
        typer.Option(metavar="LIBRARY", help="Let this library go out; may be repeated."),
    ] = None,
    service: Annotated[
        str, typer.Option(metavar="NAME", help="Of several services' cassettes, this one's.")
    ] = "",
    no_clock: Annotated[bool, typer.Option("--no-clock", help="Leave the clock as it is.")] = False,
    no_random: Annotated[
        bool, typer.Option("--no-random", help="Leave randomness as it is.")
    ] = False,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show in the verdict what the policy hides.")
    ] = False,
    expect: Annotated[
        Expected, typer.Option(help="What is success: a fix should make a difference.")
    ] = "same",
    form: Annotated[
        Form, typer.Option("--format", help="For people, for programs, for CI.")
    ] = "text",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where that goes, if not to the screen.")
    ] = None,
) -> int:
    """Run recorded requests again, with the outside world switched off.

    Each is sent to the application, or to the server that COMMAND (behind --) starts. Calls
    are answered from the recording, time and randomness are as they were, and nothing leaves
    the process. Exit code 0: the same answer and calls. 1: different. 2: cannot be replayed.
    """
    from timetracer_otel.cli.cassettes import located
    from timetracer_otel.cli.hash_seeds import become_seeded
    from timetracer_otel.cli.terminal import aside
    from timetracer_otel.replay.run import Options

    command: Command = context.obj
    _check_words(app, command.words, serve=serve, port=port)
    options = Options(tuple(live or ()), not no_clock, not no_random, service, reveal)
    files = [str(path) for path in located(cassettes)]
    if app:
        become_seeded(files, options, command.started_as)
    with aside() as screen:
        if serve:
            verdicts, code = _serve(files, command.words, options, port, screen), 0
        else:
            verdicts, code = _replay(files, app, command, options, port, screen)
            if verdicts:
                _report(verdicts, screen, form=form, output=output, expect=expect)
    return code or max((_code(verdict, expect) for verdict in verdicts), default=0)


def _check_words(app: str | None, command: tuple[str, ...], *, serve: bool, port: object) -> None:
    if bool(app) == bool(command):
        raise typer.BadParameter(
            "what should be replayed against? Give either --app MODULE:APP or -- COMMAND"
        )
    if app and (serve or port):
        raise typer.BadParameter("--serve and --port go with -- COMMAND, not with --app")


def _code(verdict: Verdict, expect: Expected) -> int:
    """The verdict's exit code; with "different" expected, 0 and 1 change places."""
    code = verdict.exit_code
    return {0: 1, 1: 0}.get(code, code) if expect == "different" else code


def _replay(
    files: list[str],
    app: str | None,
    command: Command,
    options: Options,
    port: int | None,
    screen: Screen,
) -> tuple[list[Verdict], int]:
    """The verdicts, and an exit code where Ctrl-C left some out."""
    from timetracer_otel.cli.hash_seeds import is_seeded, replay_apart
    from timetracer_otel.cli.program import ended_by_signals, found_program
    from timetracer_otel.cli.replay_progress import Progress
    from timetracer_otel.cli.wording import count
    from timetracer_otel.replay.run import replay_app, replay_command

    progress = Progress(screen)
    try:
        with ended_by_signals():
            if app and is_seeded(files, options):
                return replay_app(files, app, options, progress), 0
            if app:
                code = replay_apart(files, app, options, progress, command.started_as)
                return progress.verdicts, code
            program = [found_program(command.words[0]), *command.words[1:]]
            progress.said(f"starting {command.words[0]}")
            return replay_command(files, program, options, progress, port), 0
    except KeyboardInterrupt:
        progress.said(f"interrupted: {count(len(progress.verdicts), 'request')} judged by then")
        return progress.verdicts, _INTERRUPTED


def _serve(
    files: list[str], command: tuple[str, ...], options: Options, port: int | None, screen: Screen
) -> list[Verdict]:
    from timetracer_otel.cli.program import ended_by_signals, found_program
    from timetracer_otel.cli.replay_progress import Progress
    from timetracer_otel.cli.wording import count
    from timetracer_otel.replay.run import serve_command

    progress = Progress(screen, tells_verdicts=True)
    progress.said(f"answering from {count(len(files), 'cassette')}; Ctrl-C ends it")
    program = [found_program(command[0]), *command[1:]]
    with suppress(KeyboardInterrupt), ended_by_signals():  # that is how it ends
        serve_command(files, program, options, progress, port)
    return progress.verdicts


def _report(
    verdicts: list[Verdict],
    screen: Screen,
    *,
    form: Form,
    output: Path | None,
    expect: Expected,
) -> None:
    """In the form wanted to the screen; or to a file, and to the screen for people."""
    from timetracer_otel.cli.verdict_documents import DOCUMENTS
    from timetracer_otel.cli.verdict_lines import verdict_lines

    document = DOCUMENTS[form](verdicts) if form in DOCUMENTS else None
    if output is not None:
        lines = verdict_lines(verdicts, width=_FILE_WIDTH, expect=expect)
        text = document or "".join(f"{line.plain.rstrip()}\n" for line in lines)
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise StoreError(path=str(output), reason=error.strerror or str(error)) from None
        document = None
    if document is not None:
        screen.write(document)
    else:
        screen.print(verdict_lines(verdicts, width=screen.width, expect=expect))


_FILE_WIDTH = 100
_INTERRUPTED = 130

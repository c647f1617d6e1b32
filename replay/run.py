"""Replay cassettes and judge each: in this process, or against a command's server."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from timetracer_otel.errors import TimetracerError
from timetracer_otel.otel.environment import recording_environment
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpResponse
from timetracer_otel.replay.driver.command import Server, serving_command
from timetracer_otel.replay.driver.wire import exchange
from timetracer_otel.replay.process import Named, load
from timetracer_otel.replay.reporting import REPORT_FOLDER, Run, read_run
from timetracer_otel.replay.verdict import Verdict, cannot, judge
from timetracer_otel.settings import Settings, read_settings

__all__ = ["Options", "Progress", "replay_app", "replay_command", "serve_command"]

Progress = Callable[[int, int, str], None]
"""Called before each cassette: how many are done, how many there are, the next one's name."""

_TRACE_S = 3.0
"""Answers come at once in a replay: what is open for longer is a span that nobody will end."""

_REPORT_S = 10.0


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may choose: libraries that stay live, and whether time and randomness are
    as recorded.
    """

    live: tuple[str, ...] = ()
    clock: bool = True
    randomness: bool = True

    def settings(self, cassettes: Sequence[str], *, banner: bool = True) -> Settings:
        """The settings of the process under replay."""
        return read_settings(
            mode="replay",
            cassette=tuple(str(Path(name).resolve()) for name in cassettes),
            live=self.live,
            clock=self.clock,
            randomness=self.randomness,
            trace_timeout_s=_TRACE_S,
            banner=banner,
        )


def replay_app(
    cassettes: Sequence[str], app: str, options: Options, progress: Progress | None = None
) -> list[Verdict]:
    """Replay against an application imported into this process, one after the other.

    `app` is ``package.module:application``. Raises `CannotReplay` when nothing could be
    compared; what goes wrong with a single cassette is that cassette's verdict.
    """
    from timetracer_otel.otel.start import instrument
    from timetracer_otel.recording import active_recorder
    from timetracer_otel.replay.driver.application import import_application, running, send

    named = load(cassettes)
    with _reports() as reports:
        settings = options.settings(cassettes, banner=False)
        instrument(**{name: getattr(settings, name) for name in settings.__struct_fields__})
        application = import_application(app)

        async def all_of_them() -> list[Verdict]:
            async with running(application):
                return [await one(n, item) for n, item in enumerate(named)]

        async def one(number: int, item: Named) -> Verdict:
            if progress is not None:
                progress(number, len(named), item.name)
            seen = reports.seen()
            try:
                await send(application, item.cassette)
            except TimetracerError as error:
                return _cannot(item, error)
            recorder = active_recorder()
            if recorder is not None:
                recorder.flush()
            return _judged(item, reports.next_after(seen), None)

        return asyncio.run(all_of_them())


def replay_command(
    cassettes: Sequence[str],
    command: Sequence[str],
    options: Options,
    progress: Progress | None = None,
    port: int | None = None,
) -> list[Verdict]:
    """Replay against the server that `command` starts, over loopback."""
    named = load(cassettes)
    with _reports() as reports, _server(cassettes, command, options, port) as server:
        return [
            _over_loopback(item, server, reports, lambda n=n, i=item: _tell(progress, n, named, i))
            for n, item in enumerate(named)
        ]


def _tell(progress: Progress | None, number: int, named: list[Named], item: Named) -> None:
    if progress is not None:
        progress(number, len(named), item.name)


def _over_loopback(
    item: Named, server: Server, reports: _Reports, tell: Callable[[], None]
) -> Verdict:
    tell()
    entry = item.cassette.entry
    if not isinstance(entry, HttpInteraction):
        return cannot(item.name, item.cassette.trace_id, "it has no inbound request")
    seen = reports.seen()
    try:
        answered = exchange(entry, server.port)
    except TimetracerError as error:
        return _cannot(item, error)
    return _judged(item, reports.next_after(seen), answered)


def serve_command(
    cassettes: Sequence[str],
    command: Sequence[str],
    options: Options,
    judged: Callable[[Verdict], None],
    port: int | None = None,
) -> None:
    """Keep the command's server up under replay; `judged` hears of each request as it ends.

    Returns when the command ends; Ctrl-C ends it.
    """
    named = {item.name: item for item in load(cassettes)}
    with _reports() as reports, _server(cassettes, command, options, port) as server:
        seen: set[Path] = set()
        while server.process.poll() is None:
            for path in sorted(reports.seen() - seen):
                seen.add(path)
                run = read_run(path)
                item = named.get(run.name)
                judged(
                    judge(item.cassette, run, None)
                    if item is not None
                    else cannot(run.name, _title(run), "no cassette has this request")
                )
            time.sleep(0.1)


def _title(run: Run) -> str:
    entry = run.replayed.entry
    return entry.title if entry is not None else run.replayed.trace_id


@contextmanager
def _server(
    cassettes: Sequence[str], command: Sequence[str], options: Options, port: int | None
) -> Iterator[Server]:
    settings = options.settings(cassettes)
    with serving_command(command, recording_environment(settings, os.environ), port) as server:
        yield server


def _cannot(item: Named, error: TimetracerError) -> Verdict:
    entry = item.cassette.entry
    return cannot(item.name, entry.title if entry else item.cassette.trace_id, str(error))


def _judged(item: Named, run: Run | None, answered: HttpResponse | None) -> Verdict:
    if run is None:
        entry = item.cassette.entry
        title = entry.title if entry else item.cassette.trace_id
        reason = "the application answered, but its request was not seen: is it instrumented?"
        return cannot(item.name, title, reason)
    return judge(item.cassette, run, answered)


class _Reports:
    """The folder in which a process under replay leaves its runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def seen(self) -> set[Path]:
        return set(self._folder.glob("*.json"))

    def next_after(self, seen: set[Path]) -> Run | None:
        """The next run to come; None when none does."""
        deadline = time.monotonic() + _REPORT_S
        while time.monotonic() < deadline:
            fresh = self.seen() - seen
            if fresh:
                return read_run(min(fresh))
            time.sleep(0.01)
        return None


@contextmanager
def _reports() -> Iterator[_Reports]:
    with tempfile.TemporaryDirectory(prefix="timetracer-") as folder:
        before = os.environ.get(REPORT_FOLDER)
        os.environ[REPORT_FOLDER] = folder
        try:
            yield _Reports(Path(folder))
        finally:
            if before is None:
                os.environ.pop(REPORT_FOLDER, None)
            else:
                os.environ[REPORT_FOLDER] = before

"""Replay cassettes and judge each: in this process, or against a command's server."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from timetracer_otel.errors import TimetracerError
from timetracer_otel.hash_seed import HASH_SEED
from timetracer_otel.otel.environment import recording_environment
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpResponse
from timetracer_otel.replay.driver.command import Server, serving_command
from timetracer_otel.replay.driver.in_process import NO_ENTRY
from timetracer_otel.replay.driver.wire import exchange
from timetracer_otel.replay.hash_seeds import by_seed
from timetracer_otel.replay.process import Named, load
from timetracer_otel.replay.redacted import Judged
from timetracer_otel.replay.reporting import Run
from timetracer_otel.replay.reports import Reports, reports
from timetracer_otel.replay.selecting import of_service
from timetracer_otel.replay.verdict import Verdict, cannot, judge
from timetracer_otel.settings import Settings, read_settings

__all__ = ["Audience", "Options", "meant", "replay_app", "replay_command", "serve_command"]

_TRACE_S = 3.0
"""Answers come at once in a replay: what is open for longer after its request's end is a span
that nobody will end."""

_REPORT_S = 10.0
_LATE_S = 3.0
_LATEST_S = 30.0
"""How long a detached task is waited for, beyond the time it took then; and at most."""

_POLL_S = 0.01
_LOOK_S = 0.05

_ALONE = {
    "OTEL_TRACES_EXPORTER": "none",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_TRACES_SAMPLER": "always_on",
    "OTEL_SDK_DISABLED": "false",
}
"""A replay tells nobody of it, and is seen whole."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may choose.

    Libraries that stay live; whether time and randomness are as recorded; whose cassettes, of
    several services, are meant; whether the verdict may show what the policy hides.
    """

    live: tuple[str, ...] = ()
    clock: bool = True
    randomness: bool = True
    service: str = ""
    reveal: bool = False

    def settings(self, cassettes: Sequence[str], *, banner: bool = True) -> Settings:
        """The settings of the process under replay."""
        unless: dict[str, Any] = {"redaction": "off"} if self.reveal else {}
        return read_settings(
            mode="replay",
            cassette=tuple(cassettes),
            live=self.live,
            clock=self.clock,
            randomness=self.randomness,
            trace_timeout_s=_TRACE_S,
            banner=banner,
            **unless,
        )


class Audience:
    """Who hears of a replay while it goes on; this one does not listen."""

    def next(self, number: int, total: int, name: str) -> None:
        """The cassette `name`, the `number`th of `total`, is sent now."""

    def judged(self, verdict: Verdict) -> None:
        """One more verdict, as it stands when its request is over."""

    def said(self, sentence: str) -> None:
        """Something to know that is no verdict."""


def replay_app(
    cassettes: Sequence[str], app: str, options: Options, audience: Audience | None = None
) -> list[Verdict]:
    """Replay against an application imported into this process, one after the other.

    `app` is ``package.module:application``. Raises `CannotReplay` when nothing could be
    compared; what goes wrong with a single cassette is that cassette's verdict.
    """
    from timetracer_otel.otel.start import instrument
    from timetracer_otel.recording import active_recorder
    from timetracer_otel.replay.driver.application import import_application, running, send

    audience = audience or Audience()
    named = meant(cassettes, options, audience)
    with reports() as kept, _environment(_ALONE):
        settings = options.settings([item.name for item in named], banner=False)
        instrument(**{name: getattr(settings, name) for name in settings.__struct_fields__})
        application = import_application(app)

        async def all_of_them() -> None:
            async with running(application) as state:
                for number, item in enumerate(named, start=1):
                    audience.next(number, len(named), item.name)
                    kept.announce(item.name)
                    results.add(item, await one(item, state))

        async def one(item: Named, state: dict[str, object]) -> Verdict:
            try:
                await send(application, item.cassette, state)
            except TimetracerError as error:
                return _cannot(item, error)
            judging = _judging(item, kept, None)
            while True:  # the application goes on meanwhile: its loop is ours
                recorder = active_recorder()
                if recorder is not None:
                    recorder.flush()
                try:
                    next(judging)
                except StopIteration as judged:
                    return judged.value  # type: ignore[no-any-return]
                await asyncio.sleep(_POLL_S)

        results = _Results(kept, audience)
        asyncio.run(all_of_them())
        return results.final()


def replay_command(
    cassettes: Sequence[str],
    command: Sequence[str],
    options: Options,
    audience: Audience | None = None,
    port: int | None = None,
) -> list[Verdict]:
    """Replay against the server that `command` starts, over loopback.

    It is started once for each hash seed that the recordings were made under.
    """
    audience = audience or Audience()
    named = meant(cassettes, options, audience)
    with reports() as kept:
        results = _Results(kept, audience)
        numbers = count(1)
        for seed, alike in by_seed(named, randomness=options.randomness):
            with _server(alike, command, options, port, seed) as server:
                for item in alike:
                    audience.next(next(numbers), len(named), item.name)
                    kept.announce(item.name)
                    results.add(item, _over_loopback(item, server, kept))
        return results.final()


def _over_loopback(item: Named, server: Server, kept: Reports) -> Verdict:
    entry = item.cassette.entry
    if not isinstance(entry, HttpInteraction):
        return cannot(item.name, item.cassette.trace_id, NO_ENTRY)
    try:
        answered = exchange(entry, server.address, server.mount)
    except TimetracerError as error:
        code = server.process.poll()
        gone = f"; the command has ended with exit code {code}" if code is not None else ""
        return cannot(item.name, entry.title, f"{error}{gone}")
    judging = _judging(item, kept, answered)
    while True:
        try:
            next(judging)
        except StopIteration as judged:
            return judged.value  # type: ignore[no-any-return]
        time.sleep(_POLL_S)


def serve_command(
    cassettes: Sequence[str],
    command: Sequence[str],
    options: Options,
    audience: Audience,
    port: int | None = None,
) -> None:
    """Keep the command's server up under replay; `audience` hears of each request as it ends.

    Returns when the command ends; Ctrl-C ends it.
    """
    named = meant(cassettes, options, audience)
    groups = by_seed(named, randomness=options.randomness)
    seed = groups[0][0]
    if len(groups) > 1:
        audience.said(f"recorded under {len(groups)} hash seeds; the server has the first, {seed}")
    with reports() as kept:
        judging = _Serving(named, kept, audience)
        try:
            with _server(named, command, options, port, seed) as server:
                audience.said(f"serving on http://{server.address[0]}:{server.address[1]}")
                while server.process.poll() is None:
                    judging.go_on()
                    time.sleep(_LOOK_S)
        finally:  # what was on its way when it was told to stop
            judging.go_on(until_done=True)


_JUDGED: dict[str, Judged] = {}
"""How each cassette of this run is compared: it is redacted once."""


def _judge(item: Named, run: Run, answered: HttpResponse | None) -> Verdict:
    """The verdict, in which nothing is shown that the policy hides."""
    judged = _JUDGED[item.name]
    run = replace(run, replayed=judged.replayed(run.replayed))
    verdict = judge(judged.recorded, run, judged.answered(answered))
    verdict.answered = answered
    if judged.reason:
        verdict.notes.append(f"what is hidden in the cassette was not compared: {judged.reason}")
    return verdict


class _Serving:
    """Judges each request of a server as its report comes."""

    def __init__(self, named: Sequence[Named], kept: Reports, audience: Audience) -> None:
        self._named = {item.name: item for item in named}
        self._kept = kept
        self._audience = audience
        self._waiting: dict[Path, Generator[None, None, Verdict]] = {}

    def go_on(self, *, until_done: bool = False) -> None:
        """Judge what can be judged by now, or what never will have more."""
        for path in self._kept.fresh():
            run = self._kept.read(path)
            item = self._named.get(run.name)
            if item is None:
                reason = "no cassette has this request"
                self._audience.judged(cannot(run.name, _title(run), reason))
            elif until_done:
                self._audience.judged(_judge(item, run, None))
            else:
                self._waiting[path] = _settling(item, self._kept, path, None)
        for path, judging in list(self._waiting.items()):
            if until_done:
                run = self._kept.read(path)
                self._audience.judged(_judge(self._named[run.name], run, None))
                continue
            try:
                next(judging)
            except StopIteration as judged:
                del self._waiting[path]
                self._kept.discard(path)
                self._audience.judged(judged.value)


def _title(run: Run) -> str:
    entry = run.replayed.entry
    return entry.title if entry is not None else run.replayed.trace_id


def meant(paths: Sequence[str], options: Options, audience: Audience) -> list[Named]:
    """The cassettes to send, oldest first: what one request left in a cache the next finds."""
    named = load([str(Path(path).resolve()) for path in paths])
    chosen, sentence = of_service(named, options.service)
    settings = options.settings([item.name for item in chosen], banner=False)
    _JUDGED.clear()
    _JUDGED.update((n.name, Judged(settings, n.cassette, n.closed)) for n in chosen)
    if sentence:
        audience.said(sentence)
    return sorted(chosen, key=lambda item: item.cassette.recorded_at)


@contextmanager
def _server(
    named: Sequence[Named],
    command: Sequence[str],
    options: Options,
    port: int | None,
    seed: int | None,
) -> Iterator[Server]:
    settings = options.settings([item.name for item in named])
    environ = recording_environment(settings, {**os.environ, **_ALONE})
    if seed is not None:
        environ[HASH_SEED] = str(seed)
    likely = {port for item in named for port in _ports(item)}
    with serving_command(command, environ, port, likely) as server:
        yield server


def _ports(item: Named) -> Iterator[int]:
    """Where the recorded server listened."""
    entry = item.cassette.entry
    server = entry.request.server if isinstance(entry, HttpInteraction) else None
    if server is not None and server[1]:
        yield server[1]


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class _Results:
    """The verdicts in order; what came later to a request that was judged is judged anew."""

    def __init__(self, kept: Reports, audience: Audience) -> None:
        self._kept = kept
        self._audience = audience
        self._found: list[tuple[Named, Verdict]] = []

    def add(self, item: Named, verdict: Verdict) -> None:
        self._found.append((item, verdict))
        self._audience.judged(verdict)

    def final(self) -> list[Verdict]:
        return [self._latest(item, verdict) for item, verdict in self._found]

    def _latest(self, item: Named, verdict: Verdict) -> Verdict:
        path = self._kept.of(item.name)
        if verdict.result == "cannot" or path is None:
            return verdict
        return _judge(item, self._kept.read(path), verdict.answered)


def _cannot(item: Named, error: TimetracerError) -> Verdict:
    entry = item.cassette.entry
    return cannot(item.name, entry.title if entry else item.cassette.trace_id, str(error))


def _judging(
    item: Named, kept: Reports, answered: HttpResponse | None
) -> Generator[None, None, Verdict]:
    """Yields as long as there is something to wait for; returns the verdict."""
    deadline = time.monotonic() + _REPORT_S
    while (path := kept.of(item.name)) is None:
        if time.monotonic() > deadline:
            entry = item.cassette.entry
            title = entry.title if entry else item.cassette.trace_id
            reason = "the application answered, but its request was not seen: is it instrumented?"
            return cannot(item.name, title, reason)
        yield
    return (yield from _settling(item, kept, path, answered))


def _settling(
    item: Named, kept: Reports, path: Path, answered: HttpResponse | None
) -> Generator[None, None, Verdict]:
    """As above, from the first report on: calls that came after the answer then are waited for."""
    deadline = time.monotonic() + _lateness_s(item)
    while True:
        verdict = _judge(item, kept.read(path), answered)
        if not verdict.missing or time.monotonic() > deadline:
            return verdict
        while not kept.changed(path) and time.monotonic() < deadline:
            yield


def _lateness_s(item: Named) -> float:
    """How long to wait for what a detached task did after the answer; 0 where none did."""
    entry = item.cassette.entry
    if entry is None:
        return 0.0
    end = entry.start_us + entry.duration_us
    late = max((call.start_us - end for call in item.cassette.interactions), default=0)
    return min(_LATEST_S, late / 1e6 + _LATE_S) if late > 0 else 0.0

"""One test while it is recorded, or answered from its cassettes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from msgspec.structs import replace
from opentelemetry import context as otel_context
from opentelemetry import trace as otel
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from timetracer_otel.capture.draws import TELEMETRY
from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.cassette.files import read
from timetracer_otel.local_databases import leave_alone
from timetracer_otel.recording.assembly import encoded_answers
from timetracer_otel.recording.trace import TraceRecord
from timetracer_otel.replay import sessions
from timetracer_otel.replay.redacted import opened, shown_by
from timetracer_otel.replay.sessions import Session, Sessions
from timetracer_otel.replay.testing.stability import without_chosen_ports
from timetracer_otel.replay.testing.stage import Stage

__all__ = ["Episode", "Plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with one test.

    `path` is where its recording is kept, `others` are cassettes that answer too. `mode` is one
    of `choices.MODES`; `replays` says whether it is answered from cassettes. `shown` and
    `command` are for people: the file, and what records it again.
    """

    test: str
    path: Path
    others: tuple[Path, ...]
    mode: str
    replays: bool
    compare: bool = False
    live: tuple[str, ...] = ()
    clock: bool = True
    randomness: bool = True
    hint: str = ""
    shown: str = ""
    command: str = ""

    @property
    def needs_record(self) -> bool:
        """Whether what the test does is to be looked at afterwards."""
        return not self.replays or self.compare


class Episode:
    """The trace of one test, from the set-up of its own fixtures to the end of their teardown.

    Its root is a name alone, no span of the provider's: an application may use any provider, or
    none, and its exporters hear nothing of the test.
    """

    def __init__(self, stage: Stage, plan: Plan) -> None:
        self.plan = plan
        self.stage = stage
        self.recorded: list[Cassette] = []
        self.session: Session | None = None
        self._stage = stage
        self._sessions: Sessions | None = None
        self._joined: Cassette | None = None
        self.is_over = False
        self.fixtures: tuple[str, ...] = ()
        if plan.replays:
            self._load()
        trace_id, span_id = TELEMETRY.getrandbits(128) | 1, TELEMETRY.getrandbits(64) | 1
        self._record = TraceRecord(stage.recorder, trace_id, span_id)
        self._record.answers = []
        named = SpanContext(trace_id, span_id, is_remote=False, trace_flags=TraceFlags(1))
        self._span = NonRecordingSpan(named)
        self._set_stage()
        stage.recorder.is_listening = True
        stage.recorder.skipped = frozenset(plan.live)
        stage.recorder.begin_whole(self._record)

    def _load(self) -> None:
        plan = self.plan
        files = [path for path in (plan.path, *plan.others) if path.exists()]
        self.recorded = [opened(read(path))[0] for path in files]
        joined = _joined(self.recorded)
        name, hint = str(plan.path), plan.hint
        shown = shown_by(self._stage.recorder.settings, joined)
        self.session = Session(joined, name, hint=hint, shown=shown)
        self._sessions = Sessions(self.session, plan.live)
        self._joined = joined

    @cached_property
    def _shared(self) -> Sessions | None:
        """Where fixtures that tests share are answered from."""
        if self._joined is None:
            return None
        plan, shown = self.plan, shown_by(self._stage.recorder.settings, self._joined)
        outside = Session(self._joined, str(plan.path), outside=True, hint=plan.hint, shown=shown)
        return Sessions(outside, plan.live)

    def _set_stage(self) -> None:
        stage, plan, session = self._stage, self.plan, self.session
        sessions.use(self._sessions)
        stage.within_requests = bool(self.recorded) and not self.recorded[0].test
        leave_alone(not stage.within_requests)  # what a test has not put there is recorded
        stage.time = session.time if session is not None and plan.clock else None
        stage.draws = session.draws if session is not None and plan.randomness else None

    # -- where the running code belongs -----------------------------------------------------------

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What runs here is the test's."""
        context = otel.set_span_in_context(self._span, otel_context.get_current())
        token = otel_context.attach(context)
        try:
            yield
        finally:
            otel_context.detach(token)

    def begin_shared(self, key: str) -> None:
        """What runs from here on is a fixture's that tests share: no part of any sequence."""
        stage = self._stage
        stage.recorder.is_listening = True
        stage.recorder.skipped = frozenset(self.plan.live)
        stage.recorder.whole = None
        stage.recorder.is_outside = True
        stage.time = stage.draws = None
        stage.begin_fixture(key)
        sessions.use(self._shared)

    def end_shared(self, interrupted: Episode | None) -> None:
        """It is over; `interrupted` goes on, which may be another test's, or none."""
        self._stage.end_fixture()
        self._stage.recorder.is_outside = False
        if interrupted is not None:
            self._stage.recorder.whole = interrupted._record
            self._stage.recorder.skipped = frozenset(interrupted.plan.live)
            interrupted._set_stage()
        else:
            self._stage.recorder.is_listening = False
            sessions.use(None)

    # -- what came of it --------------------------------------------------------------------------

    def answers(self) -> list[Interaction]:
        """What the application has answered so far."""
        return encoded_answers(self._record)

    def unused(self) -> list[Interaction]:
        """What the test's own cassette has, and was never asked for."""
        if self.session is None or not self.recorded:
            return []
        live = self.plan.live
        own = {id(one) for one in self.recorded[0].interactions if one.library not in live}
        return [one for one in self.session.answers.unused() if id(one) in own]

    # -- the end ----------------------------------------------------------------------------------

    def end(self, fixtures: Sequence[str] = ()) -> Cassette | None:
        """Let go of the process; the recording, if one is needed.

        `fixtures` are the shared fixtures that the test used, whoever set them up.
        """
        self.is_over = True
        self.fixtures = tuple(fixtures)
        stage, record = self._stage, self._record
        record.discarded = not self.plan.needs_record
        stage.recorder.end_whole(record)
        stage.recorder.is_listening = False
        leave_alone(True)
        sessions.use(None)
        stage.time = stage.draws = None
        if record.discarded:
            return None
        stage.recorder.flush()
        found = stage.take(f"{record.trace_id:032x}")
        if found is None:
            return None
        return replace(
            found,
            test=self.plan.test,
            resource=_service_alone(found),
            interactions=without_chosen_ports(found.interactions),
            bootstrap=without_chosen_ports(stage.bootstrap_for(found, self.fixtures)),
        )


def _service_alone(cassette: Cassette) -> list[dict[str, object]]:
    """Versions of telemetry and names of machines are no part of what a test asked."""
    names = [one.get("service.name") for one in cassette.resource]
    known = [name for name in names if name and not str(name).startswith("unknown_service")]
    return [{"service.name": name} for name in known]


def _joined(cassettes: Sequence[Cassette]) -> Cassette:
    """The first, with all that the others know besides."""
    first, *others = cassettes
    for other in others:
        first = replace(
            first,
            answers=[*first.answers, *other.answers],
            interactions=[*first.interactions, *other.interactions],
            bootstrap=[*first.bootstrap, *other.bootstrap],
            draws=[*first.draws, *other.draws],
            clock=[*first.clock, *other.clock],
        )
    return first

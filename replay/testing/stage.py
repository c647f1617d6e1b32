"""What a process needs for its marked tests: put in place for the first, taken away at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import msgspec

from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.errors import CannotReplay
from timetracer_otel.local_databases import leave_alone
from timetracer_otel.otel.start import put_in_place, shutdown
from timetracer_otel.recording import Recorder, active_recorder
from timetracer_otel.recording.assembly import collect_outside
from timetracer_otel.recording.bootstrap import Bootstrap
from timetracer_otel.recording.current import current_entry
from timetracer_otel.redaction.applying import Redacting
from timetracer_otel.replay import sessions
from timetracer_otel.replay.clock import install_clock
from timetracer_otel.replay.draws import install_draws
from timetracer_otel.replay.guard import install_guard
from timetracer_otel.replay.process import REPLAY
from timetracer_otel.replay.recorded_draws import RecordedDraws
from timetracer_otel.replay.recorded_time import RecordedTime
from timetracer_otel.replay.testing.connections import let_go_of_idle_connections
from timetracer_otel.settings import Settings, read_settings

__all__ = ["Stage"]

_NO_LIMIT_S = 1e6
"""A test may take its time, and ends by itself."""


class Stage:
    """Libraries changed once a process, for recording and for replay alike.

    Which of the two is done, for which test, changes with two assignments: the recorder that is
    active and the sessions in force. Between marked tests neither is, and everything passes.
    """

    def __init__(self) -> None:
        if active_recorder() is not None:
            raise CannotReplay(
                subject="in tests",
                reason="this process is recorded as a whole",
                hint="run pytest without `timetracer record` around it",
            )
        self.settings = _settings()
        self.redacting = Redacting(self.settings)
        self.recorder = Recorder(self.settings)
        self.recorder.add_sink(self)
        self.recorder.collects_by_itself = False  # whose it is depends on when it is moved
        self.time: RecordedTime | None = None
        self.draws: RecordedDraws | None = None
        self.within_requests = False
        """Whether the two above are of a request that was recorded elsewhere, not of a test."""
        self._written: dict[str, Cassette] = {}
        self._of_fixtures: dict[str, Bootstrap] = defaultdict(Bootstrap)
        self._around: list[Bootstrap] = []
        self._seen: dict[str, int] = defaultdict(int)
        self._common = self.recorder.bootstrap
        self._undo: list[Callable[[], None]] = []
        self.no_clock = ""
        REPLAY.install()
        self._undo.append(REPLAY.uninstall)
        if self.settings.clock:
            self._install_clock()
        if self.settings.randomness:
            self._undo.append(install_draws(self._current_draws))
        self._undo.append(install_guard())
        put_in_place(self.recorder)
        leave_alone(True)
        self._undo.append(lambda: leave_alone(False))
        let_go_of_idle_connections()  # what was opened before was not seen
        self._is_live = True
        self._begun = 0
        self.recorder.is_listening = False
        self.recorder.activate()

    def _install_clock(self) -> None:
        try:
            self._undo.append(install_clock(None, self._current_time))
        except CannotReplay as error:  # a fixture of the session holds the clock: it is known then
            self.no_clock = error.reason

    def _current_time(self) -> RecordedTime | None:
        return self.time if not self.within_requests or current_entry() is not None else None

    def _current_draws(self) -> RecordedDraws | None:
        return self.draws if not self.within_requests or current_entry() is not None else None

    def write(self, cassette: Cassette, *, fragment: bool) -> None:
        """As a sink of the recorder: what comes later than its test is over belongs to none."""
        if not fragment:
            self._written[cassette.trace_id] = cassette

    def take(self, trace_id: str) -> Cassette | None:
        """What was recorded of a test, once."""
        return self._written.pop(trace_id, None)

    def change_to(self, *, live: bool) -> None:
        """The next test goes out to services, or does not: connections of the other kind go."""
        if live != self._is_live and self.recorder.begun != self._begun:
            let_go_of_idle_connections()
        if live != self._is_live:
            self._is_live, self._begun = live, self.recorder.begun

    # -- what is asked outside of any test --------------------------------------------------------

    def begin_fixture(self, key: str) -> None:
        """From here on what is asked belongs to a fixture that several tests share."""
        collect_outside(self.recorder)
        self._around.append(self.recorder.bootstrap)
        self.recorder.bootstrap = self._of_fixtures[key]

    def late(self, key: str) -> list[Interaction]:
        """What a fixture has asked since this was last called: in its teardown, that is."""
        asked = self._of_fixtures[key].interactions() if key in self._of_fixtures else []
        seen, self._seen[key] = self._seen[key], len(asked)
        return asked[seen:]

    def end_fixture(self) -> None:
        """It is set up, or torn down."""
        collect_outside(self.recorder)
        self.recorder.bootstrap = self._around.pop()

    def bootstrap_for(self, cassette: Cassette, fixtures: tuple[str, ...]) -> list[Interaction]:
        """What a test needs to be replayed alone, whichever tests ran before it in this process.

        That is: what its own shared fixtures asked, and the set-up of connections of the
        libraries and to the servers that it uses, in an order of its own.
        """
        collect_outside(self.recorder)
        shared = [
            interaction
            for key in fixtures
            if key in self._of_fixtures
            for interaction in self._of_fixtures[key].interactions()
        ]
        used = {_peer(one) for one in (*cassette.interactions, *shared)}
        common = [one for one in self._common.interactions() if _peer(one) in used]
        common.sort(key=lambda one: msgspec.json.encode((one.library, one.request)))
        return [*shared, *common]

    def close(self) -> None:
        """Everything is as it was."""
        sessions.use(None)
        self.recorder.is_listening = True
        shutdown()
        while self._undo:
            self._undo.pop()()


def _peer(interaction: Interaction) -> tuple[str, str]:
    """The library, and which of its servers, where the protocol tells."""
    return interaction.library, str(getattr(interaction.request, "server", ""))


def _settings() -> Settings:
    """The project's; the time limit of a request is none of a test."""
    return read_settings(mode="record", banner=False, trace_timeout_s=_NO_LIMIT_S)

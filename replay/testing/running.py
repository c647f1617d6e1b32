"""What pytest's hooks do for a test that has a cassette."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import TimetracerError
from timetracer_otel.replay.testing.episode import Episode, Plan
from timetracer_otel.replay.testing.keeping import Kept, keep
from timetracer_otel.replay.testing.planning import missing, plan_of
from timetracer_otel.replay.testing.stage import Stage
from timetracer_otel.replay.testing.telling import told

__all__ = ["Run", "Runs"]

_FOLDER = "cassette_dir"


class Runs:
    """The tests with cassettes of one process; the stage is set for the first of them."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.kept: dict[Path, str] = {}
        self._stage: Stage | None = None
        self._run: Run | None = None

    @property
    def stage(self) -> Stage:
        if self._stage is None:
            self._stage = Stage()
        return self._stage

    def begin(self, item: pytest.Item) -> Run:
        """The run of `item`, from here to `over`."""
        self._run = Run(self, item)
        return self._run

    def of(self, item: Any) -> Run:
        """The run of `item`, which is the one that is running."""
        run = self._run
        if run is None or run.item is not item:
            raise LookupError("no test with a cassette is running")
        return run

    def close(self) -> None:
        """The session is over."""
        if self._stage is not None:
            self._stage.close()
            self._stage = None


class Run:
    """One test, from its set-up to its teardown. What the fixture `cassette` gives."""

    def __init__(self, runs: Runs, item: pytest.Item) -> None:
        self.item = item
        self.plan: Plan | None = None
        self.kept = Kept()
        self._runs = runs
        self._episode: Episode | None = None
        self._stack = ExitStack()
        self._shared: list[str] = []
        self._resolving = False
        self._failed = False

    # -- for the test -----------------------------------------------------------------------------

    @property
    def path(self) -> Path:
        """The file of the cassette, there or not."""
        return self._opened().path

    @property
    def mode(self) -> str:
        """The mode in force for this test."""
        return self._opened().mode

    @property
    def is_replaying(self) -> bool:
        """Whether the test is answered from its cassette."""
        return self._opened().replays

    def _opened(self) -> Plan:
        if self.plan is None:
            raise LookupError("the cassette of this test is not open yet")
        return self.plan

    # -- phases -----------------------------------------------------------------------------------

    def setting_up(self) -> Generator[None, None, None]:
        if not self._has_folder_of_its_own():
            self._open(None)
        try:
            with self._inside():
                yield
        finally:
            self._stack.close()

    def fixture(self, fixturedef: Any, request: Any) -> Generator[None, object, object]:
        if self._resolving or fixturedef.argname == _FOLDER:
            return (yield)
        self._open(request)
        episode = self._episode
        if episode is None or fixturedef.scope == "function":
            return (yield)
        key = f"{fixturedef.baseid}::{fixturedef.argname}[{getattr(request, 'param_index', 0)}]"
        with episode.shared(key):
            return (yield)

    def calling(self) -> Generator[None, None, None]:
        self._open(None)
        with self._inside():
            yield
        self._judge()

    def tearing_down(self) -> Generator[None, None, None]:
        try:
            with self._inside():
                yield
        except BaseException:
            self._failed = True
            raise
        finally:
            recorded = self._close()
        if recorded is not None or self._episode is not None:
            self._keep(recorded)

    def over(self) -> None:
        """Whatever happened, the process is as before."""
        self._stack.close()
        self._close()

    def reported(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
        if call.excinfo is not None:
            self._failed = True
            if self._episode is not None and report.failed:
                text = told(self._episode)
                if text:
                    report.sections.append(("cassette", text))

    # -- what they do -----------------------------------------------------------------------------

    def _has_folder_of_its_own(self) -> bool:
        found = self.item.session._fixturemanager.getfixturedefs(_FOLDER, self.item)
        return bool(found) and not found[-1].func.__module__.startswith("timetracer_otel.")

    def _open(self, request: Any) -> None:
        if self.plan is not None:
            return
        folder = None
        if self._has_folder_of_its_own():
            self._resolving = True
            try:
                asking = request if request is not None else self.item._request  # type: ignore[attr-defined]
                folder = asking.getfixturevalue(_FOLDER)
            finally:
                self._resolving = False
        plan = plan_of(self.item, folder)
        missing(self.item, plan)
        self.plan = plan
        try:
            self._episode = Episode(self._runs.stage, plan)
        except TimetracerError as error:
            pytest.fail(f"timetracer: {error}", pytrace=False)
        if request is not None:
            self._stack.enter_context(self._episode.inside())

    @contextmanager
    def _inside(self) -> Iterator[None]:
        if self._episode is None:
            yield
            return
        with self._episode.inside():
            yield

    def _judge(self) -> None:
        """What the application swallowed is told all the same."""
        episode = self._episode
        if episode is None:
            return
        text = told(episode)
        if text:
            pytest.fail(text, pytrace=False)

    def _close(self) -> Cassette | None:
        episode = self._episode
        if episode is None or episode.is_over:
            return None
        return episode.end(self._shared_keys())

    def _shared_keys(self) -> list[str]:
        return list(self._shared)

    def _keep(self, recorded: Cassette | None) -> None:
        episode, plan = self._episode, self.plan
        if episode is None or plan is None:
            return
        if recorded is not None and not plan.replays and not self._failed:
            self.kept = keep(plan, recorded)

    # -- for the fixtures of version 1 --------------------------------------------------------------

    def within(self, folder: Path, mode: str) -> Callable[..., AbstractContextManager[Any]]:
        """A function that makes blocks of a cassette's own, in the midst of a test."""
        raise NotImplementedError

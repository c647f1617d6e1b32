"""What pytest's hooks do for a test that has a cassette."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import ReplayError, TimetracerError
from timetracer_otel.replay.testing.choices import MARKER
from timetracer_otel.replay.testing.episode import Episode, Plan
from timetracer_otel.replay.testing.keeping import Keeper
from timetracer_otel.replay.testing.planning import (
    FOLDER_FIXTURE,
    block_plan,
    has_folder_of_its_own,
    missing,
    mode_on,
    plan_of,
)
from timetracer_otel.replay.testing.shared import SharedFixture
from timetracer_otel.replay.testing.stage import Stage
from timetracer_otel.replay.testing.telling import told, told_differences

__all__ = ["Run", "Runs"]


class Runs:
    """The tests with cassettes of one process; the stage is set for the first of them."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.keeper = Keeper(config)
        self.shared: list[SharedFixture] = []
        self._stage: Stage | None = None
        self._run: Run | None = None

    @property
    def stage(self) -> Stage:
        """What is in place for all of them."""
        if self._stage is None:
            self._stage = Stage()
        return self._stage

    def begin(self, item: pytest.Item) -> Run:
        """The run of `item`, from here to `over`."""
        self._run = Run(self, item)
        return self._run

    def of(self, item: Any) -> Run:
        """The run of `item`, which is the one that is running."""
        if self._run is None or self._run.item is not item:
            raise LookupError("no test with a cassette is running")
        return self._run

    def running(self) -> Episode | None:
        """The episode that is on just now."""
        episode = self._run.episode if self._run is not None else None
        return episode if episode is not None and not episode.is_over else None

    def between(self) -> None:
        """A test without a cassette is next: it goes out as it always did."""
        if self._stage is not None:
            self.change_to(live=True)

    def change_to(self, *, live: bool) -> None:
        """What is shared and was set up in the other world does not hold in this one."""
        for fixture in reversed([one for one in self.shared if one.is_of(live=not live)]):
            fixture.finish()
        self.stage.change_to(live=live)

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
        self.episode: Episode | None = None
        self.told: dict[str, Any] | None = None
        self._runs = runs
        self._stack = ExitStack()
        self._refusal: BaseException | None = None
        self._resolving = False
        self._failed = False
        self._live_again = False
        self._began = time.perf_counter()
        names = getattr(item, "fixturenames", ())
        self._is_whole = item.get_closest_marker(MARKER) is not None or MARKER in names

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
            raise LookupError("the cassette of this test is not open")
        return self.plan

    # -- phases -----------------------------------------------------------------------------------

    def protocol(self, nextitem: pytest.Item | None) -> bool | None:
        """In mode ``new_episodes``: replay, and begin again, live, for what is new."""
        item = self.item
        if not self._is_whole or not _records_what_is_new(item):
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if self.episode is not None and told(self.episode):
            with suppress(Exception):  # what other tests share was set up from the cassette, too
                item.session._setupstate.teardown_exact(None)
            self._begin_again()
            item._initrequest()  # type: ignore[attr-defined]  # as `pytest-rerunfailures` does
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _begin_again(self) -> None:
        self.plan = self.episode = self.told = None
        self._failed, self._live_again = False, True

    def setting_up(self) -> Generator[None, None, None]:
        if not has_folder_of_its_own(self.item):
            try:
                self._open(None)
            except BaseException as error:  # noqa: BLE001 - raised again, further in
                self._refusal = error
        try:
            with self._inside():
                yield
        finally:
            self._stack.close()

    def refuse(self) -> None:
        """Raise what stands against this test; within the wrappers of others, who count on it."""
        refusal, self._refusal = self._refusal, None
        if refusal is not None:
            raise refusal

    def fixture(self, fixturedef: Any, request: Any) -> Generator[None, object, object]:
        if self._resolving or fixturedef.argname == FOLDER_FIXTURE:
            return (yield)
        self._open(request)
        if self.episode is None or fixturedef.scope == "function":
            return (yield)
        shared = SharedFixture(self._runs, self.episode, fixturedef, request)
        fixturedef.addfinalizer(shared.after_teardown)
        try:
            with shared.setting_up():
                return (yield)
        finally:
            fixturedef.addfinalizer(shared.before_teardown)

    def calling(self) -> Generator[None, None, None]:
        self._open(None)
        with self._inside():
            yield
        if self.episode is not None:
            _judge(self.episode)

    def tearing_down(self) -> Generator[None, None, None]:
        try:
            with self._inside():
                yield
        except BaseException:
            self._failed = True
            raise
        finally:
            ending = self.episode if self.episode and not self.episode.is_over else None
            recorded = self._close()
        if ending is not None:
            self._keep(ending, recorded)

    def over(self) -> None:
        """Whatever happened, the process is as before."""
        self._stack.close()
        self._close()

    def reported(self, report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
        """Note the outcome of a phase; the last one's report says what became of the cassette."""
        if call.excinfo is not None:
            self._failed = True
            if self.episode is not None and report.failed and call.when != "teardown":
                _tell(report, call.excinfo, told(self.episode))
                text = told_differences(self.episode)
                if text and text not in str(report.longrepr):
                    report.sections.append(("cassette", text))
        if call.when == "teardown" and self.told is not None:
            self.told["seconds"] = time.perf_counter() - self._began
            report.timetracer = self.told  # type: ignore[attr-defined]  # xdist carries it along

    # -- what they do -----------------------------------------------------------------------------

    def _open(self, request: Any) -> None:
        if self.plan is not None or not self._is_whole:
            return
        plan = plan_of(self.item, self._folder(request))
        if self._live_again:
            plan = replace(plan, replays=False)
        missing(self.item, plan)
        self._runs.keeper.check(plan)
        self.plan = plan
        self.episode = self._begin(plan)
        if request is not None:
            self._stack.enter_context(self.episode.inside())

    def _folder(self, request: Any) -> Any:
        if not has_folder_of_its_own(self.item):
            return None
        self._resolving = True
        try:
            asking = request if request is not None else self.item._request  # type: ignore[attr-defined]
            return asking.getfixturevalue(FOLDER_FIXTURE)
        finally:
            self._resolving = False

    def _begin(self, plan: Plan) -> Episode:
        try:
            self._runs.change_to(live=not plan.replays)
            return Episode(self._runs.stage, plan)
        except TimetracerError as error:
            return pytest.fail(f"timetracer: {error}", pytrace=False)

    @contextmanager
    def _inside(self) -> Iterator[None]:
        if self.episode is None:
            yield
            return
        with self.episode.inside():
            yield

    def _close(self) -> Cassette | None:
        episode = self.episode
        if episode is None or episode.is_over:
            return None
        return episode.end(self._shared_names())

    def _shared_names(self) -> list[str]:
        """The keys of the shared fixtures this test uses, whichever test had them set up."""
        definitions = getattr(self.item, "_request", None)
        found = getattr(definitions, "_fixture_defs", {}).values()
        return [key for key in map(SharedFixture.key_of, found) if key]

    def _keep(self, episode: Episode, recorded: Cassette | None) -> None:
        said = self.told = {}
        self._runs.keeper.keep(self.item, episode, recorded, said, failed=self._failed)

    # -- for the fixtures of version 1 ------------------------------------------------------------

    def within(self, folder: Path, mode: str) -> Callable[..., AbstractContextManager[Any]]:
        """A function that makes blocks with a cassette of their own, in the midst of a test."""

        @contextmanager
        def block(name: Any = None, *_: Any, use_tmp: bool = False, **__: Any) -> Iterator[Any]:
            if self._runs.running() is not None:
                pytest.fail("timetracer: this test is within a cassette already", pytrace=False)
            where = self.item._request.getfixturevalue("tmp_path") if use_tmp else folder  # type: ignore[attr-defined]
            plan = block_plan(self.item, where, name, mode)
            if plan.replays and not plan.path.exists():
                raise FileNotFoundError(f"Cassette not found: {plan.path}")
            self.plan, self.episode = plan, self._begin(plan)
            try:
                with self.episode.inside():
                    yield self
                _judge(self.episode)
            except BaseException:
                self._failed = True
                raise
            finally:
                recorded = self._close()
                self._keep(self.episode, recorded)

        return block


def _records_what_is_new(item: pytest.Item) -> bool:
    try:
        return mode_on(item) == "new_episodes"
    except pytest.fail.Exception:  # what the marker cannot mean is told when the test is set up
        return False


def _tell(report: pytest.TestReport, excinfo: Any, text: str) -> None:
    """A miss is told like a failed assertion: the lines of the test that led to it, and why."""
    if not text or text in str(report.longrepr):
        return
    if not _is_miss(excinfo.value):
        report.sections.append(("cassette", text))
        return
    lines = [
        f"{entry.path}:{entry.lineno + 1}: in {entry.name}\n    {str(entry.statement).strip()}"
        for entry in excinfo.traceback
        if not _FOREIGN.intersection(Path(entry.path).parts) and not _is_ours(entry)
    ]
    report.longrepr = "\n".join([*lines, *(f"E   {line}".rstrip() for line in text.split("\n"))])


_FOREIGN = {"site-packages", "dist-packages", Path(os.__file__).parent.name}


def _is_ours(entry: Any) -> bool:
    return str(entry.frame.f_globals.get("__name__", "")).startswith("timetracer_otel.")


def _is_miss(error: BaseException | None) -> bool:
    """Whether an answer that was not there is what the test failed of in the end."""
    while error is not None:
        if isinstance(error, ReplayError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _judge(episode: Episode) -> None:
    """What the application swallowed is told all the same, and what it answers otherwise."""
    text = told(episode) or told_differences(episode)
    if text:
        pytest.fail(text, pytrace=False)

"""The pytest plugin: options, fixtures and hooks, and nothing else.

pytest loads it at every start, used or not: what it does is in the modules beside it, which are
imported when the first test with a cassette is about to run.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from timetracer_otel.replay.testing.choices import (
    MARKER,
    MODES,
    days,
    has_pytest_recording,
    mode_named,
)

if TYPE_CHECKING:
    from timetracer_otel.replay.testing.running import Run, Runs

_MARKER_HELP = (
    "cassette(*names, mode=..., compare=False, live=(), clock=True, randomness=True, unused=..., "
    "missing=...): the first run records what the test asks of the outside world, every later run "
    "is answered from that file"
)
_FIXTURES = frozenset({"cassette", "timetracer_auto", "timetracer_record", "timetracer_replay"})


@pytest.hookimpl
def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    group = parser.getgroup("timetracer", "cassettes (timetracer)")
    names = ["--timetracer-record-mode"]
    if not has_pytest_recording(pluginmanager):
        names.append("--record-mode")
    group.addoption(
        *names,
        choices=MODES,
        dest="timetracer_record_mode",
        help="once: record what has no cassette, replay what has one (default). none: replay "
        "(default where CI is set). new_episodes: record a test anew if it asks for something new. "
        "all: record. rewrite: record, and write what has changed. verify: ask the live services "
        "and compare",
    )
    group.addoption("--cassette-dir", metavar="FOLDER", help="Cassettes below this folder.")
    group.addoption(
        "--cassette-compare",
        action="store_true",
        default=None,
        help="Compare what the application answers with what it answered when recorded.",
    )
    group.addoption(
        "--cassette-unused",
        choices=("error", "warn", "ignore"),
        help="What a recorded call is that a test no longer makes (default: ignore).",
    )
    group.addoption(
        "--cassette-missing",
        choices=("error", "skip"),
        help="What a test without a cassette is in mode none (default: error).",
    )
    group.addoption(
        "--cassette-max-age",
        metavar="AGE",
        help="Warn of cassettes that are older, such as 90d, 12h, 2w.",
    )
    group.addoption(
        "--cassette-prune", action="store_true", help="Delete the cassettes that no test has."
    )
    group.addoption(
        "--cassette-keep-failed", action="store_true", help="Record tests that fail, too."
    )
    parser.addini("cassette_record_mode", "As --record-mode.", default="")
    parser.addini("cassette_dir", "As --cassette-dir.", default="")
    parser.addini("timetracer_cassette_dir", "The same, by its name before version 2.", default="")
    parser.addini("cassette_compare", "As --cassette-compare.", type="bool", default=False)
    parser.addini("cassette_unused", "As --cassette-unused.", default="ignore")
    parser.addini("cassette_missing", "As --cassette-missing.", default="error")
    parser.addini("cassette_live", "Libraries that are never recorded.", type="args", default=[])
    parser.addini("cassette_max_age", "As --cassette-max-age.", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER_HELP)
    age = config.getoption("--cassette-max-age") or config.getini("cassette_max_age")
    mode = config.getini("cassette_record_mode")
    try:
        if age:
            days(age)
        if mode:
            mode_named(mode)
    except ValueError as error:
        raise pytest.UsageError(f"cassettes: {error}") from None


def _runs(config: pytest.Config) -> Runs:
    runs: Runs | None = config.stash.get(_RUNS, None)
    if runs is None:
        from timetracer_otel.replay.testing.running import Runs

        runs = config.stash[_RUNS] = Runs(config)
    return runs


_RUNS: pytest.StashKey[Runs] = pytest.StashKey()
_current: list[Run] = []
"""The test that runs now, if it has a cassette."""


def _is_marked(item: pytest.Item) -> bool:
    if item.get_closest_marker(MARKER) is not None:
        return True
    asked = _FIXTURES.intersection(getattr(item, "fixturenames", ()))
    return any(_is_ours(item, name) for name in asked)


def _is_ours(item: pytest.Item, name: str) -> bool:
    """Whether the fixture is this module's: a suite may have one of its own by that name."""
    found: Any = getattr(item, "_fixtureinfo", None)
    definitions: Any = found.name2fixturedefs.get(name) if found is not None else None
    return bool(definitions) and definitions[-1].func.__module__ == __name__


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Before any is deselected: a test that does not run today still has its cassette."""
    if config.getoption("--cassette-prune"):
        from timetracer_otel.replay.testing.pruning import prune

        _pruned[:] = prune(config, items)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    if not _is_marked(item):
        if _RUNS in item.config.stash:
            item.config.stash[_RUNS].between()
        return (yield)
    run = _runs(item.config).begin(item)
    _current.append(run)
    try:
        return (yield)
    finally:
        _current.remove(run)
        run.over()


@pytest.hookimpl(specname="pytest_runtest_protocol", tryfirst=True)
def pytest_record_what_is_new(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """In mode ``new_episodes`` a test may have to run twice."""
    for run in _current:
        return run.protocol(nextitem)
    return None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    for run in _current:
        yield from run.setting_up()
        return
    yield


@pytest.hookimpl(specname="pytest_runtest_setup", tryfirst=True)
def pytest_refuse_to_run(item: pytest.Item) -> None:
    """A test without the cassette that it needs ends here."""
    for run in _current:
        run.refuse()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    for run in _current:
        return (yield from run.fixture(fixturedef, request))
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    for run in _current:
        yield from run.calling()
        return
    yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    for run in _current:
        yield from run.tearing_down()
        return
    yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    for run in _current:
        run.reported(report, call)
    return report


_said: list[dict[str, object]] = []
"""What became of each cassette, in this process and in the workers of xdist."""


_pruned: list[Path] = []


def pytest_sessionstart() -> None:
    _said.clear()
    _pruned.clear()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    said = getattr(report, "timetracer", None)
    if said is not None:
        _said.append(said)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for path in _pruned:
        terminalreporter.write_line(f"no test has this cassette, deleted: {path}")
    if _said:
        from timetracer_otel.replay.testing.telling import summary_line

        terminalreporter.write_line(summary_line(_said))


def pytest_sessionfinish(session: pytest.Session) -> None:
    runs = session.config.stash.get(_RUNS, None)
    if runs is not None:
        runs.close()


@pytest.fixture(scope="session")
def cassette_dir() -> None:
    """Override it with the folder for cassettes of a module, a class or a folder of tests."""


@pytest.fixture
def cassette(request: pytest.FixtureRequest) -> Run:
    """The test's cassette: `path`, `mode`, `is_replaying`. To ask for it is to have one."""
    return _runs(request.config).of(request.node)


@pytest.fixture
def timetracer_cassette_dir(request: pytest.FixtureRequest) -> Path:
    """Where the fixtures of version 1 look for cassettes: ``cassettes`` beside the test file."""
    chosen = request.config.getini("timetracer_cassette_dir")
    return Path(chosen) if chosen else request.path.parent / "cassettes"


_Within = Callable[..., AbstractContextManager[Any]]


@pytest.fixture
def timetracer_replay(request: pytest.FixtureRequest, timetracer_cassette_dir: Path) -> _Within:
    """What is called with a cassette's name in a `with`: the block is replayed."""
    return _runs(request.config).of(request.node).within(timetracer_cassette_dir, "none")


@pytest.fixture
def timetracer_record(request: pytest.FixtureRequest, timetracer_cassette_dir: Path) -> _Within:
    """What is called with a cassette's name in a `with`: the block is recorded."""
    return _runs(request.config).of(request.node).within(timetracer_cassette_dir, "all")


@pytest.fixture
def timetracer_auto(request: pytest.FixtureRequest, timetracer_cassette_dir: Path) -> _Within:
    """The same, recorded where there is no such cassette, else replayed."""
    return _runs(request.config).of(request.node).within(timetracer_cassette_dir, "once")

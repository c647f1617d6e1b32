"""What is to be done with a test: its markers, the options, and what lies in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from timetracer_otel.replay.testing.choices import (
    MARKER,
    Marks,
    default_mode,
    has_pytest_recording,
    marks_of,
    mode_named,
)
from timetracer_otel.replay.testing.episode import Plan
from timetracer_otel.replay.testing.naming import cassettes_folder, file_of, name_of

__all__ = [
    "FOLDER_FIXTURE",
    "block_plan",
    "chosen_folder",
    "command",
    "files_of",
    "has_folder_of_its_own",
    "missing",
    "mode_on",
    "plan_of",
    "setting",
    "shown",
]

FOLDER_FIXTURE = "cassette_dir"

_LIVE_MODES = ("all", "rewrite", "verify")


def marks_on(item: pytest.Item) -> Marks:
    """The markers of a test. Fails the test for one that means nothing."""
    found = [
        (node is item, mark.args, dict(mark.kwargs))
        for node, mark in item.iter_markers_with_node(MARKER)
    ]
    try:
        return marks_of(found)
    except ValueError as error:
        return pytest.fail(f"@pytest.mark.cassette: {error}", pytrace=False)


def chosen(config: pytest.Config, name: str, marks: Marks) -> Any:
    """A setting: the option wins over the marker, the marker over the configuration."""
    option = config.getoption(f"cassette_{name}")
    if option is not None:
        return option
    marked = marks.options.get(name)
    return marked if marked is not None else config.getini(f"cassette_{name}")


def setting(item: pytest.Item, name: str) -> Any:
    """The same for a test."""
    return chosen(item.config, name, marks_on(item))


def mode_on(item: pytest.Item) -> str:
    """The mode in force for a test."""
    return mode_of(item.config, marks_on(item))


def mode_of(config: pytest.Config, marks: Marks) -> str:
    """The same for the mode."""
    option = config.getoption("timetracer_record_mode")
    mode = option or marks.options.get("mode") or config.getini("cassette_record_mode")
    return mode_named(str(mode)) if mode else default_mode()


def folder_of(item: pytest.Item, given: Any) -> Path:
    """The folder of a test's cassettes; `given` is what its fixture gave, if any."""
    if given is not None:
        return Path(given)
    config = item.config
    option = config.getoption("cassette_dir") or config.getini("cassette_dir")
    return cassettes_folder(item.path, config.rootpath, str(option or ""))


def has_folder_of_its_own(item: pytest.Item) -> bool:
    """Whether a fixture of the tests' own says where their cassettes lie."""
    found = item.session._fixturemanager.getfixturedefs(FOLDER_FIXTURE, item)
    return found is not None and not found[-1].func.__module__.startswith("timetracer_otel.")


def chosen_folder(item: pytest.Item) -> Path:
    """The folder of a test's cassettes, as far as it is known without running a fixture."""
    return folder_of(item, None)


def files_of(item: pytest.Item) -> list[Path]:
    """The cassettes that a test names, there or not; none for a test that has no cassette."""
    if item.get_closest_marker(MARKER) is None and MARKER not in getattr(item, "fixturenames", ()):
        return []
    path, others = _files(item, chosen_folder(item), marks_on(item), _parameters(item))
    return [path, *others]


def _parameters(item: pytest.Item) -> str:
    callspec = getattr(item, "callspec", None)
    return callspec.id if callspec is not None else ""


def plan_of(item: pytest.Item, given_folder: Any) -> Plan:
    """What is to be done with `item`."""
    config, marks = item.config, marks_on(item)
    folder = folder_of(item, given_folder)
    path, others = _files(item, folder, marks, _parameters(item))
    mode = mode_of(config, marks)
    replays = mode not in _LIVE_MODES and (mode == "none" or path.exists())
    return Plan(
        test=item.nodeid,
        path=path,
        others=others,
        mode=mode,
        replays=replays,
        compare=bool(chosen(config, "compare", marks)),
        live=(*_names(marks.options.get("live", ())), *config.getini("cassette_live")),
        clock=bool(marks.options.get("clock", True)),
        randomness=bool(marks.options.get("randomness", True)),
        hint=_hint(item),
        shown=shown(path),
        command=command(item),
    )


def block_plan(item: pytest.Item, folder: Path, name: Any, mode: str) -> Plan:
    """What is to be done with a block within a test, which names its cassette."""
    path = file_of(folder, str(name) if name is not None else name_of(item.nodeid))
    option = item.config.getoption("timetracer_record_mode")
    mode = option or mode
    replays = mode not in _LIVE_MODES and (mode == "none" or path.exists())
    hint, again = _hint(item), command(item)
    return Plan(item.nodeid, path, (), mode, replays, hint=hint, shown=shown(path), command=again)


def _files(
    item: pytest.Item, folder: Path, marks: Marks, parameters: str
) -> tuple[Path, tuple[Path, ...]]:
    """The test's own file, and those that answer too.

    A name that stands above several tests is a cassette that they share, if there is one: else
    a folder, since each test records its own.
    """
    root = item.config.rootpath
    shared = [_existing(root, folder, name, "") for name in marks.above]
    others = [_existing(root, folder, name, parameters) for name in marks.others]
    others += [path for path in shared if path.exists()]
    if marks.own:
        return _existing(root, folder, marks.own, parameters), tuple(others)
    own = name_of(item.nodeid)
    if shared and not others:
        inner = shared[0].with_suffix("")
        return file_of(inner, own), ()
    return file_of(folder, own), tuple(others)


def _existing(root: Path, folder: Path, name: str, parameters: str) -> Path:
    """The test's own file, or one that was recorded elsewhere.

    That has no parameters in its name, and may be named from the project's root.
    """
    path = file_of(folder, name, parameters)
    elsewhere = (file_of(folder, name), file_of(root, name))
    found = (one for one in (path, *elsewhere) if one.exists())
    return next(found, path)


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _hint(item: pytest.Item) -> str:
    return (
        f"Record the test again with `{command(item)}`, or keep this dependency live with "
        f'`@pytest.mark.cassette(live=["{{library}}"])`'
    )


def command(item: pytest.Item, mode: str = "rewrite") -> str:
    """What records this test again."""
    prefix = "timetracer-" if has_pytest_recording(item.config.pluginmanager) else ""
    return f"pytest '{item.nodeid}' --{prefix}record-mode={mode}"


def missing(item: pytest.Item, plan: Plan) -> None:
    """End a test that is to be replayed and has no cassette."""
    if not plan.replays or plan.path.exists() or any(path.exists() for path in plan.others):
        return
    if setting(item, "missing") == "skip":
        pytest.skip(f"no cassette {shown(plan.path)}")
    pytest.fail(
        f"there is no cassette {shown(plan.path)}, and mode {plan.mode} records none.\n"
        f"Record it with the services up: {command(item, 'once')}",
        pytrace=False,
    )


def shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)

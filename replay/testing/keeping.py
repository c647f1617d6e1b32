"""What becomes of a test's recording: written whole, or not at all."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from timetracer_otel.cassette import Cassette, read_cassette, write_cassette
from timetracer_otel.cassette.files import put_whole, read
from timetracer_otel.errors import CassetteError, StoreError
from timetracer_otel.replay.redacted import opened
from timetracer_otel.replay.testing.choices import days
from timetracer_otel.replay.testing.comparing import service_differences
from timetracer_otel.replay.testing.episode import Episode, Plan
from timetracer_otel.replay.testing.planning import setting
from timetracer_otel.replay.testing.stability import (
    in_steady_order,
    is_unchanged,
    meaning_of,
    with_stable_ids,
    without_chosen_ports,
)
from timetracer_otel.replay.testing.stage import Stage

__all__ = ["Keeper"]

_DAY_S = 86_400


class Keeper:
    """Writes cassettes, and looks after those that are there."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._written: dict[Path, str] = {}
        self._with_fixture: dict[str, list[Path]] = defaultdict(list)
        age = config.getoption("cassette_max_age") or config.getini("cassette_max_age")
        self._max_age_s = days(age) * _DAY_S if age else 0.0

    def check(self, plan: Plan) -> None:
        """Fail a test that would take another one's cassette."""
        owner = self._written.get(plan.path, plan.test)
        if not plan.replays and plan.mode != "verify" and owner != plan.test:
            pytest.fail(
                f"{plan.shown} was recorded by {owner} just now: give each test a cassette "
                "of its own",
                pytrace=False,
            )

    def keep(
        self,
        item: pytest.Item,
        episode: Episode,
        recorded: Cassette | None,
        said: dict[str, Any],
        *,
        failed: bool,
    ) -> None:
        """Do with a finished test as its mode says, and note in `said` what is to be told of it.

        Fails the test where what was recorded is no longer so.
        """
        plan = episode.plan
        said |= {"test": plan.test, "stale": False, "unused": 0}
        if plan.replays:
            said["result"] = "replayed"
            said["stale"] = self._is_stale(episode)
            said["unused"] = 0 if failed else len(episode.unused())
            if said["stale"]:
                _warn_of_age(item, episode)
            if said["unused"]:
                _judge_unused(item, episode)
        elif recorded is None:
            said["result"] = "lost"
            if not failed:
                pytest.fail("timetracer: nothing was recorded; the log says why", pytrace=False)
        elif plan.mode == "verify":
            said["result"] = "verified"
            if not failed:
                _verify(plan, recorded)
        else:
            said["result"] = self._write(episode.stage, plan, recorded, failed=failed)
            if said["result"] != "not kept":
                for key in episode.fixtures:
                    self._with_fixture[key].append(plan.path)

    def _write(self, stage: Stage, plan: Plan, recorded: Cassette, *, failed: bool) -> str:
        if failed and not self._config.getoption("cassette_keep_failed"):
            return "not kept"
        if plan.mode == "rewrite" and _is_there_already(plan.path, recorded):
            return "unchanged"
        _put(stage, plan.path, recorded)
        self._written[plan.path] = plan.test
        return "recorded"

    def add_late(self, stage: Stage, key: str) -> None:
        """What a shared fixture asked in its teardown joins the cassettes it belongs to."""
        asked = stage.late(key)
        for path in self._with_fixture.pop(key, []) if asked else []:
            cassette = read(path)
            known = [meaning_of(one) for one in cassette.bootstrap]
            new = [one for one in asked if meaning_of(one) not in known]
            if new:
                late = without_chosen_ports(new)
                _put(stage, path, replace(cassette, bootstrap=[*cassette.bootstrap, *late]))

    def _is_stale(self, episode: Episode) -> bool:
        return bool(self._max_age_s and episode.recorded and _age_s(episode) > self._max_age_s)


def _age_s(episode: Episode) -> float:
    return time.time() - episode.recorded[0].recorded_ns / 1e9


def _warn_of_age(item: pytest.Item, episode: Episode) -> None:
    old = f"{episode.plan.shown} is {_age_s(episode) / _DAY_S:.0f} days old"
    item.warn(pytest.PytestWarning(f"{old}; record it again: {episode.plan.command}"))


def _judge_unused(item: pytest.Item, episode: Episode) -> None:
    wish = setting(item, "unused")
    lines = [f"recorded in {episode.plan.shown}, and not asked for:", ""]
    lines += [f"  {interaction.title}" for interaction in episode.unused()]
    lines += ["", f"Record the test again: {episode.plan.command}"]
    if wish == "error":
        pytest.fail("\n".join(lines), pytrace=False)
    if wish == "warn":
        item.warn(pytest.PytestWarning("\n".join(lines)))


def _verify(plan: Plan, recorded: Cassette) -> None:
    if not plan.path.exists():
        pytest.fail(f"there is no cassette {plan.shown} to compare with", pytrace=False)
    found = service_differences(opened(read(plan.path))[0], opened(recorded)[0])
    if found:
        lines = [f"the live services differ from {plan.shown}:", ""]
        lines += [f"  {line}" for line in found]
        lines += ["", f"If that is right, record it: {plan.command}"]
        pytest.fail("\n".join(lines), pytrace=False)


def _is_there_already(path: Path, recorded: Cassette) -> bool:
    with suppress(CassetteError, StoreError):
        return is_unchanged(opened(read(path))[0], in_steady_order(opened(recorded)[0]))
    return False


def _put(stage: Stage, path: Path, recorded: Cassette) -> None:
    # opened: what is sealed belongs to the IDs that the file has
    plain = in_steady_order(opened(recorded)[0])
    steady = read_cassette(with_stable_ids(write_cassette(plain), plain), file=str(path))
    put_whole(path, write_cassette(stage.redacting(steady)), private=False)

"""Whoever talks to a recorded application, and the application itself, notice nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.serving import free_port
from tests.transparency.client import all_cases
from tests.transparency.servers import VARIANTS, Transcript, environment, launcher, said

Transcripts = Callable[[str, str], Transcript]
MODES = ("record", "agent")


def _parameters() -> Iterator[tuple[str, str, str]]:
    for name, variant in VARIANTS.items():
        for mode in MODES:
            for case in all_cases(variant.application):
                yield name, mode, case


@pytest.mark.parametrize(("variant", "mode", "case"), list(_parameters()))
def test_recorded_as_if_it_were_not(
    transcripts: Transcripts, variant: str, mode: str, case: str
) -> None:
    """Every byte on the wire, and all that the application saw, in its order."""
    plain, recorded = transcripts(variant, "plain"), transcripts(variant, mode)
    assert recorded.wire[case] == plain.wire[case]
    assert recorded.journal.get(case) == plain.journal.get(case)
    assert recorded.kept[case] == recorded.asked[case]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("mode", MODES)
def test_the_server_says_and_ends_as_ever(
    transcripts: Transcripts, variant: str, mode: str
) -> None:
    plain, recorded = transcripts(variant, "plain"), transcripts(variant, mode)
    for part in ("", "log"):
        assert recorded.journal[part] == plain.journal[part]
    assert recorded.said == plain.said
    assert recorded.code == plain.code


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["starlette", "fastapi-native"])
def test_a_lifespan_that_fails_ends_the_server_as_ever(
    tmp_path: Path, name: str, mode: str
) -> None:
    def ended(mode: str) -> tuple[int, list[str], bool]:
        variant, folder = VARIANTS[name], tmp_path / mode
        folder.mkdir()
        ran = subprocess.run(
            [*launcher(mode, folder), *variant.command(free_port())],
            cwd=folder,
            env=environment(mode, folder, **variant.environment(), LIFESPAN_FAILS="1"),
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.returncode, said(ran.stderr), "cannot start" in ran.stderr

    assert ended(mode) == ended("plain")

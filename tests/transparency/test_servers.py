"""Whoever talks to a recorded application, and the application itself, notice nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.transparency.client import all_cases
from tests.transparency.servers import VARIANTS, Transcript

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

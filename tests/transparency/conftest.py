"""Each server is started once for all its cases."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.transparency.servers import VARIANTS, Transcript, transcript_of


@pytest.fixture(scope="session")
def transcripts(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Transcript]:
    """The transcript of a variant in a mode, made when first asked for."""
    made: dict[tuple[str, str], Transcript | Exception] = {}

    def run(variant: str, mode: str) -> Transcript:
        if (variant, mode) not in made:
            folder = tmp_path_factory.mktemp(f"{variant}-{mode}")
            try:
                made[variant, mode] = transcript_of(VARIANTS[variant], mode, folder)
            except Exception as error:  # noqa: BLE001 - raised again for each case
                made[variant, mode] = error
        found = made[variant, mode]
        if isinstance(found, Exception):
            raise found
        return found

    return run

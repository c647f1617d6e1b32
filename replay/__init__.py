"""The same request again, with everything it asked answered from its cassette."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from timetracer_otel.cassette import Cassette
    from timetracer_otel.replay.sessions import Session

__all__ = ["replaying"]


def replaying(
    cassette: Cassette | Path | str, *, live: Sequence[str] = (), loosely: bool = True
) -> AbstractContextManager[Session]:
    """Answer every call of this process from `cassette`, a file or what was read from one.

    Nothing goes out on the network within the block, but for the libraries named in `live`.
    Time and randomness stay what they are; `loosely` lets calls match that differ in what is
    drawn anew. The session that is given says what was asked, and what of it had no answer.
    Afterwards every library is as it was. Raises `StoreError` or `CassetteError` for a file that
    is none.
    """
    # imported here: pytest loads a plugin of this package at every start, used or not
    from timetracer_otel.replay.answering import answering

    return answering(cassette, live=live, loosely=loosely)

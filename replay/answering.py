"""One cassette answers in this very process, for as long as a block runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import timetracer_otel.replay.libraries
from timetracer_otel.cassette import Cassette
from timetracer_otel.cassette.files import read
from timetracer_otel.libraries import Installation
from timetracer_otel.replay.guard import install_guard
from timetracer_otel.replay.redacted import opened, shown_by
from timetracer_otel.replay.sessions import Session, Sessions, answering_from
from timetracer_otel.settings import read_settings

__all__ = ["answering"]


@contextmanager
def answering(
    cassette: Cassette | Path | str, *, live: Sequence[str] = (), loosely: bool = True
) -> Iterator[Session]:
    """What `timetracer_otel.replay.replaying` is."""
    name = str(cassette) if not isinstance(cassette, Cassette) else cassette.trace_id
    held, _ = opened(cassette if isinstance(cassette, Cassette) else read(Path(cassette)))
    session = Session(held, name, loosely=loosely, shown=shown_by(read_settings(), held))
    sessions = Sessions(session, live)
    libraries = Installation(timetracer_otel.replay.libraries)
    with answering_from(sessions):
        libraries.install()
        try:
            restore = install_guard(sessions)
            try:
                yield session
            finally:
                restore()
        finally:
            libraries.uninstall()

"""Servers whose requests nobody sees: who waits for a cassette is told which one it was."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from timetracer_otel.patching import Ledger, WhenImported
from timetracer_otel.recording.guard import guarded

__all__ = ["UNSEEN", "note_unseen_servers"]

UNSEEN = "TIMETRACER_UNSEEN"
"""Environment variable: the file in which a recorded program notes them."""

_SERVERS = {
    "bjoern": "bjoern",
    "cheroot.server": "cheroot",
    "gevent.pywsgi": "gevent.pywsgi",
    "meinheld.server": "meinheld",
    "robyn": "robyn",
    "sanic": "sanic",
    "tornado.httpserver": "tornado",
    "twisted.web.server": "twisted.web",
}
"""By the module that is imported to serve. Under some of them an application of a framework
that is captured is recorded all the same: nothing is said of those then."""


def note_unseen_servers(ledger: Ledger) -> None:
    """Note each as it is imported, where somebody reads it."""
    path = os.environ.get(UNSEEN)
    if path:
        for module, name in _SERVERS.items():
            note = partial(_note, Path(path), name)
            ledger.apply([WhenImported(module, (), note)])


def _note(path: Path, name: str) -> None:
    with guarded("unseen servers"), path.open("a", encoding="utf-8") as file:
        file.write(f"{name}\n")

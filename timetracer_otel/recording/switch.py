"""Recording off and on again in a running process: by a file, or by a signal."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from time import monotonic

from timetracer_otel.settings import Settings

__all__ = ["OFF_WORDS", "Switch"]

_LOG = logging.getLogger("timetracer_otel")
_LOOK_S = 1.0
_MAX_BYTES = 64


def _at_once(path: str, flags: int) -> int:
    """A pipe that nobody writes to is not waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


OFF_WORDS = frozenset({"off", "0", "false", "no"})
"""What a switch file says while recording is off. Anything else, or no file, is on."""


class Switch:
    """`is_off` is all that the request path asks. The file is looked at by the worker.

    A signal turns it over, until the file says something new.
    """

    def __init__(self, settings: Settings) -> None:
        named = settings.switch_file if settings.mode == "record" else ""
        self._file = Path(named).absolute() if named else None
        self._said = "on"
        self._looked = 0.0
        self.is_off = False
        self.look()

    def look(self) -> None:
        """Read the file, once a second at most."""
        if self._file is None or (self._looked and monotonic() - self._looked < _LOOK_S):
            return
        self._looked = monotonic()
        said = self._content(self._file)
        if said != self._said:
            self._said = said
            self.turn(off=said == "off")

    def _content(self, file: Path) -> str:
        try:
            with open(file, "rb", buffering=0, opener=_at_once) as opened:
                text = (opened.read(_MAX_BYTES) or b"").decode("latin-1").strip().lower()
        except (FileNotFoundError, NotADirectoryError):
            return "on"
        except OSError:
            return self._said  # not ours to read just now: as it was
        return "off" if text in OFF_WORDS else "on"

    def turn(self, *, off: bool) -> None:
        """Off, or on. Requests under way are recorded to their end."""
        if off != self.is_off:
            self.is_off = off
            _LOG.info("recording is switched %s", "off" if off else "on")

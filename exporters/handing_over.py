"""Who writes: this process while there is little to write, another beside it from then on."""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from time import monotonic

from msgspec.structs import replace

from timetracer_otel.accounts import Tally
from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import StoreError
from timetracer_otel.exporters.chain import store_of
from timetracer_otel.exporters.writer_link import WriterLink, python_beside
from timetracer_otel.gathered import Gathered
from timetracer_otel.keys import absolute
from timetracer_otel.packing import NotPlain, pack
from timetracer_otel.settings import Settings

__all__ = ["CassetteWriter"]

_LOG = logging.getLogger("timetracer_otel")

_WINDOW_S = 1.0
_BUSY = 0.02
"""Of each second, what writing may take of the application's interpreter: some 50 cassettes."""

_BUSY_WINDOWS = 2

_UNCONFIRMED_BYTES = 16 * 1024 * 1024
"""On the way to the process at most; what comes then waits in the queue, which has its limit."""

_PATIENCE_S = 10.0
"""A process in which nothing moves for so long is given up."""


class _Load:
    """How busy writing keeps this process."""

    def __init__(self) -> None:
        self._since = monotonic()
        self._spent = 0.0
        self._busy = 0

    def add(self, seconds: float) -> None:
        """Writing has taken `seconds`."""
        self._spent += seconds

    def is_high(self) -> bool:
        """Whether it has been busy for some windows in a row."""
        now = monotonic()
        past = now - self._since
        if past >= _WINDOW_S:
            self._busy = self._busy + 1 if self._spent > _BUSY * past else 0
            self._since, self._spent = now, 0.0
        return self._busy >= _BUSY_WINDOWS


class CassetteWriter:
    """The sink of a recording. Until the other process is ready, and after it failed, it writes.

    Called by the worker, or by who flushes: one thread at a time.
    """

    def __init__(self, settings: Settings) -> None:
        folder = str(Path(settings.dir).absolute())  # the application may change its directory
        self._settings = replace(settings, dir=folder, keys=absolute(settings.keys))
        self._here = store_of(self._settings)
        self._link: WriterLink | None = None
        self._load = _Load()
        self._ended = Tally()
        self._alone = settings.writer == "thread" or not python_beside()

    def take(self, gathered: Gathered, *, fragment: bool) -> bool:
        """Send what a cassette is made of, for the process to make it; False where it cannot."""
        link = self._link
        if link is None or not link.ready or fragment:  # few, and they may be merged here
            return False
        try:
            packed = pack(gathered)
        except NotPlain:
            return False
        link.put_packed(packed, gathered.bootstrap)
        self._wait_for_room(link)
        return True

    @property
    def tally(self) -> Tally:
        """What was written and lost, here and by every process so far."""
        both, link = Tally(), self._link
        both.add(self._here.tally.as_said())
        both.add(self._ended.as_said())
        if link is not None:
            both.add(link.tally)
        return both

    @property
    def waiting(self) -> int:
        """Cassettes on their way."""
        link = self._link
        return link.cassettes_waiting if link is not None else 0

    def _let_go(self, link: WriterLink) -> None:
        """Of a process that is not written to any more; what it has said counts on."""
        self._ended.add(link.tally)
        self._link = None

    def write(self, cassette: Cassette, *, fragment: bool) -> None:
        """Store `cassette`, or put it on its way."""
        link = self._link
        if link is None or not link.ready or (fragment and self._here.has_kept(cassette)):
            self._write_here(cassette, fragment=fragment)
            return
        link.put(cassette, fragment=fragment)
        self._wait_for_room(link)

    def _wait_for_room(self, link: WriterLink) -> None:
        try:
            while link.waiting > _UNCONFIRMED_BYTES and not link.interrupted:
                link.advance(1.0)
                _check_patience(link)
        except StoreError as error:
            self._give_up(link, error)

    def _write_here(self, cassette: Cassette, *, fragment: bool) -> None:
        begun = monotonic()
        self._here.write(cassette, fragment=fragment)
        self._load.add(monotonic() - begun)

    def batch_ended(self) -> None:
        """Nothing more comes for the moment: send what waits; called now and then in any case."""
        link = self._link
        if link is None:
            if not self._alone and (self._settings.writer == "process" or self._load.is_high()):
                self._begin()
            return
        try:
            link.advance()
            _check_patience(link)
        except StoreError as error:
            self._give_up(link, error)

    def _begin(self) -> None:
        self._alone = True  # whatever fails is not tried again
        try:
            self._link = link = WriterLink(self._settings)
            link.advance()
            self._alone = False
        except (OSError, StoreError) as error:
            self._link = None
            _LOG.warning("cassettes are written by a thread: no process can be started: %s", error)

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is stored; False when time ran out first."""
        deadline = monotonic() + timeout_s
        link = self._link
        while link is not None and link.ready and link.unconfirmed():
            try:
                link.advance(max(0.001, deadline - monotonic()))
            except StoreError as error:
                self._give_up(link, error)
                return True
            if monotonic() >= deadline or link.interrupted:
                return False
        return True

    def _give_up(self, link: WriterLink, error: StoreError) -> None:
        """Write here from now on; first of all what the process may not have got to."""
        self._alone = True
        self._let_go(link)
        link.close()
        _LOG.warning(
            "cassettes are written by a thread again: their process cannot be reached: %s",
            error.reason,
        )
        for message in link.unconfirmed():
            cassette = message.cassette()
            if cassette is not None:
                self._here.write_again(cassette, fragment=message.fragment)

    def after_fork(self) -> None:
        """In the child of a fork: the process, and what is on its way to it, are the parent's."""
        link, self._link = self._link, None
        self._load = _Load()
        self._ended.clear()
        self._here.tally.clear()
        if link is not None:
            link.close()

    def close(self, timeout_s: float = 3.0) -> None:
        """Store all there is and let the process end; another begins when there is more."""
        self.flush(timeout_s)
        link = self._link
        self._load = _Load()
        if link is not None:
            self._let_go(link)
            with suppress(OSError):
                link.close()


def _check_patience(link: WriterLink) -> None:
    waits = not link.ready or link.unconfirmed()
    if waits and link.still_for_s > _PATIENCE_S:
        link.kill()
        raise StoreError(path="", reason=f"nothing has moved for {_PATIENCE_S:g} s")

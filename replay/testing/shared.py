"""A fixture that several tests share: what it asks belongs to none of them alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from timetracer_otel.replay.testing.episode import Episode

if TYPE_CHECKING:
    from timetracer_otel.replay.testing.running import Runs

__all__ = ["SharedFixture"]

_KEY = "_timetracer_key"


class SharedFixture:
    """Its set-up runs within the first test that asks for it, its teardown within a later one.

    Both belong to the bootstrap of every cassette whose test has the fixture. Whoever tears it
    down, it is answered, or not, as it was when it was set up.
    """

    def __init__(self, runs: Runs, episode: Episode, fixturedef: Any, request: Any) -> None:
        self._runs = runs
        self._episode = episode
        parameter = getattr(request, "param_index", 0)
        self._key = f"{fixturedef.baseid}::{fixturedef.argname}[{parameter}]"
        setattr(fixturedef, _KEY, self._key)
        self._fixturedef = fixturedef
        self._request = request
        self._asked = False
        self._token: Any = None
        self._interrupted: Episode | None = None

    @staticmethod
    def key_of(fixturedef: Any) -> str:
        """What a fixture was known by when it was set up within a cassette."""
        return str(getattr(fixturedef, _KEY, ""))

    def is_of(self, *, live: bool) -> bool:
        """Whether it has asked live services, or recordings, as it was set up."""
        return self._asked and self._episode.plan.replays is not live

    def finish(self) -> None:
        """Tear it down; the next test that asks for it has it set up again."""
        self._fixturedef.finish(self._request)

    @contextmanager
    def setting_up(self) -> Iterator[None]:
        """Around its set-up."""
        begun = self._runs.stage.recorder.begun
        self._begin()
        try:
            yield
        finally:
            self._end()
            self._asked = self._runs.stage.recorder.begun != begun
            self._runs.stage.late(self._key)
            self._runs.shared.append(self)

    def before_teardown(self) -> None:
        """The first of its finalizers."""
        self._begin()

    def after_teardown(self) -> None:
        """The last of them."""
        if self._token is not None:
            self._end()
            self._runs.shared.remove(self)
            self._runs.keeper.add_late(self._runs.stage, self._key)

    def _begin(self) -> None:
        self._interrupted = self._runs.running()
        self._episode.begin_shared(self._key)
        self._token = otel_context.attach(Context())

    def _end(self) -> None:
        otel_context.detach(self._token)
        self._token = None
        self._episode.end_shared(self._interrupted)

"""What the request drew at random is drawn again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from timetracer_otel.patching import Ledger
from timetracer_otel.randomness import draw_changes
from timetracer_otel.recording.flow import CURRENT_FLOW, Aside
from timetracer_otel.recording.recorder import current_place
from timetracer_otel.replay.recorded_draws import RecordedDraws

__all__ = ["install_draws"]


def install_draws(current_draws: Callable[[], RecordedDraws | None]) -> Callable[[], None]:
    """From now on code draws what its session recorded; returns what undoes it.

    `current_draws` gives the draws of the running code's session, None outside of any: there,
    what is drawn is really random. The real generators draw each time, so that a seeded one
    goes on rightly where the recorded draws end.
    """

    def given(source: str, arguments: tuple[object, ...], drawn: Any) -> Any:
        draws = current_draws()
        if draws is None or type(CURRENT_FLOW.get()) is Aside:
            return drawn
        place = current_place()
        return draws.draw(source, arguments, place[1] if place is not None else "", drawn)

    ledger = Ledger()
    ledger.apply(draw_changes(given))
    return ledger.restore

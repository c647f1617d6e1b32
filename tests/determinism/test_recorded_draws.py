"""The draws of a cassette, drawn again."""

from __future__ import annotations

from typing import Any

import pytest

from timetracer_otel.cassette import Cassette, Draws
from timetracer_otel.replay.recorded_draws import RecordedDraws
from timetracer_otel.values import encode


def drawn_by(source: str, arguments: str, path: str, *values: object) -> Draws:
    return Draws(
        source=source, arguments=arguments, path=path, values=[encode(value) for value in values]
    )


def cassette(*draws: Draws) -> RecordedDraws:
    return RecordedDraws(
        Cassette(
            timetracer=1,
            trace_id="0" * 32,
            recorded_at="2026-01-31T12:00:00.000000000Z",
            duration_us=1,
            draws=list(draws),
        )
    )


def test_draws_are_given_again_in_order() -> None:
    draws = cassette(drawn_by("random.random", "", "", 0.25, 0.5))
    assert [draws.draw("random.random", (), "", 0.9) for _ in range(2)] == [0.25, 0.5]
    assert not draws.unrecorded


def test_draws_of_other_arguments_are_kept_apart() -> None:
    draws = cassette(
        drawn_by("os.urandom", "2", "", b"ab"), drawn_by("os.urandom", "3", "", b"abc")
    )
    assert draws.draw("os.urandom", (3,), "", b"xyz") == b"abc"
    assert draws.draw("os.urandom", (2,), "", b"xy") == b"ab"


def test_tasks_get_their_own_draws_whatever_their_order() -> None:
    draws = cassette(
        drawn_by("os.urandom", "1", "task#1", b"a"), drawn_by("os.urandom", "1", "task#2", b"b")
    )
    assert draws.draw("os.urandom", (1,), "task#2", b"x") == b"b"
    assert draws.draw("os.urandom", (1,), "elsewhere", b"x") == b"a"


def test_what_was_not_recorded_is_really_random_and_counted() -> None:
    draws = cassette(drawn_by("os.urandom", "1", "", b"a"))
    draws.draw("os.urandom", (1,), "", b"x")
    assert draws.draw("os.urandom", (1,), "", b"y") == b"y"
    assert draws.draw("random.random", (), "", 0.5) == 0.5
    assert dict(draws.unrecorded) == {"os.urandom": 1, "random.random": 1}


@pytest.mark.parametrize(
    ("recorded", "drawn"),
    [(b"too long", b"x"), ("text", b"x"), (1, 0.5), (None, 3), ({"$nothing": 1}, 3)],
)
def test_a_recorded_value_that_cannot_be_a_draw_is_not_given(recorded: Any, drawn: Any) -> None:
    value = recorded if isinstance(recorded, dict) else encode(recorded)
    draws = cassette(Draws(source="source", values=[value]))
    assert draws.draw("source", (), "", drawn) is drawn
    assert draws.unrecorded["source"] == 1


@pytest.mark.parametrize(("recorded", "drawn"), [(None, 1.5), (1.5, None), (None, None)])
def test_what_gauss_kept_may_be_a_number_or_nothing(
    recorded: float | None, drawn: float | None
) -> None:
    draws = cassette(drawn_by("random.gauss_next", "", "", recorded))
    assert draws.draw("random.gauss_next", (), "", drawn) == recorded

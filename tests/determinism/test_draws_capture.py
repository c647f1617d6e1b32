"""What is kept of what was drawn, and that it is drawn as it was before."""

from __future__ import annotations

import copy
import os
import pickle
import random
import secrets
import uuid
from collections import Counter

import pytest

import timetracer_otel.capture
from tests.core.tracing import Recording, request
from timetracer_otel.cassette import Cassette
from timetracer_otel.libraries import Installation
from timetracer_otel.recording import trace
from timetracer_otel.values import decode


def drawn(cassette: Cassette) -> dict[tuple[str, str], list[object]]:
    return {
        (draws.source, draws.arguments): [decode(value) for value in draws.values]
        for draws in cassette.draws
    }


def test_uuid4_and_secrets_are_kept_as_bytes_of_the_system(recorded: Recording) -> None:
    with request(recorded):
        made = uuid.uuid4()
        token = secrets.token_bytes(5)
        system = os.urandom(3)
    kept = drawn(recorded.cassettes()[0])
    (entropy,) = kept["os.urandom", "16"]
    assert isinstance(entropy, bytes)
    assert uuid.UUID(bytes=entropy, version=4) == made
    assert kept["os.urandom", "5"] == [token]
    assert kept["os.urandom", "3"] == [system]


def test_every_generator_of_random_is_kept_as_numbers(recorded: Recording) -> None:
    own = random.Random()
    with request(recorded):
        numbers = [random.random(), own.random(), random.uniform(0, 1)]
        bits = [random.getrandbits(7), own.getrandbits(7)]
    kept = drawn(recorded.cassettes()[0])
    assert kept["random.random", ""] == numbers
    assert kept["random.getrandbits", "7"] == bits


def test_nothing_is_kept_outside_of_a_request(recorded: Recording) -> None:
    random.random()
    uuid.uuid4()
    with request(recorded):
        pass
    assert recorded.cassettes()[0].draws == []


def test_a_seeded_generator_gives_what_it_always_gave(recorded: Recording) -> None:
    expected = random.Random(5)
    values = [expected.random(), expected.gauss(0, 1), expected.choice("abc")]
    with request(recorded):
        seeded = random.Random(5)
        assert [seeded.random(), seeded.gauss(0, 1), seeded.choice("abc")] == values
        random.seed(5)
        assert [random.random(), random.gauss(0, 1), random.choice("abc")] == values


def test_gauss_keeps_its_second_number_as_before(recorded: Recording) -> None:
    plain = random.Random(3)
    pair = [plain.gauss(0, 1), plain.gauss(0, 1)]
    split = random.Random(3)
    with request(recorded):
        first = split.gauss(0, 1)
    with request(recorded):
        second = split.gauss(0, 1)
    assert [first, second] == pair
    kept = drawn(recorded.cassettes()[1])
    assert kept == {("random.gauss_next", ""): [second]}


def test_telemetry_draws_from_a_generator_of_its_own(recorded: Recording) -> None:
    expected = random.Random(1).random()
    with request(recorded):
        random.seed(1)
        with recorded.tracer.start_as_current_span("one"):
            pass
        assert random.random() == expected
        random.seed(1)
        with recorded.tracer.start_as_current_span("two"):
            pass
    (cassette,) = recorded.cassettes()
    assert set(drawn(cassette)) == {("random.random", "")}


def test_span_ids_do_not_repeat_with_the_applications_seed(recorded: Recording) -> None:
    identities = set()
    for _ in range(3):
        random.seed(1)
        with recorded.tracer.start_as_current_span("span") as span:
            identities.add(span.get_span_context().span_id)
    assert len(identities) == 3


def test_a_generator_can_be_copied_and_pickled_as_before(recorded: Recording) -> None:
    generator = random.Random(9)
    generator.gauss(0, 1)
    twins = [copy.copy(generator), pickle.loads(pickle.dumps(generator))]
    expected = generator.gauss(0, 1)
    assert [twin.gauss(0, 1) for twin in twins] == [expected, expected]


def test_a_subclass_with_its_own_source_is_asked_as_before(recorded: Recording) -> None:
    class Constant(random.Random):
        def random(self) -> float:
            return 0.25

    with request(recorded):
        assert Constant().uniform(0, 4) == 1
    assert recorded.cassettes()[0].draws == []


def test_wrong_arguments_fail_as_before(recorded: Recording) -> None:
    with request(recorded):
        with pytest.raises(ValueError, match="negative argument"):
            os.urandom(-1)
        with pytest.raises(TypeError):
            os.urandom("2")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="number of bits"):
            random.getrandbits(-1)
    assert recorded.cassettes()[0].draws == []


@pytest.mark.parametrize(
    ("limit", "size", "kept"), [("MAX_DRAWS", 2, 2), ("MAX_DRAWN_BYTES", 40, 2)]
)
def test_beyond_the_bound_draws_are_counted_and_not_kept(
    recorded: Recording, monkeypatch: pytest.MonkeyPatch, limit: str, size: int, kept: int
) -> None:
    monkeypatch.setattr(trace, limit, size)
    with request(recorded):
        for _ in range(5):
            os.urandom(16)
    (cassette,) = recorded.cassettes()
    assert len(drawn(cassette)["os.urandom", "16"]) == kept
    assert [(cut.what, cut.count) for cut in cassette.dropped] == [("draws", 5 - kept)]


def test_draws_spread_as_before(recorded: Recording) -> None:
    """Every face of a die comes up, and none too often: nothing is drawn in our own way."""
    with request(recorded):
        faces = Counter(random.randint(1, 6) for _ in range(1200))
    assert set(faces) == {1, 2, 3, 4, 5, 6}
    assert max(faces.values()) < 300


def test_uninstalling_leaves_the_very_functions_that_were_there() -> None:
    def found() -> list[object]:
        return [
            *(
                os.urandom,
                random.random,
                random.getrandbits,
                uuid.getnode,
                vars(random)["_urandom"],
            ),
            *(vars(random.Random).get(name) for name in ("random", "getrandbits", "gauss_next")),
        ]

    before = found()
    capture = Installation(timetracer_otel.capture)
    capture.install(("none",))
    assert found() != before
    capture.uninstall()
    assert found() == before

"""Which cassette an inbound request repeats."""

from __future__ import annotations

from typing import Any

import pytest

from tests.replay.cassettes import a_cassette, a_request, an_entry
from timetracer_otel.cassette import Cassette
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.bodies import encode_body
from timetracer_otel.protocols.http_parts import BodyPart
from timetracer_otel.replay.choosing import UNKNOWN, Choices


def choices(*entries: Any) -> Choices:
    """Named a, b, c, … in the order they were recorded, given in another."""
    named = [
        (chr(ord("a") + n), a_cassette(second=n, entry=entry)) for n, entry in enumerate(entries)
    ]
    return Choices(named[::-1])


def chosen(found: Choices, *words: Any, announced: str = "") -> str:
    return found.choose(a_request(*words), announced)[0]


def test_host_and_port_do_not_matter_but_method_and_path_do() -> None:
    found = choices(an_entry("GET", "http://shop:8000/items/1"), an_entry("POST"))
    assert chosen(found, "GET", "https://127.0.0.1:9/items/1") == "a"
    assert chosen(found, "POST", "http://127.0.0.1:9/items") == "b"
    assert chosen(found, "DELETE", "http://127.0.0.1:9/items") == UNKNOWN


def test_a_path_parameter_is_part_of_the_path() -> None:
    found = choices(an_entry("GET", "http://shop/items/1"), an_entry("GET", "http://shop/items/2"))
    assert chosen(found, "GET", "http://x/items/2") == "b"
    assert chosen(found, "GET", "http://x/items/3") == UNKNOWN


@pytest.mark.parametrize("path", ["/caf%C3%A9", "/caf%c3%a9"])
def test_a_path_is_compared_by_what_it_says(path: str) -> None:
    assert (
        chosen(choices(an_entry("GET", "http://shop/caf%C3%A9")), "GET", f"http://x{path}") == "a"
    )


def test_the_query_is_a_multiset() -> None:
    found = choices(
        an_entry("GET", "http://shop/?a=1&b=2&a=3"), an_entry("GET", "http://shop/?a=1&b=2")
    )
    assert chosen(found, "GET", "http://x/?b=2&a=3&a=1") == "a"
    assert chosen(found, "GET", "http://x/?b=2&a=1") == "b"
    assert chosen(found, "GET", "http://x/?a=1&a=1&b=2") == UNKNOWN


def test_the_body_tells_requests_apart_by_its_meaning() -> None:
    found = choices(*[an_entry("POST", body={"sku": n, "of": "x"}) for n in (1, 2)])
    assert chosen(found, "POST", "http://x/items", b'{ "of": "x", "sku": 2 }') == "b"
    assert chosen(found, "POST", "http://x/items", {"sku": 1, "of": "x"}) == "a"


def test_no_cassette_is_taken_for_another_body_even_if_it_is_the_only_one() -> None:
    found = choices(an_entry("POST", body={"sku": 1}))
    assert chosen(found, "POST", "http://x/items", {"sku": 2}) == UNKNOWN


def test_a_body_that_differs_in_an_id_drawn_anew_is_the_same_request() -> None:
    one, other = "0d6f1f0e-5f0e-4f3c-9c1a-000000000001", "0d6f1f0e-5f0e-4f3c-9c1a-000000000002"
    found = choices(an_entry("POST", body={"id": one, "sku": 1}), an_entry("POST", body={"a": 2}))
    assert chosen(found, "POST", "http://x/items", {"id": other, "sku": 1}) == "a"


@pytest.mark.parametrize(
    "recorded", [BodyPart(state="unread"), BodyPart(text="{", size=1, state="aborted")]
)
def test_a_body_that_was_not_read_to_its_end_may_be_any(recorded: BodyPart) -> None:
    entry = an_entry("POST")
    entry.request.body = recorded
    assert chosen(choices(entry), "POST", "http://x/items", {"sku": 2}) == "a"


def test_a_body_that_has_not_come_yet_may_be_any() -> None:
    found = choices(an_entry("POST", body={"sku": 1}))
    assert chosen(found, "POST", "http://x/items", Body(None, 100)) == "a"


def test_a_truncated_body_is_compared_by_its_digest() -> None:
    whole = Body(None, 10)
    whole.feed(b"x" * 100)
    whole.finish()
    entry = an_entry("POST")
    entry.request.body = encode_body(whole, [])
    assert chosen(choices(entry), "POST", "http://x/items", b"x" * 100) == "a"
    assert chosen(choices(entry), "POST", "http://x/items", b"x" * 99 + b"y") == UNKNOWN


def test_several_with_one_entry_are_taken_once_each_in_order_and_then_the_last_again() -> None:
    found = choices(*[an_entry() for _ in range(3)])
    assert [chosen(found) for _ in range(5)] == ["a", "b", "c", "c", "c"]


def test_the_one_whose_request_is_being_sent_is_chosen_and_takes_nothing_from_the_others() -> None:
    found = choices(*[an_entry() for _ in range(3)])
    assert [chosen(found, announced=name) for name in "bbc"] == ["b", "b", "c"]
    assert chosen(found, announced="not here") == "a"


def test_an_announced_cassette_does_not_answer_another_request() -> None:
    assert chosen(choices(an_entry()), "GET", "http://x/health", announced="a") == UNKNOWN


def test_a_request_that_no_cassette_has_is_of_the_time_of_the_others_and_has_no_answers() -> None:
    name, cassette = choices(an_entry()).choose(a_request("GET", "http://x/favicon.ico"))
    assert name == UNKNOWN
    assert (cassette.recorded_at, cassette.interactions) == ("2026-01-02T03:04:00.0Z", [])


def test_a_job_is_never_chosen() -> None:
    assert Choices([("a", a_cassette(entry=None))]).choose(a_request())[0] == UNKNOWN


@pytest.mark.parametrize(("body", "depends"), [(None, False), ({"sku": 1}, True)])
def test_only_a_recorded_body_is_worth_waiting_for(body: Any, *, depends: bool) -> None:
    found = choices(an_entry("POST", body=body))
    assert found.depends_on_body("POST", "/items") is depends
    assert not found.depends_on_body("GET", "/items")


def test_no_cassettes_are_no_mistake() -> None:
    assert Choices([]).choose(a_request())[0] == UNKNOWN
    assert isinstance(Choices([]).choose(a_request())[1], Cassette)

"""Which recorded interaction answers a call."""

from __future__ import annotations

from typing import Any

from tests.replay.cassettes import get, select
from timetracer_otel.protocols.http import HTTP
from timetracer_otel.protocols.sql import SQL
from timetracer_otel.replay.matching import Answers, Reusable

URL = "http://upstream/next"
ONE, TWO = "0d6f1f0e-5f0e-4f3c-9c1a-000000000001", "0d6f1f0e-5f0e-4f3c-9c1a-000000000002"


def taken(answers: Answers, live: Any, *paths: str, loosely: bool = False) -> tuple[int, str]:
    """The place of the answer and how it was found; (-1, "") for none."""
    protocol = HTTP if live.library == "httpx" else SQL
    key = protocol.key(live.request)
    found = answers.take(protocol, live.request, key, paths or ("",), loosely=loosely)
    return (found.index, found.how) if found is not None else (-1, "")


def test_within_a_key_and_a_path_first_in_first_out_and_each_once() -> None:
    answers = Answers([get(URL, n) for n in range(3)])
    assert [taken(answers, get(URL))[0] for _ in range(4)] == [0, 1, 2, -1]
    assert answers.unused() == []


def test_tasks_that_ask_the_same_at_once_get_their_own_answers_in_any_order() -> None:
    answers = Answers([get(URL, n, path=f"task#{n}") for n in range(6)])
    order = [4, 0, 5, 2, 1, 3]
    assert [taken(answers, get(URL), f"task#{n}")[0] for n in order] == order


def test_the_path_without_the_calls_own_span_is_tried_before_the_one_with_it() -> None:
    answers = Answers([get(URL, 1, path="task#1 › GET#1"), get(URL, 2, path="task#1")])
    assert taken(answers, get(URL), "task#1", "task#1 › GET#1") == (1, "path")


def test_code_that_moved_still_finds_its_answer_by_key_alone() -> None:
    answers = Answers([get(URL, 1, path="old#1")])
    assert taken(answers, get(URL), "new#1") == (0, "key")


def test_an_answer_given_by_key_is_not_given_again_by_path() -> None:
    answers = Answers([get(URL, 1, path="a")])
    assert taken(answers, get(URL), "b") == (0, "key")
    assert taken(answers, get(URL), "a") == (-1, "")


def test_another_query_or_body_is_another_call() -> None:
    answers = Answers([get("http://upstream/items?id=1"), select("SELECT ?", 1)])
    assert taken(answers, get("http://upstream/items?id=2"), loosely=True) == (-1, "")
    assert taken(answers, select("SELECT ?", 2), loosely=True) == (-1, "")
    assert taken(answers, select("SELECT ?", 1)) == (1, "path")


def test_literals_drawn_anew_match_only_loosely_and_by_path_first() -> None:
    recorded = [get(f"http://upstream/{ONE}", n, path=f"task#{n}") for n in range(2)]
    answers = Answers(recorded)
    live = get(f"http://upstream/{TWO}")
    assert taken(answers, live, "task#1") == (-1, "")
    assert taken(answers, live, "task#1", loosely=True) == (1, "loose")
    assert taken(answers, live, "elsewhere", loosely=True) == (0, "loose")


def test_one_protocol_never_answers_for_another() -> None:
    answers = Answers([get(URL)])
    assert taken(answers, select(URL), loosely=True) == (-1, "")


def test_the_nearest_is_the_most_similar_with_the_field_in_which_it_differs() -> None:
    answers = Answers([get("http://tax/rates?country=DE"), get("http://stock/items/1")])
    near = answers.nearest(HTTP, get("http://tax/rates?country=FR").request)
    assert near is not None
    assert near.interaction.title == "GET http://tax/rates?country=DE"
    assert '"DE"' in near.difference
    assert '"FR"' in near.difference


def test_of_two_alike_the_one_not_given_yet_is_the_nearest() -> None:
    answers = Answers([select("SELECT ?", 1), select("SELECT ?", 2)])
    assert taken(answers, select("SELECT ?", 1)) == (0, "path")
    near = answers.nearest(SQL, select("SELECT ?", 3).request)
    assert near is not None
    assert near.difference == "$.parameters[0]: recorded 2, asked 3"


def test_what_was_answered_already_is_said_so() -> None:
    answers = Answers([get(URL)])
    taken(answers, get(URL))
    near = answers.nearest(HTTP, get(URL).request)
    assert near is not None
    assert near.difference == "nothing, but it was answered already"


def test_nothing_is_near_where_nothing_of_its_kind_was_recorded() -> None:
    assert Answers([get(URL)]).nearest(SQL, select("SELECT 1").request) is None


def test_set_up_traffic_is_answered_in_order_and_the_last_answer_repeats() -> None:
    recorded = [get(URL, 1), get(URL, 2), select("SELECT 1")]
    again = Reusable(recorded)
    key = HTTP.key(recorded[0].request)
    assert [again.take(HTTP, key) for _ in range(3)] == [recorded[0], recorded[1], recorded[1]]
    assert again.take(HTTP, "another") is None


def test_set_up_answers_are_given_as_often_as_they_came() -> None:
    recorded = [get(URL, 1), get(URL, 2)]
    recorded[0].times = 2
    again = Reusable(recorded)
    key = HTTP.key(recorded[0].request)
    assert [again.take(HTTP, key) for _ in range(4)] == [recorded[n] for n in (0, 0, 1, 1)]


def test_set_up_that_writes_the_time_is_found_by_all_the_rest() -> None:
    applied = [select(f"INSERT INTO m VALUES ('2026-01-01 00:00:0{n}')") for n in (1, 2)]
    live = select("INSERT INTO m VALUES ('2027-01-01 12:00:00')").request
    again = Reusable([select("SELECT 1"), *applied])
    found = [again.take_loosely(SQL, live) for _ in range(3)]
    assert found == [applied[0], applied[1], applied[1]]
    assert again.take_loosely(SQL, select("DELETE FROM m").request) is None

"""What a verdict says of two recordings."""

from __future__ import annotations

from typing import Any

import pytest

from tests.replay.cassettes import a_body, a_cassette, an_entry, commit, get, select
from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import MissingRecording
from timetracer_otel.interaction.failures import encode_error
from timetracer_otel.interaction.parts import RecordedError
from timetracer_otel.protocols.http_parts import BodyPart, HttpResponse
from timetracer_otel.replay.reporting import Run
from timetracer_otel.replay.verdict import Verdict, cannot, judge

GONE = RecordedError(type="LookupError", module="builtins", args=["gone"])
ID = "0d6f1f0e-5f0e-4f3c-9c1a-00000000000"


def judged(recorded: Cassette, replayed: Cassette, answered: Any = None, **seen: Any) -> Verdict:
    return judge(recorded, Run(name="a.json", replayed=replayed, **seen), answered)


def answer(**facts: Any) -> Cassette:
    """A cassette whose entry was answered so."""
    return a_cassette(entry=an_entry(response=HttpResponse(**{"status": 200, **facts})))


def unanswered(call: Any) -> Any:
    """The call as a replay records it when nothing recorded answers it."""
    error = MissingRecording(
        library=call.library, asked=call.title, nearest="", difference="", cassette="a"
    )
    call.response, call.error = None, encode_error(error, stage="send")
    return call


def miss(call: Any, **facts: str) -> dict[str, str]:
    return {"library": call.library, "asked": call.title, **facts}


def test_the_same_is_the_same() -> None:
    verdict = judged(a_cassette(get("http://x/")), a_cassette(get("http://x/")))
    assert (verdict.result, verdict.exit_code, verdict.differences) == ("same", 0, [])


def test_each_part_of_an_answer_is_compared_and_named_by_its_path() -> None:
    verdict = judged(
        answer(headers=["a: 1", "date: x"], body=a_body({"items": [{"cents": 1290}]})),
        answer(status=201, headers=["A: 2", "date: y"], body=a_body({"items": [{"cents": 1190}]})),
    )
    assert verdict.exit_code == 1
    assert verdict.response == [
        "$.status: recorded 200, replayed 201",
        '$.headers.a[0]: recorded "1", replayed "2"',
        '$.headers.date[0]: recorded "x", replayed "y"',
        "$.body.items[0].cents: recorded 1290, replayed 1190",
    ]


def test_what_a_server_made_of_an_answer_that_broke_is_not_compared() -> None:
    """One that had sent nothing yet answers 500 by itself."""
    broken = an_entry(response=HttpResponse(status=200), raised=GONE)
    served = HttpResponse(status=500, headers=[], body=BodyPart(text="sorry", size=5))
    assert judged(a_cassette(entry=broken), a_cassette(entry=broken), served).result == "same"


def test_a_header_that_lists_names_is_the_same_in_any_order() -> None:
    """Frameworks make ``Allow`` from a set, whose order is another one in each process."""
    one, other, third = (
        answer(headers=[f"Allow: {names}"]) for names in ("GET, POST", "POST,GET", "GET, PUT")
    )
    assert judged(one, other).result == "same"
    assert judged(one, third).response == [
        '$.headers.allow[0]: recorded "GET, POST", replayed "GET, PUT"'
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            BodyPart(text="a", size=1),
            BodyPart(text="b", size=1),
            '$.body: recorded "a", replayed "b"',
        ),
        (BodyPart(text="a", size=1), None, '$.body: recorded "a", replayed ""'),
        (
            BodyPart(json=[1, 2], style="compact", size=5),
            BodyPart(json=[1, 2], style="spaced", size=6),
            "$.body: the same JSON, written differently",
        ),
        (
            BodyPart(text="a", size=9, truncated=True, sha256="1"),
            BodyPart(text="a", size=9, truncated=True, sha256="2"),
            "$.body: the bodies were cut, and differ in size or SHA-256",
        ),
    ],
)
def test_bodies_are_the_same_to_the_byte_or_not_at_all(
    before: BodyPart, after: BodyPart | None, said: str
) -> None:
    assert judged(answer(body=before), answer(body=after)).response == [said]


def test_what_went_over_the_wire_counts_where_there_was_one() -> None:
    whole = answer(body=a_body({"a": 1}))
    got = HttpResponse(status=502, body=a_body({"a": 2}))
    assert judged(whole, whole, got).response == [
        "$.status: recorded 200, replayed 502",
        "$.body.a: recorded 1, replayed 2",
    ]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_a_body_that_the_server_drops_is_no_difference(method: str, status: int) -> None:
    response = HttpResponse(status=status, body=a_body({"a": 1}))
    whole = a_cassette(entry=an_entry(method, response=response))
    assert judged(whole, whole, HttpResponse(status=status)).result == "same"


def test_a_body_that_its_client_broke_off_is_compared_as_far_as_both_go() -> None:
    before = answer(body=BodyPart(text="data: 1\n\ndata: 2\n\n", size=18, state="aborted"))
    longer = answer(body=BodyPart(text="data: 1\n\ndata: 2\n\ndata: 3", size=25, state="aborted"))
    other = answer(body=BodyPart(text="data: 7", size=7, state="aborted"))
    assert judged(before, longer).result == "same"
    assert judged(before, other).result == "different"


def test_an_exception_now_and_an_exception_gone_are_named() -> None:
    plain, raising = a_cassette(), a_cassette(entry=an_entry(raised=GONE))
    assert judged(plain, raising).response == [
        '$.raised: recorded nothing, replayed LookupError("gone")'
    ]
    assert judged(raising, plain).response == [
        '$.raised: recorded LookupError("gone"), replayed nothing'
    ]
    assert judged(raising, raising).result == "same"


def test_an_answer_that_is_now_an_exception_is_one_difference() -> None:
    failed = a_cassette(entry=an_entry(response=None, error=GONE))
    assert judged(a_cassette(), failed).response == [
        '$: recorded a response of status 200, replayed LookupError("gone")'
    ]


def test_the_address_of_an_object_is_no_difference() -> None:
    one, other = (
        a_cassette(
            entry=an_entry(
                raised=RecordedError(type="E", module="m", args=[f"<object at 0x7f{n}>"])
            )
        )
        for n in (1, 2)
    )
    assert judged(one, other).result == "same"


def test_a_call_not_made_is_missing_once_for_each_time() -> None:
    recorded = a_cassette(*[get("http://x/a") for _ in range(3)], commit())
    verdict = judged(recorded, a_cassette(get("http://x/a")))
    assert verdict.missing == ["GET http://x/a (2 times)", "COMMIT"]


def test_a_call_that_nothing_answered_is_unexpected_with_the_nearest() -> None:
    live = unanswered(get("http://other.test/something/else?entirely"))
    seen = miss(live, nearest="GET http://x/a", difference='$.url: recorded "a", asked "b"')
    verdict = judged(a_cassette(select("SELECT 1")), a_cassette(live), misses=[seen])
    assert verdict.missing == ["SELECT 1"]
    assert verdict.unexpected == [
        f'httpx: {live.title} (nearest: GET http://x/a; $.url: recorded "a", asked "b")'
    ]


def test_a_call_with_another_field_is_one_change_and_not_two_differences() -> None:
    live = unanswered(select("SELECT * FROM t WHERE id = ?", 2))
    recorded = a_cassette(select("SELECT * FROM t WHERE id = ?", 1), get("http://x/a"))
    verdict = judged(recorded, a_cassette(live, get("http://x/a")), misses=[miss(live)])
    change = "SELECT * FROM t WHERE id = ?: $.parameters[0]: recorded 1, asked 2"
    assert (verdict.changed, verdict.missing, verdict.unexpected) == ([change], [], [])


def test_of_several_changes_each_call_is_paired_with_the_one_most_like_it() -> None:
    recorded = [get(f"http://x/{kind}/1") for kind in ("prices", "stock")]
    live = [unanswered(get(f"http://x/{kind}/2")) for kind in ("stock", "prices")]
    verdict = judged(a_cassette(*recorded), a_cassette(*live), misses=[miss(call) for call in live])
    assert len(verdict.changed) == 2
    assert all("/1" in text and "/2" in text for text in verdict.changed)
    assert {text.split("/")[3] for text in verdict.changed} == {"prices", "stock"}
    assert all(text.count(text.split("/")[3]) >= 3 for text in verdict.changed)


@pytest.mark.parametrize("answered", [True, False])
def test_a_call_made_more_often_is_repeated(*, answered: bool) -> None:
    again = get("http://x/a") if answered else unanswered(get("http://x/a"))
    verdict = judged(
        a_cassette(get("http://x/a")),
        a_cassette(get("http://x/a"), again),
        misses=[] if answered else [miss(again)],
    )
    assert verdict.unexpected == ["GET http://x/a: repeated"]


def test_literals_drawn_anew_are_the_same_call_and_a_note() -> None:
    verdict = judged(
        a_cassette(get(f"http://x/{ID}1")), a_cassette(get(f"http://x/{ID}2")), loose=["a ← b"]
    )
    assert verdict.result == "same"
    assert verdict.notes == ["matched loosely: a ← b"]


@pytest.mark.parametrize("recorded", [[], [commit()]])
def test_a_commit_taken_to_succeed_is_a_note_and_no_repetition(recorded: list[Any]) -> None:
    verdict = judged(a_cassette(*recorded), a_cassette(*recorded, commit()), assumed=["COMMIT"])
    assert verdict.result == "same"
    assert verdict.notes == ["assumed to succeed: COMMIT"]


def test_the_order_of_calls_is_no_difference() -> None:
    one, other = get("http://x/a"), get("http://x/b")
    assert judged(a_cassette(one, other), a_cassette(other, one)).result == "same"


def test_what_was_stopped_is_a_difference_and_what_was_outside_is_a_note() -> None:
    verdict = judged(a_cassette(), a_cassette(), blocked=["requests → a:80 at b.py:1"])
    assert (verdict.result, verdict.blocked) == ("different", ["requests → a:80 at b.py:1"])
    verdict = judged(a_cassette(), a_cassette(), outside=["no answer"], unrecorded_draws={"x": 2})
    assert verdict.result == "same"
    assert verdict.notes == [
        "drawn anew, 2 time(s), with nothing recorded: x",
        "outside of any request: no answer",
    ]


def test_time_is_told_and_is_no_difference() -> None:
    verdict = judged(a_cassette(duration_us=5), a_cassette(duration_us=900_000))
    assert (verdict.result, verdict.recorded_us, verdict.replayed_us) == ("same", 5, 900_000)


def test_what_cannot_be_replayed_has_a_reason_and_exit_code_2() -> None:
    verdict = cannot("a.json", "GET /", "it has no inbound request")
    assert (verdict.exit_code, verdict.reason) == (2, "it has no inbound request")

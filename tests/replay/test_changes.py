"""The application was changed since: each kind of change is named by the verdict."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tests.replay.recorded import SERVICE, Recorded
from tests.replay.upstream import Upstream

ITEM = "GET /items/1"
SELECT = "SELECT sku, name FROM items WHERE sku = ?"


def changed(shop: Recorded, change: str, path: str = ITEM, *words: str) -> dict[str, Any]:
    verdict: dict[str, Any]
    (verdict,) = shop.verdicts("--app", SERVICE, *words, paths=[path], CHANGE=change).values()
    return verdict


def upstream_of(shop: Recorded) -> str:
    return shop.environ["UPSTREAM"]


def test_a_call_more_is_unexpected_and_what_it_leads_to_is_the_answer(shop: Recorded) -> None:
    verdict = changed(shop, "more")
    assert verdict["result"] == "different"
    (unexpected,) = verdict["unexpected"]
    assert unexpected.startswith(f"httpx: GET {upstream_of(shop)}/reviews?sku=1")
    assert (verdict["missing"], verdict["changed"]) == ([], [])
    assert "$.status: recorded 200, replayed 500" in verdict["response"]


def test_a_call_less_is_missing(shop: Recorded) -> None:
    verdict = changed(shop, "fewer")
    assert verdict["missing"] == [f"GET {upstream_of(shop)}/price/1"]
    assert any(text.startswith("$.body.price: recorded 100") for text in verdict["response"])


def test_a_call_with_another_parameter_is_one_change_with_its_field(shop: Recorded) -> None:
    verdict = changed(shop, "parameter")
    assert verdict["changed"] == [f"{SELECT}: $.parameters[0]: recorded 1, asked 2"]
    assert verdict["unexpected"] == []
    # what came after it was not reached
    assert verdict["missing"] == ["COMMIT", f"GET {upstream_of(shop)}/price/1"]


def test_another_status_is_named(shop: Recorded) -> None:
    verdict = changed(shop, "status")
    assert "$.status: recorded 200, replayed 404" in verdict["response"]
    assert (verdict["missing"], verdict["unexpected"], verdict["changed"]) == ([], [], [])


def test_another_body_is_named_by_its_field(shop: Recorded) -> None:
    verdict = changed(shop, "body")
    assert verdict["response"] == ['$.body.name: recorded "mug", replayed "MUG"']


def test_an_exception_that_was_not_there_is_named(shop: Recorded) -> None:
    verdict = changed(shop, "raises")
    raised = '$.raised: recorded nothing, replayed LookupError("out of stock")'
    assert raised in verdict["response"]


def test_an_exception_that_is_gone_is_named(shop: Recorded) -> None:
    verdict = changed(shop, "mended", "GET /broken")
    assert '$.raised: recorded KeyError("mug"), replayed nothing' in verdict["response"]
    assert "$.status: recorded 500, replayed 200" in verdict["response"]


def test_a_detached_task_that_is_not_started_any_more_is_a_missing_call(shop: Recorded) -> None:
    verdict = changed(shop, "no task", "GET /detached")
    assert verdict["missing"] == [f"POST {upstream_of(shop)}/audit"]
    assert verdict["response"] == []


def test_a_call_that_was_stopped_is_in_the_verdict_though_the_application_swallowed_it(
    shop: Recorded,
) -> None:
    verdict = changed(shop, "swallowed")
    assert verdict["result"] == "different"
    (blocked,) = verdict["blocked"]
    assert blocked.startswith("the application → 10.1.2.3:80 at ")
    assert verdict["response"] == []


def test_a_live_library_asks_the_real_service_and_the_others_the_recording(
    shop: Recorded,
) -> None:
    with Upstream(urlsplit(upstream_of(shop)).port or 0) as upstream:
        verdict = changed(shop, "", ITEM, "--live", "httpx")
        assert verdict["result"] == "same", verdict
        assert upstream.requests == 2  # the rates at start, and the price


def test_exit_code_2_when_nothing_can_be_compared(shop: Recorded) -> None:
    shown = shop.replay("--app", SERVICE, UPSTREAM="http://elsewhere.test")
    assert shown.returncode == 2
    assert shown.stderr.startswith("timetracer: cannot replay the application: it did not start: ")
    assert shown.stderr.count("\n") == 1
    assert "GET http://elsewhere.test/rates" in shown.stderr

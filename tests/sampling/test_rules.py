"""What the rules say of a request: pure, and by one sentence each."""

from __future__ import annotations

from typing import Any

import pytest

from timetracer_otel.errors import SettingsError
from timetracer_otel.sampling.debug_header import is_valid, signed
from timetracer_otel.sampling.pressure import Thinning
from timetracer_otel.sampling.quota import Quota
from timetracer_otel.sampling.rate import is_in_share
from timetracer_otel.sampling.rules import Request, Rules
from timetracer_otel.settings import Settings, read_settings

KEY = "a key that nobody else has"
NOW = 1_700_000_000.0


def asked(**changes: Any) -> Request:
    headers = changes.pop("headers", {})
    known: dict[str, Any] = {
        "trace_id": (1 << 63) - 1,  # in every share from one half on
        "method": "GET",
        "path": "/items/1",
        "route": "/items/{id}",
        "status": 200,
        "failed": False,
        "duration_ms": 20.0,
        "headers": headers.get,
        "users": (),
        "chosen": False,
    }
    return Request(**{**known, **changes})


FAILED = asked(failed=True, status=500)


@pytest.mark.parametrize(
    ("settings", "request_", "refusal"),
    [
        ({}, asked(), ""),
        ({"sample_rate": 0.5}, asked(), ""),
        ({"sample_rate": 0.49}, asked(), "rate"),
        ({"sample_rate": 0.0}, asked(trace_id=1), "rate"),
        ({"errors_only": True}, asked(), "no error"),
        ({"errors_only": True}, FAILED, ""),
        ({"errors_only": True, "sample_rate": 0.1}, FAILED, "rate"),
        ({"always_errors": True, "sample_rate": 0.1}, FAILED, ""),
        ({"always_errors": True, "sample_rate": 0.1}, asked(), "rate"),
        ({"always_errors": True, "slower_than_ms": 50.0}, FAILED, ""),
        ({"always_errors": True, "statuses": ("404",)}, FAILED, ""),
        ({"always_errors": True, "exclude_routes": ("items",)}, FAILED, "route"),
        ({"slower_than_ms": 20.0}, asked(), ""),
        ({"slower_than_ms": 21.0}, asked(), "fast"),
        ({"exclude_routes": ("^/items/{id}$",)}, asked(), "route"),
        ({"include_routes": ("^/items",)}, asked(), ""),
        ({"include_routes": ("^/orders",)}, asked(), "route"),
        ({"include_paths": ("^/items",)}, asked(path="", route=""), "path"),
        ({"statuses": ("5xx", "404")}, asked(status=404), ""),
        ({"statuses": ("400-403",)}, asked(status=404), "status"),
        ({"statuses": ("5XX",)}, asked(status=599), ""),
        ({"headers": ("X-Debug",)}, asked(headers={"x-debug": ""}), ""),
        ({"headers": ("X-Debug",)}, asked(), "header"),
        ({"headers": ("x-team=^shop$",)}, asked(headers={"x-team": "shop"}), ""),
        ({"headers": ("x-team=^shop$",)}, asked(headers={"x-team": "shops"}), "header"),
        ({"headers": ("a", "b")}, asked(headers={"a": ""}), "header"),
        ({"users": ("ann", "bob")}, asked(users=("bob",)), ""),
        ({"users": ("ann", "bob")}, asked(users=("eve",)), "user"),
        ({"users": ("ann",)}, asked(), "user"),
        ({"errors_only": True, "sample_rate": 0.0}, asked(chosen=True), ""),
    ],
)
def test_a_request_is_kept_when_it_passes_every_rule(
    settings: dict[str, Any], request_: Request, refusal: str
) -> None:
    assert Rules(Settings(**settings)).late(request_, NOW) == refusal


def test_a_rate_or_header_that_nothing_can_outweigh_refuses_at_once() -> None:
    rules = Rules(Settings(sample_rate=0.1, headers=("x-debug",)))
    assert rules.early((1 << 63), {"x-debug": ""}.get) == "rate"
    assert rules.early(1, {}.get) == "header"
    assert rules.early(1, {"x-debug": ""}.get) == ""
    assert Rules(Settings(sample_rate=0.1, always_errors=True)).early(1 << 63, {}.get) == ""


def test_shares_are_those_of_opentelemetry() -> None:
    from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

    ids = [(n * 0x9E3779B97F4A7C15) % (1 << 128) for n in range(1, 2000)]
    for share in (0.0, 0.01, 0.5, 1.0):
        sampler = TraceIdRatioBased(share)
        theirs = [
            sampler.should_sample(None, one, "").decision is Decision.RECORD_AND_SAMPLE
            for one in ids
        ]
        assert [is_in_share(one, share) for one in ids] == theirs


def test_a_quota_begins_again_with_each_hour_and_counts_routes_apart() -> None:
    quota = Quota(2)
    hour = 3600.0 * 1000
    assert [quota.takes(("GET", "/a"), hour + n) for n in range(3)] == [True, True, False]
    assert quota.takes(("GET", "/b"), hour)
    assert quota.takes(("POST", "/a"), hour)
    assert quota.takes(("GET", "/a"), hour + 3600)


def test_a_quota_holds_no_more_than_it_may() -> None:
    quota = Quota(1)
    for number in range(20_000):
        quota.takes(("GET", f"/{number}"), 0)
    assert len(quota._kept) <= 10_001


def test_the_first_few_are_those_that_passed_the_other_rules() -> None:
    rules = Rules(Settings(first_per_hour=1, slower_than_ms=50))
    assert rules.late(asked(), NOW) == "fast"
    assert rules.late(asked(duration_ms=60), NOW) == ""
    assert rules.late(asked(duration_ms=60), NOW) == "first per hour"


def test_a_debug_header_is_valid_until_it_expires_and_for_its_key_alone() -> None:
    value = signed(KEY, int(NOW) + 60)
    assert is_valid(value, KEY, NOW)
    assert is_valid(f" {value} ", KEY, NOW)
    assert not is_valid(value, KEY, NOW + 60)
    assert not is_valid(value, KEY + "x", NOW)
    assert not is_valid(value, "", NOW)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "1",
        "9999999999",
        "9999999999.",
        "9999999999." + "0" * 64,
        signed(KEY, 9_999_999_999).replace("9999999999.", "9999999998."),
        signed(KEY, 9_999_999_999).upper(),
        signed(KEY, 9_999_999_999)[:-1],
        "\u0661" + signed(KEY, 9_999_999_999)[1:],
        "x" * 100_000,
    ],
)
def test_a_debug_header_that_was_not_signed_says_nothing(value: str) -> None:
    assert not is_valid(value, KEY, NOW)


@pytest.mark.parametrize(
    ("fullness", "kept"), [(0.0, 64), (0.49, 64), (0.5, 32), (0.7, 16), (0.8, 8), (0.9, 4), (3, 4)]
)
def test_the_fuller_the_fewer_and_all_again_when_there_is_room(fullness: float, kept: int) -> None:
    thinning = Thinning()
    assert sum(thinning.spares(fullness) for _ in range(64)) == kept
    assert all(thinning.spares(0.1) for _ in range(64))


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("sample_rate", "1.5", "no share"),
        ("statuses", "6000", "no status"),
        ("statuses", "404-400", "no status"),
        ("statuses", "never", "no status"),
        ("headers", "=x", "neither"),
        ("headers", "x=(", "no regular expression"),
        ("include_routes", "(", "no regular expression"),
        ("debug_key", "short", "no secret"),
        ("switch_signal", "SIGNONE", "no signal"),
        ("switch_signal", "signal", "no signal"),
        ("disk_full", "newest", "disk_full"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_an_error(name: str, value: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        read_settings({f"TIMETRACER_{name.upper()}": value})

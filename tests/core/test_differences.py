"""Where two JSON values differ, by path."""

from __future__ import annotations

from timetracer_otel.protocols.differences import named_differences


def test_each_difference_is_named_by_its_path() -> None:
    recorded = {"items": [{"to": 1}, {"to": 2}], "same": True}
    live = {"items": [{"to": 1}, {"to": 3}], "same": True}
    assert named_differences(recorded, live) == ["$.items[1].to: recorded 2, asked 3"]


def test_a_field_that_is_gone_is_not_the_same_as_null() -> None:
    assert named_differences({"a": None}, {}) == ["$.a: recorded null, asked nothing"]
    assert named_differences({}, {"a": 1}) == ["$.a: recorded nothing, asked 1"]

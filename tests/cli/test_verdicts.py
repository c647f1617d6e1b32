"""Verdicts as a person, a program and CI read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from timetracer_otel.cli.verdict_documents import DOCUMENTS
from timetracer_otel.cli.verdict_lines import verdict_lines
from timetracer_otel.replay.verdict import Verdict, cannot


def a_verdict(**changes: Any) -> Verdict:
    facts = {"calls": 3, "recorded_us": 12_300, "replayed_us": 4_000, **changes}
    return Verdict("/srv/a.json", "GET http://shop/items", facts.pop("result", "same"), **facts)


DIFFERENT = a_verdict(
    result="different",
    response=[
        "$.status: recorded 500, replayed 201",
        f'$.body.a: recorded "{"x" * 90}", replayed 1',
    ],
    missing=["GET http://tax/rates"],
    changed=["GET http://stock/1: $.query: recorded 1, asked 2"],
    unexpected=["httpx: GET http://tax/rate (nearest: GET http://tax/rates; url)"],
    blocked=["requests tried to reach 10.0.0.1:80"],
    notes=["assumed to succeed: COMMIT"],
)


def _text(*verdicts: Verdict, **options: Any) -> list[str]:
    return [line.plain for line in verdict_lines(list(verdicts), width=100, **options)]


def test_the_same_is_said_with_what_it_is_made_of() -> None:
    assert _text(a_verdict()) == [
        "same  GET http://shop/items",
        "  /srv/a.json",
        "  the same answer, to the byte; 3 calls answered from the recording",
        "  took 12.3 ms then, 4.0 ms now",
    ]


def test_every_difference_is_told() -> None:
    assert _text(DIFFERENT) == [
        "different  GET http://shop/items",
        "  /srv/a.json",
        "  the answer",
        "    $.status  500 → 201",
        "    $.body.a",
        f'      - "{"x" * 90}"',
        "      + 1",
        "  calls recorded, and not made",
        "    GET http://tax/rates",
        "  calls made with something else in them",
        "    GET http://stock/1: $.query: recorded 1, asked 2",
        "  calls made, that nothing recorded answers",
        "    httpx: GET http://tax/rate (nearest: GET http://tax/rates; url)",
        "  stopped on their way out",
        "    requests tried to reach 10.0.0.1:80",
        "  note: assumed to succeed: COMMIT",
        "  3 calls",
        "  took 12.3 ms then, 4.0 ms now",
    ]


def test_a_reason_is_all_there_is_when_nothing_was_compared() -> None:
    assert _text(cannot("/srv/a.json", "GET http://shop/items", "it has no inbound request")) == [
        "cannot replay  GET http://shop/items",
        "  /srv/a.json",
        "  it has no inbound request",
    ]


def test_several_are_summed_up() -> None:
    lines = _text(a_verdict(), DIFFERENT, a_verdict())
    assert lines[0] == lines[-3] == "same  GET http://shop/items"
    assert lines[-1] == "3 requests: 2 same, 1 different"


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        (DIFFERENT, "different, as intended"),
        (a_verdict(), "same, and a difference was intended"),
        (cannot("a", "b", "c"), "cannot replay"),
    ],
)
def test_what_was_intended_is_said(verdict: Verdict, said: str) -> None:
    assert _text(verdict, expect="different")[0].startswith(f"{said}  ")


def test_a_file_below_is_named_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    verdict = cannot(str(tmp_path / "b" / "a.json"), "GET /", "no")
    assert _text(verdict)[1] == "  b/a.json"


def test_json_has_all_of_it() -> None:
    same, different = json.loads(DOCUMENTS["json"]([a_verdict(), DIFFERENT]))["verdicts"]
    assert (same["result"], same["recorded_us"]) == ("same", 12_300)
    assert different["missing"] == ["GET http://tax/rates"]


def test_junit_has_a_failure_and_an_error() -> None:
    verdicts = [a_verdict(), DIFFERENT, cannot("a.json", "GET \x00/", "broken\x1b")]
    suite = ET.fromstring(DOCUMENTS["junit"](verdicts))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    failure, error = suite.find("*/failure"), suite.find("*/error")
    assert failure is not None
    assert failure.get("message") == "$.status: recorded 500, replayed 201"
    assert failure.text is not None
    assert "GET http://tax/rates" in failure.text
    assert error is not None
    assert error.get("message") == "broken"

"""However a text is made, looking through it ends soon."""

from __future__ import annotations

import time

import pytest

from timetracer_otel.redaction.hiding import Hider
from timetracer_otel.redaction.policy import DEFAULT

HOSTILE = {
    "at signs": "@",
    "addresses that never end": "a.a@a.a",
    "long local parts": "a" * 70 + "@",
    "digits": "1",
    "numbers": "4 ",
    "grouped numbers": "1234-5678-",
    "capitals": "AB12 ",
    "equals signs": "password=",
    "quotes": 'password="',
    "brackets": "<password>",
    "percent signs": "%41",
    "queries": "?token=a&",
    "base64": "YWJj",
    "braces": "[{",
    "backslashes": '\\"',
    "dots": "1.2.3.4.",
    "colons": "a:b:",
    "JWT": "eyJ",
    "keys": "-----BEGIN PRIVATE KEY-----",
    "URLs": "http://a:",
    "words": "AWS secret ",
    "phones": "+1 (2",
}


_SIZE = 200_000
"""What takes the square of its length would take minutes."""


def test_a_hostile_text_is_looked_through_in_bounded_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It ends: that is asserted; how fast is told."""
    told = []
    for name, piece in HOSTILE.items():
        hider = Hider(DEFAULT.for_request(""), lambda _kind, value: value)
        began = time.process_time()
        hider.text(piece * (_SIZE // len(piece)))
        told.append(f"{name} {(time.process_time() - began) * 1e6 / _SIZE:.2f}")
    with capsys.disabled():
        print(f"\nseconds a megabyte of CPU: {', '.join(told)}")

"""Verdicts as documents for programs: JSON, and JUnit's XML for CI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from xml.etree import ElementTree as ET

import msgspec

from timetracer_otel.replay.verdict import Verdict

__all__ = ["DOCUMENTS"]

_FIELDS = [field.name for field in fields(Verdict) if field.name != "answered"]
"""What the client got is in the differences."""

_CONTROLS = {number: None for number in range(32) if chr(number) not in "\t\n\r"}
"""XML 1.0 cannot say these at all."""


def _json(verdicts: list[Verdict]) -> str:
    documents = [{name: getattr(v, name) for name in _FIELDS} for v in verdicts]
    data = msgspec.json.encode({"verdicts": documents})
    return msgspec.json.format(data, indent=2).decode() + "\n"


def _junit(verdicts: list[Verdict]) -> str:
    counts = Counter(verdict.result for verdict in verdicts)
    suite = ET.Element(
        "testsuite",
        name="timetracer replay",
        tests=str(len(verdicts)),
        failures=str(counts["different"]),
        errors=str(counts["cannot"]),
    )
    for verdict in verdicts:
        suite.append(_case(verdict))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _case(verdict: Verdict) -> ET.Element:
    case = ET.Element(
        "testcase",
        name=_said(verdict.title),
        classname=_said(verdict.name),
        time=f"{verdict.replayed_us / 1e6:.6f}",
    )
    if verdict.result == "different":
        found = verdict.differences
        failure = ET.SubElement(case, "failure", message=_said(found[0]) if found else "")
        failure.text = _said("\n".join(found))
    elif verdict.result == "cannot":
        ET.SubElement(case, "error", message=_said(verdict.reason))
    return case


def _said(text: str) -> str:
    return text.translate(_CONTROLS)


DOCUMENTS: dict[str, Callable[[list[Verdict]], str]] = {"json": _json, "junit": _junit}
"""By the word after ``--format``."""

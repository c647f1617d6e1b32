"""Cassettes that lie in git: what varies is named by its place, or not compared. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import msgspec
from msgspec.structs import replace

from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.protocols.volatile import loosened

__all__ = [
    "in_steady_order",
    "is_unchanged",
    "meaning_of",
    "with_stable_ids",
    "without_chosen_ports",
]

_TIMES = ("start_us", "duration_us")
_IDS = ("id", "span_id", "parent_span_id")
_VARYING_HEADERS = ("date", "traceparent", "tracestate", "age", "x-request-id", "server-timing")
_LOOPBACK = re.compile(r"\b(127\.0\.0\.1|localhost|\[::1\]|testserver|testclient):\d+")


def without_chosen_ports(interactions: list[Interaction]) -> list[Interaction]:
    """The port of a client is the operating system's choice, another each time: written as 0."""
    for interaction in interactions:
        extensions = getattr(interaction.response, "extensions", None)
        if not isinstance(extensions, dict):
            continue
        address = extensions.get("client_addr")
        if isinstance(address, list | tuple) and len(address) > 1:
            extensions["client_addr"] = [address[0], 0, *address[2:]]
    return interactions


def with_stable_ids(data: bytes, cassette: Cassette) -> bytes:
    """The written cassette with IDs made from the test's own: the same in every recording."""
    found: dict[str, str] = {cassette.trace_id: _hash(cassette.test, 32)}
    spans = [cassette.root_span_id]
    for one in (*cassette.answers, *cassette.interactions, *cassette.bootstrap):
        spans += [one.span_id, one.parent_span_id]
    for trace, span in _propagated(data):
        spans.append(span)
        found.setdefault(trace, _hash(f"{cassette.test} {len(found)}", 32))
    for span in spans:
        if span and span not in found:
            found[span] = _hash(f"{cassette.test} {len(found)}", 16)
    pattern = re.compile("|".join(found).encode())
    return pattern.sub(lambda match: found[match[0].decode()].encode(), data)


_TRACEPARENT = re.compile(rb"traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-")


def _propagated(data: bytes) -> Iterator[tuple[str, str]]:
    """Traces and spans that an instrumentor told services of."""
    for match in _TRACEPARENT.finditer(data):
        yield match[1].decode(), match[2].decode()


def _hash(text: str, length: int) -> str:
    return sha256(text.encode()).hexdigest()[:length]


def is_unchanged(before: Cassette, after: Cassette) -> bool:
    """Whether two recordings of one test say the same but for time, IDs and what was drawn."""
    return _meaning(before) == _meaning(after) and _has_all(before.bootstrap, after.bootstrap)


def _has_all(before: list[Interaction], after: list[Interaction]) -> bool:
    """Whether `before` has what `after` has; it may have what a fixture asked later on, too."""
    known = _of_all(before)
    return all(one in known for one in _of_all(after))


def _meaning(cassette: Cassette) -> Any:
    return {
        "test": cassette.test,
        "answers": _of_all(cassette.answers),
        "interactions": _of_all(cassette.interactions),
        "dropped": msgspec.to_builtins(cassette.dropped),
        "redaction": msgspec.to_builtins(cassette.redaction),
    }


def _of_all(interactions: list[Interaction]) -> list[Any]:
    """Sorted: what ran at the same time may end in any order."""
    found = [meaning_of(interaction) for interaction in interactions]
    return sorted(found, key=lambda one: msgspec.json.encode(one, order="sorted"))


def meaning_of(interaction: Interaction) -> Any:
    """An interaction without time, IDs, chosen ports, and what is drawn anew."""
    built = msgspec.to_builtins(interaction)
    for name in (*_TIMES, *_IDS):
        built.pop(name, None)
    for side in ("request", "response"):
        part = built.get(side) or {}
        part.pop("client", None)  # the port that the operating system chose
        if "headers" in part:
            part["headers"] = [
                line
                for line in part["headers"]
                if line.partition(":")[0].lower() not in _VARYING_HEADERS
            ]
    return _loosened(built)


def _loosened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _loosened(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_loosened(inner) for inner in value]
    if isinstance(value, str):
        return _LOOPBACK.sub(r"\1", str(loosened(value)))
    return value


def in_steady_order(cassette: Cassette) -> Cassette:
    """What ran at the same time in the order of its places: which was first says the network."""
    groups: list[list[Any]] = []
    end_us = -1
    for one in cassette.interactions:
        if one.start_us >= end_us:
            groups.append([])
        groups[-1].append(one)
        end_us = max(end_us, one.start_us + one.duration_us)
    steady = [one for group in groups for one in sorted(group, key=lambda one: one.path)]
    numbered = [replace(one, id=number) for number, one in enumerate(steady, start=1)]
    draws = sorted(cassette.draws, key=lambda one: (one.source, one.path, one.arguments))
    clock = sorted(cassette.clock, key=lambda one: (one.clock, one.site, one.path))
    return replace(cassette, interactions=numbered, draws=draws, clock=clock)

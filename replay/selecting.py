"""Whose cassettes are meant, where a folder has those of several services."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import CannotReplay
from timetracer_otel.replay.process import Named

__all__ = ["of_service", "service_of"]


def of_service(named: Sequence[Named], wanted: str = "") -> tuple[list[Named], str]:
    """The cassettes of one service, and a sentence on what was left out, or may be mixed up.

    `wanted`, or what ``OTEL_SERVICE_NAME`` says if such cassettes are there; else all.
    Raises `CannotReplay` when none is of the service that is wanted.
    """
    counts = Counter(service_of(item.cassette) for item in named)
    own = os.environ.get("OTEL_SERVICE_NAME", "")
    service = wanted or (own if counts[own] else "")
    if service:
        chosen = [item for item in named if service_of(item.cassette) == service]
        if not chosen:
            there = ", ".join(sorted(name for name in counts if name)) or "none that says so"
            reason = f"no cassette is of it; there are: {there}"
            raise CannotReplay(subject=f"the service {service}", reason=reason)
        left = {name: count for name, count in counts.items() if name != service}
        return chosen, _left_out(left) if left else ""
    if len(counts) <= 1:
        return list(named), ""
    names = ", ".join(name or "(unnamed)" for name in sorted(counts))
    return list(named), f"cassettes of several services are here ({names}); --service chooses one"


def _left_out(counts: dict[str, int]) -> str:
    said = ", ".join(f"{count} of {name or '(unnamed)'}" for name, count in sorted(counts.items()))
    return f"not used, since they are of other services: {said}"


def service_of(cassette: Cassette) -> str:
    """The name of the service that recorded it, as OpenTelemetry knows it."""
    for resource in cassette.resource:
        return str(resource.get("service.name", ""))
    return ""

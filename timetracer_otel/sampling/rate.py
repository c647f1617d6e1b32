"""A share of all traces, by their IDs: every service that a trace passes decides the same."""

from __future__ import annotations

__all__ = ["is_in_share"]

_IDS = (1 << 64) - 1


def is_in_share(trace_id: int, share: float) -> bool:
    """Whether the trace is in `share` (0 to 1), as OpenTelemetry's TraceIdRatioBased has it.

    A smaller share is part of every larger one.
    """
    return (trace_id & _IDS) < round(share * (1 << 64))

"""What became of the requests of a recorded program, in one line."""

from __future__ import annotations

from collections.abc import Mapping

from timetracer_otel.accounts import Accounts

__all__ = ["not_kept", "totals"]


def totals(accounts: Accounts) -> str:
    """``timetracer: 12 recorded, 3 dropped (queue full 3), 40 left out (rate 40)``."""
    parts = [f"{accounts.recorded:,} recorded"]
    for said, reasons in (("dropped", accounts.dropped), ("left out", accounts.left_out)):
        if reasons:
            parts.append(f"{sum(reasons.values()):,} {said} ({_reasons(reasons)})")
    if accounts.queue:
        parts.append(f"{accounts.queue:,} still on their way to disk")
    if accounts.removed:
        parts.append(f"{accounts.removed:,} removed to make room on disk")
    return f"timetracer: {', '.join(parts)}"


def _reasons(reasons: Mapping[str, int]) -> str:
    most = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{reason} {count:,}" for reason, count in most)


def not_kept(accounts: Accounts) -> int:
    """How many came in of which there is no cassette."""
    return sum(accounts.dropped.values()) + sum(accounts.left_out.values())

"""The line at start: what is captured, what is installed but not, and why."""

from __future__ import annotations

from collections.abc import Sequence

from timetracer_otel.libraries import NOT_INSTALLED, Status

__all__ = ["start_line"]


def start_line(statuses: Sequence[Status], *, mode: str, folder: str) -> str:
    """One line for standard error."""
    captured = [f"{s.name} {s.version}" for s in statuses if s.captured and s.version]
    refused = [s for s in statuses if not s.captured and s.reason != NOT_INSTALLED]
    skipped = [f"{s.name} ({s.reason})" for s in refused]
    doing = f"recording to {folder}" if mode == "record" else f"{mode}ing"
    line = f"timetracer: {doing}; capturing {', '.join(captured) or 'nothing'}"
    return f"{line}; not captured: {', '.join(skipped)}" if skipped else line

"""The line at start: how much is captured, what is installed but not, and why."""

from __future__ import annotations

from collections.abc import Sequence

from timetracer_otel.libraries import NOT_CHOSEN, NOT_INSTALLED, Status

__all__ = ["start_line"]

_NAMED = 4
"""Of more libraries nobody reads the names: most are installed and never imported."""


def start_line(statuses: Sequence[Status], *, mode: str, folder: str) -> str:
    """One line for standard error."""
    captured = [f"{s.name} {s.version}" for s in statuses if s.captured and s.version]
    refused = [s for s in statuses if not s.captured and s.reason not in _NO_NEWS]
    skipped = [f"{s.name} ({s.reason})" for s in refused]
    doing = f"recording to {folder}" if mode == "record" else f"{mode}ing"
    line = f"timetracer: {doing}; {_capturing(captured)}"
    return f"{line}; not captured: {', '.join(skipped)}" if skipped else line


def _capturing(captured: Sequence[str]) -> str:
    if len(captured) <= _NAMED:
        return f"capturing {', '.join(captured) or 'nothing'}"
    return f"{len(captured)} libraries can be captured (`timetracer libraries` names them)"


_NO_NEWS = frozenset({NOT_INSTALLED, NOT_CHOSEN})

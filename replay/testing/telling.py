"""What is said of a test: a miss reads like a good assertion. Pure."""

from __future__ import annotations

from timetracer_otel.replay.sessions import Miss
from timetracer_otel.replay.testing.episode import Episode

__all__ = ["told"]


def told(episode: Episode) -> str:
    """What the test asked that nothing answers; empty where everything was."""
    session = episode.session
    if session is None:
        return ""
    outcome = session.outcome
    lines: list[str] = []
    for miss in outcome.misses:
        lines += [*_miss(miss), ""]
    lines += [f"blocked on its way out: {what}" for what in outcome.blocked]
    if not lines:
        return ""
    head = f"{session.name} has no answer for what the test asked:"
    return "\n".join([head, "", *lines]).rstrip()


def _miss(miss: Miss) -> list[str]:
    lines = [f"  asked    {miss.asked}    ({miss.library})"]
    if miss.nearest:
        lines.append(f"  nearest  {miss.nearest}")
        lines.append(f"  differs  {miss.difference or 'in nothing that is compared'}")
    else:
        lines.append("  nearest  nothing like it is recorded")
    return lines

"""What is said of a test: a miss reads like a good assertion. Pure."""

from __future__ import annotations

from timetracer_otel.replay.sessions import Miss
from timetracer_otel.replay.testing.comparing import answer_differences
from timetracer_otel.replay.testing.episode import Episode

__all__ = ["summary_line", "told", "told_differences"]


def told(episode: Episode) -> str:
    """What the test asked that nothing answers; empty where everything was answered."""
    session = episode.session
    if session is None:
        return ""
    outcome = session.outcome
    lines: list[str] = []
    for miss in outcome.misses:
        lines += [*_miss(miss), ""]
    lines += [f"  stopped  {what}" for what in outcome.blocked]
    if not lines:
        return ""
    plan = episode.plan
    head = f"{plan.shown} has no answer to what the test asked:"
    how = [f"If that is right, record it: {plan.command}"]
    return "\n".join([head, "", *lines, *([] if not lines[-1] else [""]), *how])


def _miss(miss: Miss) -> list[str]:
    lines = [f"  asked    {miss.asked}  ({miss.library})"]
    if not miss.nearest:
        return [*lines, "  nearest  nothing like it is recorded"]
    differs = miss.difference or "in nothing that is compared"
    return [*lines, f"  nearest  {miss.nearest}", f"  differs  {differs}"]


def told_differences(episode: Episode) -> str:
    """Where the application answered the test otherwise than then; empty unless compared."""
    plan = episode.plan
    if not (plan.compare and episode.recorded):
        return ""
    found = answer_differences(episode.recorded, episode.answers())
    if not found:
        return ""
    head = f"the application answers otherwise than in {plan.shown}:"
    lines = [f"  {line}" for line in found]
    return "\n".join([head, "", *lines, "", f"If that is right, record it: {plan.command}"])


def summary_line(said: list[dict[str, object]]) -> str:
    """One line on all tests with cassettes."""
    counts: dict[str, int] = {}
    for one in said:
        result = str(one.get("result", ""))
        counts[result] = counts.get(result, 0) + 1
    order = ("replayed", "recorded", "unchanged", "verified", "not kept", "lost")
    parts = [f"{counts[name]} {name}" for name in order if counts.get(name)]
    stale = sum(bool(one.get("stale")) for one in said)
    unused = sum(int(str(one.get("unused", 0))) for one in said)
    parts += [f"{stale} stale"] if stale else []
    parts += [f"{unused} unused call{'s' * (unused != 1)}"] if unused else []
    slowest = max(said, key=lambda one: float(str(one.get("seconds", 0))))
    parts.append(f"slowest {slowest['test']} ({float(str(slowest['seconds'])):.2f} s)")
    return "cassettes: " + ", ".join(parts)

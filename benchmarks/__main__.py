"""`python -m benchmarks`: everything, printed and kept in docs/benchmarks.md.

``--quick`` runs a tenth of it, for a look; only the full run writes the file.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from benchmarks import (
    clients_cost,
    drivers_cost,
    files_cost,
    pytest_cost,
    recording_cost,
    replay_cost,
    saturation,
    streaming_cost,
)

_KEPT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Printed by `make bench`; compare figures within one table only. Each table is one run in which
the variants took turns, so that the machine's own drift hits all of them.

{machine}
"""


def machine() -> str:
    """What the figures were measured on."""
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} processors."
    )


def recording_section(quick: bool) -> str:
    measured = recording_cost.measure(rounds=3 if quick else recording_cost.ROUNDS)
    return (
        "## Recording a request\n\np50 in µs of a FastAPI request driven in-process; in brackets "
        "the ratio to OpenTelemetry alone. `/plain` asks nothing, `/calls` makes three httpx "
        "calls and three SQL queries, `/rows` reads 100 rows of 4 columns. `otel_quiet` is "
        "OpenTelemetry without the ASGI receive and send spans, which recording leaves out "
        "too.\n\n" + recording_cost.table(measured)
    )


def clients_section(quick: bool) -> str:
    measured = clients_cost.measure(rounds=3 if quick else clients_cost.ROUNDS)
    return (
        "## Recording a call\n\np50 in µs of a small GET over a kept connection; in brackets the "
        "ratio to OpenTelemetry alone.\n\n" + clients_cost.table(measured)
    )


def drivers_section(quick: bool) -> str:
    measured = drivers_cost.measure(rounds=3 if quick else drivers_cost.ROUNDS)
    return (
        "## Recording a statement\n\np50 in µs of a statement over a kept connection, its rows "
        "fetched; in brackets the ratio to OpenTelemetry alone. Rows have 4 columns, documents 4 "
        "fields; of the caches it is one value, and 100.\n\n" + drivers_cost.table(measured)
    )


def streaming_section(quick: bool) -> str:
    megabytes = 64 if quick else streaming_cost.MEGABYTES
    return (
        f"## Streaming {megabytes} MB\n\nBy how many MB the process grew at most while it read a "
        "response piece by piece, the imports of the first call among them; in brackets "
        "seconds.\n\n" + streaming_cost.table(megabytes)
    )


def replay_section() -> str:
    us = replay_cost.measure_replay()
    base = us["MockTransport"]
    lines = [f"| {name} | {value:.0f} | {value / base:.2f}× |" for name, value in us.items()]
    head = "## Replaying an httpx call\n\n| | p50 µs | to MockTransport |\n|---|---|---|\n"
    return head + "\n".join(lines)


def pytest_section(quick: bool) -> str:
    measured = pytest_cost.measure(30 if quick else pytest_cost.TESTS)
    unused = pytest_cost.measure_unused(3 if quick else pytest_cost.LOOKS)
    return (
        "## A test in pytest\n\nCPU ms at p50, set-up and teardown included, of a test that asks a "
        "FastAPI application three times, each with a statement and an httpx call: with fakes in "
        "memory written by hand, and replayed.\n\n" + pytest_cost.table(measured, unused)
    )


def files_section() -> str:
    us = files_cost.measure_files()
    lines = ["| | load ms | save ms | replayed call µs |", "|---|---|---|---|"]
    for name in ("ours", "cassetter", "vcrpy"):
        call = us.get(f"{name} replay")
        lines.append(
            f"| {name} | {us[f'{name} load'] / 1000:.1f} | {us[f'{name} save'] / 1000:.1f} | "
            + (f"{call:.0f} |" if call is not None else "see above |")
        )
    return "## A cassette of 1,000 HTTP interactions\n\n" + "\n".join(lines)


def saturation_section(quick: bool) -> str:
    seconds = 6.0 if quick else 60.0
    lines = ["| | requests/s | p99 ms | MB at start | MB at end | written |", "|---" * 6 + "|"]
    for name in ("otel", "otel_quiet", "recording"):
        print(f"saturating {name} for {seconds:.0f} s", file=sys.stderr)
        it = saturation.saturate(name, seconds)
        lines.append(
            f"| {name} | {it.per_second:.0f} | {it.p99_ms:.1f} | {it.rss_start_mb:.0f} | "
            f"{it.rss_end_mb:.0f} | {it.cassettes} of {it.answered} |"
        )
    head = f"## {seconds:.0f} s at saturation, uvicorn, {saturation.CONNECTIONS} connections\n\n"
    return head + "\n".join(lines)


def main() -> None:
    quick = "--quick" in sys.argv[1:]
    sections = [_HEAD.format(machine=machine())]
    for make in (
        lambda: recording_section(quick),
        lambda: clients_section(quick),
        lambda: drivers_section(quick),
        lambda: streaming_section(quick),
        replay_section,
        lambda: pytest_section(quick),
        files_section,
        lambda: saturation_section(quick),
    ):
        sections.append(make())
        print(sections[-1] + "\n", flush=True)
    if not quick:
        _KEPT.write_text("\n".join(section + "\n" for section in sections), encoding="utf-8")


if __name__ == "__main__":
    main()

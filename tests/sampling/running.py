"""A recording program that does what its arguments say: each prints a line of JSON."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.trace import SpanKind

import timetracer_otel
from timetracer_otel.protocols.http_parts import HttpRequestRef, HttpResponseRef
from timetracer_otel.recording import begin_entry

READER = InMemoryMetricReader()
SEEN: list[str] = []


def provide() -> None:
    """The application's own MeterProvider."""
    metrics.set_meter_provider(MeterProvider([READER]))


def instrument() -> None:
    timetracer_otel.instrument(capture=("none",), banner=False)


def own_handler(number: int, _frame: object) -> None:
    SEEN.append(signal.Signals(number).name)


def handle() -> str:
    """The application's handler; what was there before, as it is told."""
    return str(signal.signal(signal.SIGUSR2, own_handler))


def handler() -> str:
    return getattr(signal.getsignal(signal.SIGUSR2), "__name__", "default")


def handle_in_a_loop() -> str:
    """As asyncio servers do."""
    import asyncio

    async def wait() -> None:
        got = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, got.set)
        turn()
        await asyncio.wait_for(got.wait(), 10)

    asyncio.run(wait())
    return "woken"


def handle_nonsense() -> str:
    try:
        signal.signal(signal.SIGUSR2, "nonsense")  # type: ignore[arg-type]
    except TypeError as error:
        return str(error)
    return "taken"


def turn() -> list[str]:
    """The signal comes; what the application has seen of it."""
    os.kill(os.getpid(), signal.SIGUSR2)
    return SEEN


def ask(*headers: tuple[bytes, bytes]) -> bool:
    """A request; whether it is recorded."""
    with trace.get_tracer("t").start_as_current_span("GET", kind=SpanKind.SERVER):
        entry = begin_entry("http", "asgi", HttpRequestRef("GET", "http://shop/", headers))
        if entry is not None:
            entry.answered(HttpResponseRef(200, []))
    return entry is not None


def ask_for_it() -> bool:
    """The same, with the header that the rule asks for."""
    return ask((b"X-Keep", b""))


def flush() -> bool:
    return trace.get_tracer_provider().force_flush()  # type: ignore[attr-defined,no-any-return]


def shutdown() -> None:
    timetracer_otel.shutdown()


def collected() -> dict[str, Any]:
    """All of our metrics: value by reason, or the one value."""
    data = READER.get_metrics_data()
    found: dict[str, Any] = {}
    for resource in data.resource_metrics if data else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    reason = (point.attributes or {}).get("reason")
                    value = point.value  # type: ignore[union-attr]
                    if reason is None:
                        found[metric.name] = value
                    else:
                        found.setdefault(metric.name, {})[reason] = value
    return found


if __name__ == "__main__":
    for word in sys.argv[1:]:
        answer = globals()[word]()
        with suppress(OSError):
            print(json.dumps(answer), flush=True)

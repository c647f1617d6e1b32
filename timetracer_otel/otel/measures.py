"""What became of every request, as metrics of the application's own MeterProvider.

All instruments are observable: they cost something when metrics are collected, and nothing on
the request path. Without a MeterProvider they are OpenTelemetry's no-operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from timetracer_otel.accounts import Accounts, accounts_of
from timetracer_otel.recording import active_recorder

__all__ = ["measure"]

_Observe = Callable[[CallbackOptions], Iterator[Observation]]

_measured: list[object] = []


def measure() -> None:
    """Offer the metrics to the meter provider in force; once each."""
    provider = metrics.get_meter_provider()
    if any(known is provider for known in _measured):
        return
    _measured.append(provider)
    meter = metrics.get_meter("timetracer_otel")
    for name, observe, unit, description in _COUNTERS:
        meter.create_observable_counter(f"timetracer.{name}", [observe], unit, description)
    meter.create_observable_up_down_counter(
        "timetracer.queue", [_one(lambda a: a.queue)], _UNIT, "Complete and not yet written"
    )


def _accounts() -> Accounts | None:
    recorder = active_recorder()
    return accounts_of(recorder) if recorder is not None else None


def _one(value: Callable[[Accounts], int]) -> _Observe:
    def observe(_: CallbackOptions) -> Iterator[Observation]:
        accounts = _accounts()
        if accounts is not None:
            yield Observation(value(accounts))

    return observe


def _by_reason(values: Callable[[Accounts], Mapping[str, int]]) -> _Observe:
    def observe(_: CallbackOptions) -> Iterator[Observation]:
        accounts = _accounts()
        if accounts is not None:
            for reason, count in values(accounts).items():
                yield Observation(count, {"reason": reason})

    return observe


_UNIT = "{recording}"

_COUNTERS: list[tuple[str, _Observe, str, str]] = [
    ("recorded", _one(lambda a: a.recorded), _UNIT, "Requests kept as cassettes"),
    ("dropped", _by_reason(lambda a: a.dropped), _UNIT, "Lost to a limit or a fault"),
    ("left_out", _by_reason(lambda a: a.left_out), _UNIT, "Not kept, as the settings ask"),
    ("removed", _one(lambda a: a.removed), _UNIT, "Removed again to make room on disk"),
    ("bytes", _one(lambda a: a.bytes), "By", "Written to disk"),
]

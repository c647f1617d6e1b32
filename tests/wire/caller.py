"""What a case works with: the addresses of servers, and what it has seen so far."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.wire.snapshots import error_snapshot, snapshot

__all__ = ["CASES", "Caller", "case"]

Case = Callable[["Caller"], None]

CASES: dict[str, dict[str, Case]] = {}


def case(kind: str, name: str = "") -> Callable[[Case], Case]:
    """Enter a function among the cases of `kind`."""

    def enter(function: Case) -> Case:
        cases = CASES.setdefault(kind, {})
        called = name or function.__name__
        assert called not in cases, called
        cases[called] = function
        return function

    return enter


@dataclass
class Caller:
    """Addresses come from the environment: the same in both runs."""

    url: str = field(default_factory=lambda: os.environ["URL"])
    tls_url: str = field(default_factory=lambda: os.environ["TLS_URL"])
    authority: str = field(default_factory=lambda: os.environ["AUTHORITY"])
    proxy_url: str = field(default_factory=lambda: os.environ["PROXY_URL"])
    unix_socket: str = field(default_factory=lambda: os.environ["UNIX_SOCKET"])
    eager_url: str = field(default_factory=lambda: os.environ["EAGER_URL"])
    deaf_url: str = field(default_factory=lambda: os.environ["DEAF_URL"])
    refused_url: str = field(default_factory=lambda: os.environ["REFUSED_URL"])
    aws_url: str = field(default_factory=lambda: os.environ["AWS_URL"])
    seen: list[Any] = field(default_factory=list)

    def note(self, *values: Any, **named: Any) -> None:
        """Add to what the two runs are compared by."""
        self.seen.append([snapshot(value) for value in values] if values else snapshot(named))

    def tried(self, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """The outcome of a call, noted: what it gave, or the error that came."""
        try:
            result = call(*args, **options)
        except Exception as error:  # noqa: BLE001 - whatever came is part of what is compared
            self.note(error=error_snapshot(error))
            return None
        self.note(result)
        return result

    def each(self, items: Any) -> None:
        """Everything that an iterator gives, then the error if one came."""
        found: list[Any] = []
        try:
            for item in items:
                found.append(item)  # noqa: PERF402 - what came before an error counts
        except Exception as error:  # noqa: BLE001 - whatever came is part of what is compared
            found.append(error_snapshot(error))
        self.note(items=found)

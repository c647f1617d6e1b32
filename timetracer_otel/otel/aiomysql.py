"""Spans of aiomysql, which has no instrumentor of OpenTelemetry's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.instrumentation.instrumentor import (  # type: ignore[attr-defined]
    BaseInstrumentor,  # their module exports nothing explicitly
)
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.trace import SpanKind, Status, StatusCode

from timetracer_otel.patching import Ledger, Patch

__all__ = ["AiomysqlInstrumentor"]

_COMMENTS = re.compile(r"^(\s*/\*.*?\*/)+\s*", re.DOTALL)


class AiomysqlInstrumentor(BaseInstrumentor):  # type: ignore[misc]  # untyped there
    """One CLIENT span a statement, named and described by the semantic conventions."""

    _ledger: Ledger | None = None

    def instrumentation_dependencies(self) -> Collection[str]:
        return ("aiomysql >= 0.2",)

    def _instrument(self, **keywords: Any) -> None:
        provider = keywords.get("tracer_provider")
        tracer = otel.get_tracer("timetracer_otel.aiomysql", tracer_provider=provider)
        wrap = _spanning(tracer)
        self._ledger = Ledger()
        names = ("execute", "executemany", "callproc")
        self._ledger.apply([Patch(f"aiomysql.cursors:Cursor.{name}", wrap) for name in names])

    def _uninstrument(self, **_: Any) -> None:
        if self._ledger is not None:
            self._ledger.restore()
            self._ledger = None


def _spanning(tracer: otel.Tracer) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        async def call(self: Any, *args: Any, **keywords: Any) -> Any:
            if not is_instrumentation_enabled() or _is_within(self):
                return await original(self, *args, **keywords)
            query = args[0] if args else next(iter(keywords.values()), "")
            attributes = _attributes(self._connection, original.__name__, query)
            name = str(attributes.get("db.operation.name") or "mysql")
            with tracer.start_as_current_span(
                name, kind=SpanKind.CLIENT, attributes=attributes, set_status_on_exception=False
            ) as span:
                self._timetracer_spanned = True
                try:
                    return await original(self, *args, **keywords)
                except Exception as error:
                    span.set_attribute("error.type", type(error).__qualname__)
                    span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
                    raise
                finally:
                    self._timetracer_spanned = False

        return call

    return wrap


def _is_within(cursor: Any) -> bool:
    """`executemany` executes; the whole is one span."""
    return bool(vars(cursor).get("_timetracer_spanned"))


def _attributes(connection: Any, operation: str, query: Any) -> dict[str, str | int]:
    text = query.decode("utf-8", "replace") if isinstance(query, bytes) else str(query)
    words = _COMMENTS.sub("", text).split(None, 1)
    word = "CALL" if operation == "callproc" else (words[0] if words else "")
    found: dict[str, str | int] = {"db.system.name": "mysql", "db.query.text": text}
    if word:
        found["db.operation.name"] = word
    if connection is not None:
        if connection.db:
            found["db.namespace"] = str(connection.db)
        found["server.address"] = connection.unix_socket or str(connection.host)
        if not connection.unix_socket:
            found["server.port"] = int(connection.port)
    return found

"""Classes of drivers written in C: ours is put between one of theirs and what derives from it.

So isinstance holds, functions in C take the objects, and the driver's own cursors in Python
(dict rows, named tuples), like those of the application, get their rows from ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakValueDictionary

from timetracer_otel.dbapi_calls import Call, Origin
from timetracer_otel.recording import guarded
from timetracer_otel.values import snapshot

__all__ = ["Passing", "noted_call", "noted_question", "under"]

_IN_EXECUTE, _IN_EXECUTED = guarded("driver execute"), guarded("driver executed")

# Instrumentors make a class for each connection: none is kept for longer than it is used.
_MADE: WeakValueDictionary[tuple[type, type], type] = WeakValueDictionary()


def under(kind: type[Any], ours: type[Any]) -> type[Any]:
    """`kind` with `ours` as the class below it; both derive from the same class in C."""
    if issubclass(kind, ours):
        return kind
    made = _MADE.get((kind, ours))
    if made is None:
        bases = (ours,) if issubclass(ours, kind) else (kind, ours)
        names = {name: getattr(kind, name) for name in ("__module__", "__qualname__", "__doc__")}
        meta: Any = type(kind)
        made = _MADE[kind, ours] = meta(kind.__name__, bases, names)
    return made


class Passing:
    """The parameters of `executemany`: what an iterator gives is noted as the driver takes it.

    `given` is for the driver, in place of the application's own.
    """

    def __init__(self, parameters: Any) -> None:
        self._passed: list[Any] = []
        self._waits = not isinstance(parameters, list | tuple)
        self._own = parameters
        self.given: Any = self._noting() if self._waits else parameters

    def _noting(self) -> Iterator[Any]:
        for one in self._own:
            self._passed.append(snapshot(one))
            yield one

    @property
    def so_far(self) -> Any:
        """What was given, once the driver has taken it."""
        return self._passed if self._waits else self._own


def noted_call(
    origin: Origin | None,
    asked: tuple[str, object, object],
    call: Callable[[], Any],
    executed: Callable[[Call, Any], None],
) -> Any:
    """What `call` gives: the application's own, once; `asked` are operation, statement, parameters.

    `executed` notes its answer, and who fetches of it.
    """
    noted: Call | None = None
    operation, statement, parameters = asked
    sent: Passing | None = None
    try:
        sent = parameters if isinstance(parameters, Passing) else None
        given = sent.so_far if sent is not None else parameters
        noted = origin.begin(operation, statement, given) if origin is not None else None
    except Exception:  # `guarded` is entered only when there is something to guard against
        with _IN_EXECUTE:
            raise
    try:
        returned = call()
        if noted is None:
            return returned
    except BaseException as error:
        with guarded("driver error"):
            if noted is not None and sent is not None:
                noted.sent(sent.so_far)
            if noted is not None:
                noted.failed(error, operation)
        del call, executed  # the traceback keeps this frame, which would keep their cursor
        raise
    try:
        if sent is not None:
            noted.sent(sent.so_far)
        executed(noted, returned)
    except Exception:
        with _IN_EXECUTED:
            raise
    return returned


def noted_question(
    origin: Origin | None,
    asked: tuple[str, object, object],
    call: Callable[[], Any],
    told: Callable[[Call], None] = lambda _: None,
) -> Any:
    """What `call` gives, which is all of the answer; `told` may add to it."""

    def executed(noted: Call, returned: Any) -> None:
        told(noted)
        noted.returned(returned)

    return noted_call(origin, asked, call, executed)

"""Classes of drivers written in C: ours is put between one of theirs and what derives from it.

So isinstance holds, functions in C take the objects, and the driver's own cursors in Python
(dict rows, named tuples), like those of the application, get their rows from ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

from timetracer_otel.dbapi_calls import Call, Origin
from timetracer_otel.recording import guarded

__all__ = ["noted_call", "noted_question", "under"]

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
        made = _MADE[kind, ours] = type(kind)(kind.__name__, bases, names)
    return made


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
    with guarded("driver execute"):
        noted = origin.begin(*asked) if origin is not None else None
    if noted is None:
        return call()
    try:
        returned = call()
    except BaseException as error:
        with guarded("driver error"):
            noted.failed(error, asked[0])
        raise
    with guarded("driver executed"):
        executed(noted, returned)
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

"""What every protocol's interaction is made of."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["ERROR", "InteractionBase", "Part", "RecordedError"]

ERROR = "$error"
"""Tag of an argument that is an exception itself: ``cause``, ``context``, or one of its own."""


class Part(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A piece of a cassette: unknown fields are refused, defaults are left out of the file."""


class RecordedError(Part, kw_only=True):
    """An exception as the application's library met it.

    `type` is the qualified name within `module`; `args` and `attributes` hold encoded values
    (see `timetracer_otel.values`); `stage` says how far the interaction had come when it was
    raised, in the protocol's own words (``connect``, ``send``, ``headers``, ``body``,
    ``execute``, ``fetch``, ``commit``). `members` are those of an exception group, whose
    `args` then hold its message alone. A cause is the context too, unless another is recorded or
    there is `no_context`.
    """

    type: str
    module: str
    args: list[Any] = []
    attributes: dict[str, Any] = {}
    stage: str = ""
    notes: list[str] = []
    cause: RecordedError | None = None
    context: RecordedError | None = None
    no_context: bool = False
    suppress_context: bool = False
    members: list[RecordedError] = []
    traceback: str = ""


class InteractionBase(Part, kw_only=True):
    """One request and its outcome across the edge of the process, whatever the protocol.

    `path` is where in the request the call was made: ancestors' names with ordinals, without
    the root (``task#2 › GET#1``). `start_us` counts from the trace's start. `times` is how often
    it came in a row before the same question got another answer: in a bootstrap alone.
    """

    id: int
    span_id: str = ""
    parent_span_id: str = ""
    path: str = ""
    library: str
    title: str
    start_us: int
    duration_us: int = 0
    times: int = 1

"""The cassette's model, version 1. The JSON Schema is generated from it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import msgspec

from timetracer_otel.hash_seed import MAX_SEED
from timetracer_otel.interaction.parts import Part
from timetracer_otel.protocols.http import HttpInteraction
from timetracer_otel.protocols.memcached import MemcachedInteraction
from timetracer_otel.protocols.mongodb import MongodbInteraction
from timetracer_otel.protocols.redis import RedisInteraction
from timetracer_otel.protocols.sql import SqlInteraction

__all__ = [
    "FORMAT_VERSION",
    "Cassette",
    "ClockReads",
    "Draws",
    "Dropped",
    "HashSeed",
    "Interaction",
    "Redaction",
    "Sealed",
]

FORMAT_VERSION = 1

Interaction = (
    HttpInteraction | MemcachedInteraction | MongodbInteraction | RedisInteraction | SqlInteraction
)
"""Any protocol's interaction; the file's field `protocol` tells them apart."""


HashSeed = Annotated[int, msgspec.Meta(ge=0, le=MAX_SEED)]
"""What ``PYTHONHASHSEED`` may be."""


class Draws(Part, kw_only=True):
    """What one source of randomness gave, in order, at one place of the request.

    `source` is ``os.urandom``, ``random.random``, …; `arguments` tells calls of one source
    apart (``"16"`` bytes, ``"64"`` bits); `values` are encoded values.
    """

    source: str
    path: str = ""
    arguments: str = ""
    values: list[Any]


class ClockReads(Part, kw_only=True):
    """What one line of code read from one clock, in order.

    `site` is ``module:function``. `offsets_ns` are nanoseconds from `recorded_at` for the wall
    clock (`clock` = ``time``), and from the clock's own zero for ``monotonic`` and
    ``perf_counter``: the difference of two such readings, as floats, depends on their size.
    """

    clock: str
    site: str
    path: str = ""
    offsets_ns: list[int]


class Dropped(Part):
    """Something that is not in the cassette, and why: nothing is ever cut in silence."""

    what: str
    why: str
    count: int = 1


class Sealed(Part, kw_only=True):
    """What was hidden in a stretch of the cassette, encrypted (AES-256-GCM, base64).

    `interactions` and `draws` are how many stand before that stretch: a fragment that joined its
    trace later was sealed by itself.
    """

    data: str
    interactions: int = 0
    draws: int = 0


class Redaction(Part):
    """The policy that the recording passed through; ``none`` says so in as many words.

    `key_id` names the key that pseudonyms were made with. Whoever has it restores what was
    hidden from `sealed` and, for the bootstrap, from `sealed_bootstrap`. `pseudonyms` are short
    digests of what stands for something else: that is known to be no secret.
    """

    policy: str = "none"
    version: int = 0
    key_id: str = ""
    pseudonyms: str = ""
    sealed: list[Sealed] = []
    sealed_bootstrap: str = ""


class Cassette(Part, kw_only=True):
    """The interactions of one trace, as far as one service had it.

    `root_span_id` is its local root: a service that calls itself has several in one trace.
    `recorded_at` is the UTC time of the trace's start in RFC 3339 with nanoseconds. `hash_seed`
    is the process's ``PYTHONHASHSEED``, where it had one. `entry` is the inbound interaction that
    began the trace; a job that nothing called from outside has none. `bootstrap` is what the
    process asked outside of any request (connection set-up, start-up queries): no part of the
    request's sequence, and answered as often as it is asked.
    """

    timetracer: int
    trace_id: str
    root_span_id: str = ""
    recorded_at: str
    duration_us: int
    resource: list[dict[str, Any]] = []
    hash_seed: HashSeed | None = None
    entry: Interaction | None = None
    interactions: list[Interaction] = []
    bootstrap: list[Interaction] = []
    draws: list[Draws] = []
    clock: list[ClockReads] = []
    dropped: list[Dropped] = []
    redaction: Redaction = msgspec.field(default_factory=Redaction)

    @property
    def recorded_ns(self) -> int:
        """`recorded_at` as Unix time in nanoseconds. Raises ValueError when it is no moment."""
        seconds, _, fraction = self.recorded_at.rstrip("Z").partition(".")
        whole = dt.datetime.fromisoformat(seconds + "+00:00")
        since = whole - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        return since // dt.timedelta(seconds=1) * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))

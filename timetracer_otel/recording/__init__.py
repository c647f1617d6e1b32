"""From hooks that see payloads to finished cassettes: joined by trace, written by a worker."""

from timetracer_otel.interaction.body import Body
from timetracer_otel.recording.current import (
    active_recorder,
    begin,
    begin_entry,
    discard_trace,
    is_unrecorded,
    unrecorded,
)
from timetracer_otel.recording.draft import Draft
from timetracer_otel.recording.guard import guarded
from timetracer_otel.recording.recorder import Recorder

__all__ = [
    "Body",
    "Draft",
    "Recorder",
    "active_recorder",
    "begin",
    "begin_entry",
    "discard_trace",
    "guarded",
    "is_unrecorded",
    "unrecorded",
]

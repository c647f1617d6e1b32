"""The cassette: the interactions of one trace, as a document for people."""

from timetracer_otel.cassette.merging import merge_fragment
from timetracer_otel.cassette.model import (
    FORMAT_VERSION,
    Cassette,
    ClockReads,
    Draws,
    Dropped,
    Interaction,
    Redaction,
    Sealed,
)
from timetracer_otel.cassette.reading import MAX_CASSETTE_BYTES, read_cassette
from timetracer_otel.cassette.schema import json_schema
from timetracer_otel.cassette.writing import write_cassette

__all__ = [
    "FORMAT_VERSION",
    "MAX_CASSETTE_BYTES",
    "Cassette",
    "ClockReads",
    "Draws",
    "Dropped",
    "Interaction",
    "Redaction",
    "Sealed",
    "json_schema",
    "merge_fragment",
    "read_cassette",
    "write_cassette",
]

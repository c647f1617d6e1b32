"""The value codec: any Python value to readable JSON, and back to its exact type.

No pickle, no import by name: classes are looked up in a fixed table, and the ones of drivers
are imported only to decode a value of theirs. `TAGS` lists what a cassette can hold.
"""

from timetracer_otel.values.converted import Converted
from timetracer_otel.values.decoding import decode
from timetracer_otel.values.encoding import MAX_DEPTH, encode, encode_rows
from timetracer_otel.values.kinds import JsonValue
from timetracer_otel.values.snapshots import FIXED, is_immutable, snapshot, snapshot_rows
from timetracer_otel.values.table import TAGS, is_exactly_known

__all__ = [
    "FIXED",
    "MAX_DEPTH",
    "TAGS",
    "Converted",
    "JsonValue",
    "decode",
    "encode",
    "encode_rows",
    "is_exactly_known",
    "is_immutable",
    "snapshot",
    "snapshot_rows",
]

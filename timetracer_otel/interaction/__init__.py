"""What every interaction has, whatever its protocol: the common parts, and its failure."""

from timetracer_otel.interaction.body import Body, BodyState
from timetracer_otel.interaction.failures import (
    ErrorFamily,
    Failure,
    decode_error,
    encode_error,
    register_errors,
)
from timetracer_otel.interaction.parts import InteractionBase, Part, RecordedError

__all__ = [
    "Body",
    "BodyState",
    "ErrorFamily",
    "Failure",
    "InteractionBase",
    "Part",
    "RecordedError",
    "decode_error",
    "encode_error",
    "register_errors",
]

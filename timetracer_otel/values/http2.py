"""What ends a stream or a connection under HTTP/2: httpcore's errors carry h2's events."""

from __future__ import annotations

from typing import Any

from timetracer_otel.values.kinds import Branch, Decode, Encode, Foreign, JsonValue, fields_of

__all__ = ["HTTP2"]

_RESET = ("stream_id", "error_code", "remote_reset")
_TERMINATED = ("error_code", "last_stream_id", "additional_data")


def _event(name: str, meaning: str, fields: tuple[str, ...]) -> Branch:
    def dump(value: Any, encode: Encode) -> JsonValue:
        told = {field: getattr(value, field) for field in fields}
        if told["error_code"] is not None:
            told["error_code"] = int(told["error_code"])
        return {field: encode(item) for field, item in told.items()}

    def load(kind: Any, payload: JsonValue, decode: Decode) -> object:
        event = kind.__new__(kind)  # its arguments differ from version to version
        for field, item in fields_of(payload, *fields).items():
            told = decode(item)
            setattr(event, field, _error_code(told) if field == "error_code" else told)
        return event

    return Branch(f"$h2.{name}", meaning, Foreign(("h2.events",), name, "h2"), dump, load)


def _error_code(number: Any) -> Any:
    from h2.errors import ErrorCodes

    try:
        return ErrorCodes(number)
    except ValueError:  # none, or one that h2 does not know
        return number


HTTP2 = (
    _event("StreamReset", "event of h2: a stream was reset", _RESET),
    _event("ConnectionTerminated", "event of h2: the peer ends the connection", _TERMINATED),
)

"""The JSON Schema, generated from the model."""

from __future__ import annotations

from typing import Any

import msgspec

from timetracer_otel.cassette.model import FORMAT_VERSION, Cassette

__all__ = ["json_schema"]


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of a cassette file."""
    schema = msgspec.json.schema(Cassette)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"timetracer cassette, version {FORMAT_VERSION}",
        **schema,
    }

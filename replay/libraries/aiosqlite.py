"""aiosqlite: its thread asks sqlite3, which answers from the recording."""

from __future__ import annotations

from timetracer_otel.capture.aiosqlite import LIBRARY as CAPTURED
from timetracer_otel.libraries import Library

__all__ = ["LIBRARY"]

LIBRARY = Library(
    name="aiosqlite",
    protocol="sql",
    module="aiosqlite",
    distribution=CAPTURED.distribution,
    versions=CAPTURED.versions,
    changes=CAPTURED.changes,
)

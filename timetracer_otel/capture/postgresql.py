"""What every client of PostgreSQL is told by its server."""

from __future__ import annotations

__all__ = ["SETTINGS"]

SETTINGS = (
    "application_name",
    "client_encoding",
    "DateStyle",
    "default_transaction_read_only",
    "in_hot_standby",
    "integer_datetimes",
    "IntervalStyle",
    "is_superuser",
    "scram_iterations",
    "search_path",
    "server_encoding",
    "server_version",
    "session_authorization",
    "standard_conforming_strings",
    "TimeZone",
)
"""What PostgreSQL reports of itself as a connection begins, and whenever it changes."""

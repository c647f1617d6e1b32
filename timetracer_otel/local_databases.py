"""SQLite databases that a process under test makes for itself.

They begin empty, hold what the test puts there, and are nobody else's: no dependency that could
be switched off. While tests run they are neither recorded nor replayed.
"""

from __future__ import annotations

import os
import sys
from typing import Any

__all__ = ["is_in_memory", "is_left_alone", "leave_alone"]

_is_left_alone = False


def leave_alone(yes: bool) -> None:
    """Whether such databases are left to themselves from here on."""
    global _is_left_alone
    _is_left_alone = yes


def is_left_alone(database: Any) -> bool:
    """Whether what `sqlite3.connect` is given names one that is left to itself now."""
    return _is_left_alone and (is_in_memory(database) or _is_test_database_of_django(database))


def is_in_memory(database: Any) -> bool:
    """Whether the path or URI is of a database that ends with its connections."""
    name = _name(database)
    return name == "" or (name is not None and (":memory:" in name or "mode=memory" in name))


def _is_test_database_of_django(database: Any) -> bool:
    """One in a file, which the settings name as made for tests: Django deletes it before."""
    settings = getattr(sys.modules.get("django.conf"), "settings", None)
    if settings is None or not settings.configured:
        return False
    tests = [one.get("TEST") or {} for one in getattr(settings, "DATABASES", {}).values()]
    names = [_name(one["NAME"]) for one in tests if one.get("NAME")]
    return _name(database) in names


def _name(database: Any) -> str | None:
    try:
        return os.fsdecode(database)
    except TypeError:  # what is given is wrong, and who is given it will say so
        return None

"""GraphQL over HTTP: what a request asks, but for how its query is laid out."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

__all__ = ["graphql_meaning"]

_TOKEN = re.compile(
    r'''"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|\#[^\n\r]*|[\s,\ufeff]+|\.\.\.|[\w.+-]+|.''',
    re.DOTALL,
)
_IGNORED = ("#", " ", "\t", "\n", "\r", ",", "\ufeff")
_BEGINS = re.compile(
    r"[\s,\ufeff]*(?:#[^\n\r]*[\s,\ufeff]*)*(?:query|mutation|subscription|fragment|\{)"
)
_FIELDS = frozenset({"query", "variables", "operationName", "extensions", "id"})


def graphql_meaning(value: Any) -> Any:
    """The operation's name, its query without layout, its variables; None for other JSON.

    A batch is the list of what it asks. What is null or empty counts as left out.
    """
    if isinstance(value, list):
        batch = [graphql_meaning(item) for item in value]
        return batch if batch and None not in batch else None
    if not isinstance(value, dict) or not value.keys() <= _FIELDS:
        return None
    query = value.get("query")
    if not isinstance(query, str) or not _BEGINS.match(query):
        return None
    rest = {name: value[name] for name in value if name != "query" and value[name]}
    return {**rest, "query": _without_layout(query)}


@lru_cache(maxsize=1024)
def _without_layout(query: str) -> str:
    """Tokens with one space between them; strings stay as they are."""
    return " ".join(t for t in _TOKEN.findall(query) if not t.startswith(_IGNORED))

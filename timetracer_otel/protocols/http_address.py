"""URLs by meaning: host without case, default port left out, query as a multiset."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, unquote_to_bytes, urlencode, urlsplit

__all__ = ["Address", "address_of", "bare_url", "canonical_url", "grouped"]

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE = "!$&'()*+,;=:@~"
_PLAIN = re.compile(r"[A-Za-z0-9_.!$&'()*+,;=:@~/-]*")
"""A path that has one spelling only."""


class Address(NamedTuple):
    """A URL taken apart; path segments and query are decoded, the query sorted."""

    origin: str
    segments: tuple[str, ...]
    query: tuple[tuple[str, str], ...]


def bare_url(url: str) -> str:
    """`url` as far as it goes over the wire: without credentials and fragment."""
    if "#" in url:
        url = url.partition("#")[0]
    scheme, separator, rest = url.partition("://")
    if not separator or "@" not in rest:
        return url
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


@lru_cache(maxsize=8192)
def canonical_url(url: str) -> str:
    """One spelling for all URLs that ask the same."""
    try:
        split = urlsplit(url)
        origin = _origin(split.scheme, split.hostname, split.port)
    except ValueError:  # recorded as it was, whatever it means
        return url
    path = split.path or "/"
    if not _PLAIN.fullmatch(path):
        path = "/".join(quote(unquote_to_bytes(part), safe=_SAFE) for part in path.split("/"))
    if not split.query:
        return f"{origin}{path}"
    return f"{origin}{path}?{urlencode(_pairs(split.query), errors='surrogateescape')}"


def address_of(url: str) -> Address:
    """What `url` is made of."""
    try:
        split = urlsplit(url)
        origin = _origin(split.scheme, split.hostname, split.port)
    except ValueError:
        return Address(url, (), ())
    segments = (split.path or "/").split("/")[1:]
    decoded = tuple(unquote(part, errors="surrogateescape") for part in segments)
    return Address(origin, decoded, tuple(_pairs(split.query)))


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Fields by name; one that comes several times has the list of its values, in their order."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: v[0] if len(v) == 1 else v for name, v in found.items()}


def _origin(scheme: str, host: str | None, port: int | None) -> str:
    shown = f"[{host}]" if host and ":" in host else host or ""
    if port is None or port == _DEFAULT_PORTS.get(scheme):
        return f"{scheme}://{shown}"
    return f"{scheme}://{shown}:{port}"


def _pairs(query: str) -> list[tuple[str, str]]:
    """Bytes that are no UTF-8 stay distinct."""
    return sorted(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))

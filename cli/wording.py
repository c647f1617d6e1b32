"""Amounts in words that fit a column."""

from __future__ import annotations

__all__ = ["count", "duration", "examples", "moment", "size"]


_THOUSAND, _MILLION = 1_000, 1_000_000


def duration(microseconds: int) -> str:
    """``740 µs``, ``12.3 ms``, ``1.24 s``."""
    if microseconds < _THOUSAND:
        return f"{microseconds} µs"
    if microseconds < _MILLION:
        return f"{microseconds / _THOUSAND:.1f} ms"
    return f"{microseconds / _MILLION:.2f} s"


def size(octets: int) -> str:
    """``512 bytes``, ``1.5 kB``, ``12.0 MB``."""
    if octets < _THOUSAND:
        return count(octets, "byte")
    if octets < _MILLION:
        return f"{octets / _THOUSAND:.1f} kB"
    return f"{octets / _MILLION:.1f} MB"


def count(number: int, noun: str) -> str:
    """``1 call``, ``2 calls``, ``1,000 calls``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def moment(rfc3339: str) -> str:
    """``2026-01-02 03:04:05.678`` of a cassette's time, which is UTC."""
    date, _, time = rfc3339.partition("T")
    return f"{date} {time.rstrip('Z')[:12]}"


def examples(*commands: str, heading: str = "Examples", last: str = "") -> str:
    """The end of a command's help: lines kept as they are (that is what the first letter says)."""
    block = "\n".join(["\b", f"{heading}:", *(f"  $ {command}" for command in commands)])
    return f"{block}\n\n{last}" if last else block

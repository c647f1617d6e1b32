"""What in a cassette a policy would hide, and is not hidden: what would leak."""

from __future__ import annotations

import re
from typing import NamedTuple

from msgspec.structs import replace

from timetracer_otel.cassette import Cassette
from timetracer_otel.redaction.cassettes import (
    digest_of,
    hidden_cassette,
    known_pseudonyms,
    request_line,
)
from timetracer_otel.redaction.kinds import Kind
from timetracer_otel.redaction.policy import Policy
from timetracer_otel.redaction.sealing import differing

__all__ = ["Leak", "leaks"]

_MARKED = re.compile("\ue000([^\ue001]*)\ue001")
"""Private letters of Unicode: no recording has them by chance."""


class Leak(NamedTuple):
    """Where in the file something can be read by anybody, and of which kinds it is."""

    place: str
    kinds: tuple[str, ...]


def leaks(cassette: Cassette, policy: Policy) -> list[Leak]:
    """All that `policy` would hide, in the file's order; pseudonyms are no leaks."""
    known = known_pseudonyms(cassette.redaction)

    def marked(kind: Kind, value: str) -> str:
        return value if known and digest_of(value) in known else f"\ue000{kind.name}\ue001"

    rules = policy.for_request(request_line(cassette))
    found = []
    outside = replace(cassette, entry=None, interactions=cassette.bootstrap)
    for part, name in ((cassette, ""), (outside, "bootstrap")):
        hidden = hidden_cassette(part, rules, marked)
        for path, _, after in differing(part, hidden):
            if path[-1] == "title" or path[-1] in _FOLLOWING:
                continue
            steps = (name, *path[1:]) if name else path
            kinds = dict.fromkeys(_MARKED.findall(str(after)))
            found.append(Leak(_json_path(steps), tuple(kinds) or ("something encoded",)))
    return found


_FOLLOWING = frozenset({"size", "chunks", "raw", "sha256"})
"""What is said of a body: other than it was where the body is."""


def _json_path(steps: tuple[str | int, ...]) -> str:
    return "$" + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps)

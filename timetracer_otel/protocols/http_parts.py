"""HTTP in the cassette, and the references it is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from timetracer_otel.interaction.parts import InteractionBase, Part, RecordedError

if TYPE_CHECKING:
    from timetracer_otel.interaction.body import Body
    from timetracer_otel.interaction.failures import Failure

__all__ = [
    "BodyPart",
    "HttpInteraction",
    "HttpRequest",
    "HttpRequestRef",
    "HttpResponse",
    "HttpResponseRef",
    "JsonStyle",
    "RawHeaders",
    "header_lines",
    "header_pairs",
]

RawHeaders = Sequence[tuple[bytes, bytes]]
"""Header pairs as the wire gave them: order, case and repetitions kept."""


def header_lines(pairs: RawHeaders) -> list[str]:
    """Pairs as the cassette keeps them, one readable line each."""
    return [f"{bytes(k).decode('latin-1')}: {bytes(v).decode('latin-1')}" for k, v in pairs]


def header_pairs(lines: list[str]) -> RawHeaders:
    """The very pairs again: a header's name holds no colon, its value may."""
    split = (line.partition(": ") for line in lines)
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, _, value in split]


JsonStyle = Literal[
    "",
    "compact",
    "compact-ascii",
    "spaced",
    "spaced-unicode",
    "indent-2",
    "indent-2-ascii",
    "indent-4",
    "indent-4-ascii",
    "compact-line",
    "compact-ascii-line",
    "spaced-line",
    "spaced-unicode-line",
    "indent-2-line",
    "indent-2-ascii-line",
    "indent-4-line",
    "indent-4-ascii-line",
]
"""How a JSON body was spelled: separators, whether ASCII only, whether a newline ends it."""


@dataclass(slots=True)
class HttpRequestRef:
    """A request as a capture module saw it; `url` absolute, headers raw and in order.

    `url` may be any immutable object whose `str` is the URL: that is made on the worker.
    `headers` may be any sequence of pairs, for the same reason.

    `client`, `server` and `root_path` are an entry's: (host, port) pairs and the mount point.
    """

    method: str
    url: object
    headers: RawHeaders
    body: Body | None = None
    http_version: str = ""
    client: tuple[str, int] | None = None
    server: tuple[str, int | None] | None = None
    root_path: str = ""
    route: str = ""


@dataclass(slots=True)
class HttpResponseRef:
    """A response as a capture module saw it.

    `error` is what ended its body early; `extensions` is what the library says besides
    (``stream_id`` under HTTP/2), in JSON's own values.
    """

    status: int
    headers: RawHeaders
    body: Body | None = None
    reason: str = ""
    http_version: str = ""
    error: Failure | None = None
    trailers: list[tuple[bytes, bytes]] = field(default_factory=list)
    extensions: dict[str, object] = field(default_factory=dict)


class BodyPart(Part):
    """A body as it came: exactly one of `json`, `text`, `base64` holds its (decoded) content.

    `json` only where encoding it again gives the same bytes (`style` says how), else `text`,
    else `base64`. `coding` names the content codings that were undone to make it readable, in
    the header's order; `raw` is the coded form (base64) where coding it again would not give
    the same bytes. Who edits the content by hand may leave `raw`, `size` and Content-Length
    alone: a replay notices and serves what was edited.
    `size` counts the bytes as they came; `chunks` their sizes where they came in several.
    A `truncated` body holds its beginning only, with `size` and `sha256` of the whole.
    """

    json: Any = None
    style: JsonStyle = ""
    text: str = ""
    base64: str = ""
    coding: list[str] = []
    raw: str = ""
    size: int = 0
    chunks: list[int] = []
    state: str = "complete"
    truncated: bool = False
    sha256: str = ""


class HttpRequest(Part):
    """The request line, the headers as they came (``Name: value``, latin-1), the body."""

    method: str
    url: str
    http_version: str = ""
    headers: list[str] = []
    body: BodyPart | None = None
    client: tuple[str, int] | None = None
    server: tuple[str, int | None] | None = None
    root_path: str = ""
    route: str = ""


class HttpResponse(Part):
    """The status line, the headers as they came (``Name: value``, latin-1), the body.

    `extensions` is what the client library says besides (``stream_id`` under HTTP/2), and what
    of the bytes on the wire the other fields do not give: see `http_wire`.
    `error` is what ended the body early: the headers had come, the rest did not.
    """

    status: int
    reason: str = ""
    http_version: str = ""
    headers: list[str] = []
    body: BodyPart | None = None
    trailers: list[str] = []
    extensions: dict[str, Any] = {}
    error: RecordedError | None = None


class HttpInteraction(InteractionBase, tag_field="protocol", tag="http", kw_only=True):
    """One HTTP exchange; of an entry, `raised` is what the application raised besides."""

    request: HttpRequest
    response: HttpResponse | None = None
    error: RecordedError | None = None
    raised: RecordedError | None = None

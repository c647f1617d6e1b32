"""HTTP in the cassette, and the references it is made from."""

from __future__ import annotations

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
    "RawHeaders",
    "header_lines",
    "header_pairs",
]

RawHeaders = list[tuple[bytes, bytes]]
"""Header pairs as the wire gave them: order, case and repetitions kept."""


def header_lines(pairs: RawHeaders) -> list[str]:
    """Pairs as the cassette keeps them, one readable line each."""
    return [f"{bytes(k).decode('latin-1')}: {bytes(v).decode('latin-1')}" for k, v in pairs]


def header_pairs(lines: list[str]) -> RawHeaders:
    """The very pairs again: a header's name holds no colon, its value may."""
    split = (line.partition(": ") for line in lines)
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, _, value in split]


@dataclass(slots=True)
class HttpRequestRef:
    """A request as a capture module saw it; `url` absolute, headers raw and in order.

    `client`, `server` and `root_path` are an entry's: (host, port) pairs and the mount point.
    """

    method: str
    url: str
    headers: RawHeaders
    body: Body | None = None
    http_version: str = ""
    client: tuple[str, int] | None = None
    server: tuple[str, int | None] | None = None
    root_path: str = ""
    route: str = ""


@dataclass(slots=True)
class HttpResponseRef:
    """A response as a capture module saw it. `raw_read` says the application read the body
    without decoding its content coding.
    """

    status: int
    headers: RawHeaders
    body: Body | None = None
    reason: str = ""
    http_version: str = ""
    error: Failure | None = None
    trailers: RawHeaders = field(default_factory=list)


class BodyPart(Part):
    """A body as it came: exactly one of `json`, `text`, `base64` holds its (decoded) content.

    `json` only where encoding it again gives the same bytes (`style` says how), else `text`,
    else `base64`. `coding` names the content codings that were undone to make it readable;
    `raw` is the coded form (base64) where coding it again would not give the same bytes.
    `size` counts the bytes as they came; `chunks` their sizes where they came in several.
    A `truncated` body carries `size` and `sha256` of the whole.
    """

    json: Any = None
    style: Literal["", "compact", "spaced"] = ""
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

    `error` is what ended the body early: the headers had come, the rest did not.
    """

    status: int
    reason: str = ""
    http_version: str = ""
    headers: list[str] = []
    body: BodyPart | None = None
    trailers: list[str] = []
    error: RecordedError | None = None


class HttpInteraction(InteractionBase, tag_field="protocol", tag="http", kw_only=True):
    """One HTTP exchange; of an entry, `raised` is what the application raised besides."""

    request: HttpRequest
    response: HttpResponse | None = None
    error: RecordedError | None = None
    raised: RecordedError | None = None

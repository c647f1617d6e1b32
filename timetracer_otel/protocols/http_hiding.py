"""Where an HTTP exchange may hold secrets and personal data: everywhere but in its method."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from timetracer_otel.protocols.bodies import content_bytes
from timetracer_otel.protocols.codings import code
from timetracer_otel.protocols.hiding import Hide, changed, hidden_error
from timetracer_otel.protocols.http_parts import (
    BodyPart,
    HttpInteraction,
    HttpRequest,
    HttpResponse,
)

__all__ = ["hidden", "hidden_form", "hidden_url"]

_PLAIN_COOKIE = re.compile(r"[a-zA-Z0-9]{0,2}|true|false|\d{1,3}", re.IGNORECASE)
_BOUNDARY = re.compile(r'boundary=(?:"([^"]+)"|([^\s;,]+))', re.IGNORECASE)
_PART_NAME = re.compile(rb'[;\s]name="([^"]*)"')
_AFTER_TOKEN = frozenset(
    {
        *("reset", "reset-password", "password-reset", "verify", "confirm", "invite", "invitation"),
        *("activate", "unsubscribe", "magic", "magic-link", "token", "tokens", "verify-email"),
    }
)
_TOKEN_SEGMENT = re.compile(r"(?=[^/]*[0-9])(?=[^/]*[A-Za-z])[A-Za-z0-9._~-]{16,}")
_UNTOLD = frozenset(
    {
        *("accept", "accept-encoding", "connection", "content-length", "content-type", "date"),
        *("transfer-encoding", "traceparent", "etag", "if-none-match", "vary", "server", "age"),
        *("cache-control", "content-encoding", "user-agent", "x-request-id", "expires", "allow"),
        *("last-modified", "accept-ranges", "keep-alive", "content-disposition", "content-range"),
        *("range", "if-match", "x-amz-content-sha256", "x-amz-date", "content-md5", "upgrade"),
        *("x-amzn-requestid", "x-amz-request-id", "x-amz-crc32", "amz-sdk-invocation-id"),
        *("amz-sdk-request", "sec-websocket-key", "sec-websocket-accept", "x-process-time"),
        *("strict-transport-security", "content-security-policy", "b3", "x-amz-id-2"),
    }
)
"""Headers that say something of the message or the trace alone, however much it looks like
base64. All others are looked at."""


def hidden(interaction: HttpInteraction, hide: Hide) -> HttpInteraction:
    """The exchange as it may be seen."""
    found: HttpInteraction = changed(
        interaction,
        request=_request(interaction.request, hide),
        response=_response(interaction.response, hide),
        error=hidden_error(interaction.error, hide),
        raised=hidden_error(interaction.raised, hide),
    )
    return found


def _request(request: HttpRequest, hide: Hide) -> HttpRequest:
    headers = _headers(request.headers, hide)
    body = _body(request.body, request.headers, hide)
    client = request.client
    if client is not None:
        address = hide.text(client[0])
        client = client if address is client[0] else (address, client[1])
    found: HttpRequest = changed(
        request,
        url=hidden_url(request.url, hide, request.route),
        headers=_mended(headers, request.body, body),
        body=body,
        client=client,
    )
    return found


def _response(response: HttpResponse | None, hide: Hide) -> HttpResponse | None:
    if response is None:
        return None
    headers = _headers(response.headers, hide)
    body = _body(response.body, response.headers, hide)
    found: HttpResponse = changed(
        response,
        reason=hide.text(response.reason),
        headers=_mended(headers, response.body, body),
        body=body,
        trailers=_headers(response.trailers, hide),
        extensions=_extensions(response, body is not response.body, hide),
        error=hidden_error(response.error, hide),
    )
    return found


def _extensions(response: HttpResponse, body_changed: bool, hide: Hide) -> dict[str, Any]:
    """What the wire had besides: the framing of a body that is another now is no more of use."""
    extensions = response.extensions
    if not extensions:
        return extensions
    if body_changed and "wire" in extensions:
        extensions = {name: value for name, value in extensions.items() if name != "wire"}
    made = {name: _extension(name, value, hide) for name, value in extensions.items()}
    same = made.keys() == response.extensions.keys() and all(
        value is response.extensions[name] for name, value in made.items()
    )
    return response.extensions if same else made


def _extension(name: str, value: Any, hide: Hide) -> Any:
    if name == "head" and isinstance(value, str):
        lines = value.split("\r\n")
        made = _headers(lines, hide)
        return value if made is lines else "\r\n".join(made)
    return hide.value(value)


# -- headers -----------------------------------------------------------------------------------


def _headers(lines: list[str], hide: Hide) -> list[str]:
    made = [_header(line, hide) for line in lines]
    return lines if all(one is other for one, other in zip(made, lines, strict=True)) else made


def _header(line: str, hide: Hide) -> str:
    name, colon, value = line.partition(":")
    lowered = name.lower()
    if not colon or lowered in _UNTOLD:
        return line
    bare = value.lstrip(" ")
    if lowered == "cookie":
        other = "; ".join(_cookie(each, hide) for each in bare.split("; "))
    elif lowered == "set-cookie":
        first, semicolon, attributes = bare.partition(";")
        other = _cookie(first, hide) + semicolon + attributes
    elif lowered in ("location", "referer", "content-location", "origin"):
        other = hidden_url(bare, hide)
    else:
        other = hide.text(bare, name)
    if other == bare:
        return line
    return name + colon + value[: len(value) - len(bare)] + other


def _cookie(pair: str, hide: Hide) -> str:
    """Of a cookie everything is hidden but what can be no more than a switch."""
    name, equals, value = pair.partition("=")
    bare = value.strip('"')
    if not equals or _PLAIN_COOKIE.fullmatch(bare):
        return pair
    return f"{name}={value.replace(bare, hide.text(bare, 'session cookie'))}"


def _mended(headers: list[str], before: BodyPart | None, after: BodyPart | None) -> list[str]:
    """Content-Length says what is there now, if it said so before."""
    if before is after or before is None or after is None or before.size == after.size:
        return headers
    return [_length(line, after.size) for line in headers]


def _length(line: str, size: int) -> str:
    name, _, value = line.partition(": ")
    return f"{name}: {size}" if name.lower() == "content-length" and value.isdigit() else line


# -- URLs and forms ----------------------------------------------------------------------------


def hidden_url(url: str, hide: Hide, route: str = "") -> str:
    """Path and query; the origin says where a service is, and stays."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "", url
    rest, question, query = rest.partition("?")
    fragment = ""
    if "#" in query:
        query, hash_, fragment = query.partition("#")
        fragment = hash_ + hidden_form(fragment, hide)
    origin, slash, path = rest.partition("/") if mark else ("", "", rest)
    if mark and "@" in origin:
        user, _, host = origin.rpartition("@")
        name, colon, password = user.partition(":")
        origin = f"{hide.text(name, 'username')}{colon}{hide.text(password, 'password')}@{host}"
    made = origin + slash + _path(path, hide, route)
    made += question + (hidden_form(query, hide) if query else "") + fragment
    return url if f"{scheme}{mark}{made}" == url else f"{scheme}{mark}{made}"


def _path(path: str, hide: Hide, route: str) -> str:
    """Segments by the names that the route gives them, or by what stands before them."""
    segments = path.split("/")
    names = [_parameter(part) for part in route.lstrip("/").split("/")]
    if len(names) != len(segments):
        names = [""] * len(segments)
    made = []
    for number, segment in enumerate(segments):
        name = names[number]
        before = segments[number - 1].lower() if number else ""
        if not name and before in _AFTER_TOKEN and _TOKEN_SEGMENT.fullmatch(segment):
            name = "reset token"
        made.append(_spelled(segment, hide, name))
    return "/".join(made)


def _parameter(part: str) -> str:
    """``{token}``, ``{token:str}``, ``<str:token>``."""
    if part[:1] + part[-1:] not in ("{}", "<>"):
        return ""
    one, colon, other = part[1:-1].partition(":")
    return other if colon and part[0] == "<" else one


def _spelled(piece: str, hide: Hide, name: str) -> str:
    """A piece of a URL or a form, quoted as it was."""
    if not piece:
        return piece
    if "%" not in piece and "+" not in piece:
        return hide.text(piece, name)
    plain = unquote(piece.replace("+", " "), errors="surrogateescape")
    made = hide.text(plain, name)
    if made == plain:
        return piece
    return _requoted(piece, plain, made)


def _requoted(piece: str, plain: str, made: str) -> str:
    """Letter by letter as it was spelled, as far as the letters are the same."""
    old = plain.encode("utf-8", "surrogateescape")
    new = made.encode("utf-8", "surrogateescape")
    if len(old) != len(new):
        return quote(new, safe="")
    raw = piece.encode("utf-8", "surrogateescape")
    out, at = [], 0
    for one, other in zip(old, new, strict=True):
        size = 3 if raw[at : at + 1] == b"%" else 1
        if one == other:
            out.append(raw[at : at + size])
        else:
            out.append(b"%%%02X" % other if size == 3 else bytes((other,)))  # noqa: PLR2004
        at += size
    return b"".join(out).decode("utf-8", "surrogateescape")


def hidden_form(text: str, hide: Hide) -> str:
    """``name=value&…``, each value by its name."""
    pairs = text.split("&")
    made = []
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if equals:
            made.append(f"{name}={_spelled(value, hide, unquote(name))}")
        else:
            made.append(_spelled(pair, hide, ""))
    joined = "&".join(made)
    return text if joined == text else joined


# -- bodies ------------------------------------------------------------------------------------


def _body(part: BodyPart | None, headers: list[str], hide: Hide) -> BodyPart | None:
    if part is None or not (part.style or part.text or part.base64 or part.json is not None):
        return part
    made = _content(part, headers, hide)
    if made is part:
        return part
    if part.truncated:
        made.raw = ""
        return made
    if not part.coding:
        size = len(content_bytes(made))
    else:
        coded = code(content_bytes(made), part.coding)
        made.raw = ""
        size = len(coded) if coded is not None else part.size
    if size != part.size:
        made.size, made.chunks = size, []
    return made


def _content(part: BodyPart, headers: list[str], hide: Hide) -> BodyPart:
    """The readable part with what is to be hidden replaced; itself where that is nothing."""
    kind = _content_type(headers)
    if part.style or part.json is not None:
        value = hide.value(part.json)
        return part if value is part.json else changed(part, json=value)
    lowered = kind.lower()
    if lowered.startswith("application/x-www-form-urlencoded"):
        return _of_text(part, lambda text: hidden_form(text, hide))
    if lowered.startswith("multipart/"):
        boundary = _BOUNDARY.search(kind)
        if boundary is not None:
            line = b"--" + (boundary[1] or boundary[2]).encode("latin-1")
            return _of_bytes(part, lambda data: _multipart(data, line, hide))
    if part.text:
        return _of_text(part, hide.text)
    return _of_bytes(part, hide.binary)


def _content_type(headers: list[str]) -> str:
    for line in headers:
        if line[:13].lower() == "content-type:":
            return line[13:].strip()
    return ""


def _of_text(part: BodyPart, hidden_text: Callable[[str], str]) -> BodyPart:
    if not part.text:
        return _of_bytes(
            part, lambda data: hidden_text(data.decode("latin-1")).encode("latin-1", "replace")
        )
    made = hidden_text(part.text)
    return part if made == part.text else changed(part, text=made)


def _of_bytes(part: BodyPart, hidden_bytes: Callable[[bytes], bytes]) -> BodyPart:
    data = content_bytes(part)
    made = hidden_bytes(data)
    if made == data:
        return part
    if part.text:
        return changed(part, text=made.decode("utf-8"))
    return changed(part, base64=base64.b64encode(made).decode("ascii"))


def _multipart(data: bytes, line: bytes, hide: Hide) -> bytes:
    pieces = data.split(line)
    made = [pieces[0]]
    for piece in pieces[1:]:
        head, blank, content = piece.partition(b"\r\n\r\n")
        if not blank:
            made.append(piece)
            continue
        name = _PART_NAME.search(head)
        bare = content.removesuffix(b"\r\n")
        shown = hide.binary(bare, name[1].decode("utf-8", "replace") if name else "")
        made.append(head + blank + shown + content[len(bare) :])
    return line.join(made)

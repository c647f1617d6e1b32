"""One walk through everything that a payload can be, with a word for what is found on the way.

The same walk makes pseudonyms, makes masks, and counts what would leak: they differ in what is
put in the place of what is found.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from timetracer_otel.protocols.bodies import content_bytes, readable_content
from timetracer_otel.redaction.assignments import assignments
from timetracer_otel.redaction.finding import Found
from timetracer_otel.redaction.kinds import Kind
from timetracer_otel.redaction.nesting import (
    inflated,
    is_text,
    requoted,
    runs,
    unquoted_tokens,
)
from timetracer_otel.redaction.policy import OWN, Rules

__all__ = ["Hider", "Replace"]

Replace = Callable[[Kind, str], str]
"""What stands for a value of a kind."""

_MAX_DEPTH = 8
_LEAST = 4
_LONG_KEY = 16
_QUIET = 300
_LEARNED = 6
"""Shorter values are not looked for elsewhere: they would be found in everything."""

_MOST_LEARNED = 1000
_NOTHING = frozenset(
    {"null", "none", "true", "false", "undefined", "redacted", "[redacted]", "n/a", "nil"}
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9-]{2,20}) +(?=\S)")
_SCHEMES = frozenset(
    {"basic", "bearer", "digest", "token", "negotiate", "apikey", "aws4-hmac-sha256", "jwt", "hmac"}
)
_PARAMETER = re.compile(r"([A-Za-z_-]{2,20})=\"?([^\",\s]+)")
_OPEN_PARAMETERS = frozenset({"qop", "algorithm", "realm", "uri", "nc", "SignedHeaders", "opaque"})
_NEUTRAL = frozenset(
    {"S", "N", "B", "SS", "value", "val", "text", "data", "content", "raw", "#text", "_", "values"}
)
_CONTAINERS = frozenset({"secret", "postal address", "basic credentials", "password"})
_NAMING = ("name", "Name", "key", "Key", "field", "header")
_VALUING = ("value", "Value")
_BY_NAME_ALONE = frozenset(
    {"$datetime", "$date", "$time", "$timedelta", "$uuid", "$float", "$range", "$complex"}
)


class Hider:
    """Replaces what `rules` hide. Keeps what it has hidden by name, to find it elsewhere too.

    Values that hold nothing come back as the very objects they were.
    """

    def __init__(self, rules: Rules, replace: Replace) -> None:
        self.rules = rules
        self.learned: dict[str, Kind] = {}
        self.went_inside = False
        self._replace = replace
        self._literals: re.Pattern[str] | None = None
        self._depth = 0
        self._trail: tuple[str, ...] = ()

    # -- what was hidden by name is found wherever else it stands ------------------------------

    def look_for_learned(self) -> None:
        """From here on, what was hidden by its field's name is hidden everywhere."""
        found = sorted(self.learned, key=len, reverse=True)[:_MOST_LEARNED]
        words = [re.escape(each) if not each.isalpha() else rf"\b{each}\b" for each in found]
        self._literals = re.compile("|".join(words)) if words else None

    def _learn(self, value: str, kind: Kind) -> None:
        if len(value) >= _LEARNED and value not in self.learned:
            if len(self.learned) < 10 * _MOST_LEARNED and self.rules.kind_of(value) is None:
                self.learned[value] = kind

    # -- text ----------------------------------------------------------------------------------

    def text(self, text: str, name: str = "") -> str:
        """`text`, the value of a field `name` where it is one."""
        rules = self.rules
        if (name, text) in rules.quiet and self._literals is None:
            return text
        made = self._named_text(text, name) if text else text
        if made is text and len(text) < _QUIET and not rules.is_pathed:
            rules.keep_quiet(name, text)
        return made

    def _named_text(self, text: str, name: str) -> str:
        kind = self.rules.kind_of(name, self._trail) if name else None
        if self.rules.asked is not None and kind is None and self.rules.asked(name, text):
            kind = OWN
        return self.whole(text, kind) if kind is not None else self.free(text, name)

    def whole(self, text: str, kind: Kind) -> str:
        """All of `text` is of `kind`, as its field's name says."""
        bare = text.strip()
        if not bare or bare.lower() in _NOTHING or not bare.strip("*•x.-#"):
            return text
        if self.rules.is_allowed(text):
            return text
        scheme = _SCHEME.match(text)
        if scheme is not None and scheme[1].lower() in _SCHEMES:
            return scheme[0] + self._credentials(scheme[1], text[scheme.end() :], kind)
        if text[0] in "{[" and self._depth < _MAX_DEPTH:
            inner = self._json(text, kind.words[0] if kind.words else "")
            if inner is not None:
                return inner
        found = [f for f in self.rules.finder.find(text) if f.last - f.first == len(text)]
        if found:
            return self._one(text, found[0])
        self._learn(bare, kind)
        if bare == text:
            return self._replace(kind, text)
        return text.replace(bare, self._replace(kind, bare))

    def _credentials(self, scheme: str, rest: str, kind: Kind) -> str:
        if "=" in rest and scheme.lower() in ("digest", "aws4-hmac-sha256", "hmac", "token"):
            return _PARAMETER.sub(lambda found: self._parameter(found, kind), rest)
        whole = f"{scheme} {rest}"
        found = [f for f in self.rules.finder.find(whole) if f.last == len(whole)]
        if found and found[0].first == 0:
            return self._one(whole, found[0])[len(scheme) + 1 :]
        return self.whole(rest, kind)

    def _parameter(self, found: re.Match[str], kind: Kind) -> str:
        if found[1] in _OPEN_PARAMETERS:
            return found[0]
        start = found.start(2) - found.start()
        value = found[2]
        key_id, slash, scope = value.partition("/")  # AWS: Credential=AKIA…/20260131/eu-west-1
        if found[1] == "Credential" and slash:
            return found[0][:start] + self.whole(key_id, kind) + slash + scope
        return found[0][:start] + self.whole(value, kind) + found[0][start + len(value) :]

    def look(self, text: str) -> str:
        """Text in which an equals sign assigns nothing: a statement of SQL."""
        return _woven(text, self._places(text, "", named=False))

    def free(self, text: str, name: str = "") -> str:
        """Text that may say anything: what of it is to be hidden is told by its look."""
        if len(text) < _LEAST or self._depth > _MAX_DEPTH:
            return text
        if text[0] in "{[":
            inner = self._json(text, "")
            if inner is not None:
                return inner
        return _woven(text, self._places(text, name))

    def _places(self, text: str, name: str, *, named: bool = True) -> list[tuple[int, int, str]]:
        """What to put where; the more certain first where two would overlap."""
        places: list[tuple[int, int, str]] = []

        def put(start: int, end: int, other: Callable[[], str]) -> None:
            if all(end <= s or start >= e for s, e, _ in places[-32:]):
                made = other()
                if made != text[start:end]:
                    places.append((start, end, made))

        for start, end, kind in assignments(text, self.rules.kind_of) if named else ():
            put(start, end, lambda s=start, e=end, k=kind: self.whole(text[s:e], k))  # type: ignore[misc]
        if "%" in text:
            for start, end, data in unquoted_tokens(text):
                put(start, end, lambda s=start, e=end, d=data: self._quoted(text[s:e], d))  # type: ignore[misc]
        for found in self.rules.finder.find(text, name):
            put(found.start, found.end, lambda f=found: self._found(text, f))  # type: ignore[misc]
        if len(text) >= 16:  # noqa: PLR2004 - as short as `runs` are
            for start, end, data, spelled in runs(text):
                put(
                    start, end, lambda s=start, e=end, d=data, w=spelled: self._run(text[s:e], d, w)
                )  # type: ignore[misc]
        if self._literals is not None:
            for match in self._literals.finditer(text):
                kind = self.learned[match[0]]
                put(*match.span(), lambda m=match[0], k=kind: self._replace(k, m))  # type: ignore[misc]
        return _apart(places)

    def _found(self, text: str, found: Found) -> str:
        value = text[found.start : found.end]
        return value if self.rules.is_allowed(value) else self._value_of(found.kind, value)

    def _one(self, text: str, found: Found) -> str:
        made = self._value_of(found.kind, text[found.start : found.end])
        self._learn(text[found.start : found.end], found.kind)
        return text[: found.start] + made + text[found.end :]

    def _value_of(self, kind: Kind, value: str) -> str:
        if kind.name != "JWT":
            return self._replace(kind, value)
        head, _, rest = self._replace(kind, value).partition(".")
        claims, mark, signature = rest.partition(".")
        return f"{head}.{self._inside(claims)}{mark}{signature}" if mark else head

    def _inside(self, text: str) -> str:
        for start, end, data, spelled in runs(text):
            if (start, end) == (0, len(text)):
                return self._run(text, data, spelled)
        return text

    def _json(self, text: str, name: str) -> str | None:
        """JSON in a string, spelled as it was; None where that is no JSON, or spelled oddly."""
        try:
            part = readable_content(text.encode("utf-8"))
        except UnicodeEncodeError:
            return None
        if not part.style or not isinstance(part.json, dict | list):
            return None
        self._depth += 1
        try:
            made = self.value(part.json, name)
        finally:
            self._depth -= 1
        if made is part.json:
            return text
        part.json = made
        return content_bytes(part).decode("utf-8")

    def _quoted(self, token: str, data: bytes) -> str:
        made = self._within(data)
        return token if made == data else requoted(token, data, made)

    def _run(self, run: str, data: bytes, spelled: Callable[[bytes], str]) -> str:
        made = self._within(data)
        return run if made == data else spelled(made)

    def _within(self, data: bytes) -> bytes:
        """Bytes that stand in another spelling in a text: none of it was looked at yet."""
        if self._depth >= _MAX_DEPTH:
            return data
        self.went_inside = True
        self._depth += 1
        finder, present = self.rules.finder, self.rules.finder.present
        try:
            finder.present = finder.all
            return self.binary(data)
        finally:
            finder.present = present
            self._depth -= 1

    # -- bytes and values -----------------------------------------------------------------------

    def binary(self, data: bytes, name: str = "") -> bytes:
        """Bytes: as the text they are, or what is packed in them, or the texts among them."""
        if is_text(data):
            return self.text(data.decode("utf-8"), name).encode("utf-8")
        packed = inflated(data)
        if packed is not None:
            content, again = packed
            made = self._within(content)
            return data if made == content else again(made)
        if name and self.rules.kind_of(name, self._trail) is not None:
            return self.whole(data.decode("latin-1"), OWN).encode("latin-1", "replace")
        return self._among(data)

    def _among(self, data: bytes) -> bytes:
        """Pictures, pickles: lengths stand before texts in there, so none may change."""
        text = data.decode("latin-1")
        made = text
        found = [(f.start, f.end, f.kind) for f in self.rules.finder.find(text)]
        if self._literals is not None:
            found += [(*m.span(), self.learned[m[0]]) for m in self._literals.finditer(text)]
        for start, end, kind in found:
            other = self._value_of(kind, text[start:end])
            if len(other) == end - start and other.isascii():
                made = made[:start] + other + made[end:]
        return data if made is text else made.encode("latin-1")

    def value(self, value: Any, name: str = "") -> Any:
        """A value of JSON with tags (see `timetracer_otel.values`), of a field `name`."""
        kind = type(value)
        if kind is str:
            return self.text(value, name)
        if kind is dict:
            return self._object(value, name)
        if kind is list or kind is tuple:
            made = [self.value(item, name) for item in value]
            return value if all(map(_is, made, value)) else made
        if kind is int or kind is float:
            return self._number(value, name)
        return value

    def _number(self, value: float, name: str) -> Any:
        kind = self.rules.kind_of(name, self._trail) if name else None
        text = repr(value)
        if kind is None:
            found = self.rules.finder.find(text, name) if type(value) is int else []
            if not found or found[0].start or found[0].end != len(text):
                return value
            kind = found[0].kind
        made = self._replace(kind, text)
        try:
            return type(value)(made)
        except ValueError:
            return made

    def _object(self, value: dict[str, Any], name: str) -> Any:
        if len(value) == 1:
            tag = next(iter(value))
            if tag[:1] == "$":
                return self._tagged(tag, value, name)
        before = self._trail
        around = self.rules.kind_of(name, before) if name else None
        if name and self.rules.is_pathed:
            self._trail = (*before, name)
        try:
            return self._fields(value, name, around)
        finally:
            self._trail = before

    def _fields(self, value: dict[str, Any], name: str, around: Kind | None) -> Any:
        made: dict[str, Any] = {}
        changed = False
        paired = self._pair_of(value)
        for key, item in value.items():
            if paired and key in _VALUING:
                below = paired
            else:
                below = self._name_below(key, item, name, around) if around is not None else key
            other = self.value(item, below)
            new_key = key
            if len(key) >= _LONG_KEY or "@" in key:
                new_key = self.free(key)
            changed = changed or other is not item or new_key is not key
            made[new_key] = other
        return made if changed else value

    def _name_below(self, key: str, item: Any, name: str, around: Kind) -> str:
        """A field's own name, or that of the object around it where its own says nothing."""
        if self.rules.kind_of(key, self._trail) is not None:
            return key
        if key in _NEUTRAL or key[:1] == "$" or key.isdigit():
            return name
        return name if around.name in _CONTAINERS and type(item) is str else key

    def _pair_of(self, value: dict[str, Any]) -> str:
        """``{"name": "Authorization", "value": "…"}``: the name of the value."""
        if "value" in value or "Value" in value:
            for each in _NAMING:
                if type(value.get(each)) is str:
                    return str(value[each])
        return ""

    def _tagged(self, tag: str, value: dict[str, Any], name: str) -> Any:
        payload = value[tag]
        if tag == "$bytes" and type(payload) is str:
            try:
                data = base64.b64decode(payload, validate=True)
            except (binascii.Error, ValueError):
                return value
            made: Any = self.binary(data, name)
            return value if made == data else {tag: base64.b64encode(made).decode("ascii")}
        if tag in _BY_NAME_ALONE and (not name or self.rules.kind_of(name, self._trail) is None):
            return value
        if tag == "$map" and type(payload) is list:
            pairs = [self._entry(pair) for pair in payload]
            return value if all(map(_is, pairs, payload)) else {tag: pairs}
        made = self.value(payload, name)
        return value if made is payload else {tag: made}

    def _entry(self, pair: Any) -> Any:
        if type(pair) is not list or len(pair) != 2:  # noqa: PLR2004 - key and value
            return self.value(pair)
        key, item = pair
        name = key if type(key) is str else ""
        made = [self.value(key), self.value(item, name)]
        return pair if made[0] is key and made[1] is item else made


def _woven(text: str, places: list[tuple[int, int, str]]) -> str:
    if not places:
        return text
    made, at = [], 0
    for start, end, other in places:
        made += (text[at:start], other)
        at = end
    made.append(text[at:])
    return "".join(made)


def _is(one: object, other: object) -> bool:
    return one is other


def _apart(places: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    places.sort(key=lambda place: place[:2])
    apart: list[tuple[int, int, str]] = []
    for place in places:
        if not apart or place[0] >= apart[-1][1]:
            apart.append(place)
    return apart

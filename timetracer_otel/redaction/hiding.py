"""One walk through everything that a payload can be, with a word for what is found on the way.

The same walk makes pseudonyms, makes masks, and counts what would leak: they differ in what is
put in the place of what is found.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote

from timetracer_otel.protocols.bodies import content_bytes, json_of, readable_content
from timetracer_otel.protocols.http_hiding import hidden_piece
from timetracer_otel.redaction.assignments import assignments
from timetracer_otel.redaction.finding import Found
from timetracer_otel.redaction.kinds import Kind
from timetracer_otel.redaction.names import is_field_name
from timetracer_otel.redaction.nesting import (
    inflated,
    is_text,
    requoted,
    runs,
    unquoted_tokens,
)
from timetracer_otel.redaction.places import Places
from timetracer_otel.redaction.policy import OWN, Rules
from timetracer_otel.values.buffers import load_bytes

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
_QUERY = re.compile(r"[?&]([^=&\s\"'<>?]{1,80})=([^=&\s\"'<>#\\]{1,4000})")
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"')
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
_NUMBERS: set[type] = {int, float, bool, type(None)}
_TEXTS: set[type] = {str, type(None)}
_TELLING_NUMBER = 10**7
"""From here on a number is long enough to be somebody's."""

_ASCII = bytes(each if each < 128 else 0 for each in range(256))  # noqa: PLR2004 - the size of it
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
        self._stands_for = replace
        self._replaced = 0
        self._literals: re.Pattern[str] | None = None
        self._depth = 0
        self._trail: tuple[str, ...] = ()

    def _replace(self, kind: Kind, value: str) -> str:
        self._replaced += 1
        return self._stands_for(kind, value)

    # -- what was hidden by name is found wherever else it stands ------------------------------

    def most_telling(self) -> list[str]:
        """Of what was hidden by its name, what is worth looking for elsewhere: secrets first."""
        order = sorted(self.learned, key=lambda v: (self.learned[v].group != "secret", -len(v)))
        return order[:_MOST_LEARNED]

    def look_for(self, values: Iterable[str]) -> None:
        """From here on, these values are hidden wherever they stand."""
        found = sorted(values, key=len, reverse=True)
        words = [re.escape(each) if not each.isalpha() else rf"\b{each}\b" for each in found]
        self._literals = re.compile("|".join(words)) if words else None

    def _learn(self, value: str, kind: Kind) -> None:
        if len(value) < _LEARNED or value in self.learned or is_field_name(value):
            return
        if len(self.learned) < 10 * _MOST_LEARNED:
            self.learned[value] = kind

    # -- text ----------------------------------------------------------------------------------

    def text(self, text: str, name: str = "") -> str:
        """`text`, the value of a field `name` where it is one."""
        rules = self.rules
        if (name, text) in rules.quiet and self._literals is None:
            return text
        before = self._replaced
        made = self._named_text(text, name) if text else text
        if self._replaced == before and made is text and len(text) < _QUIET and not rules.is_pathed:
            rules.keep_quiet(name, text)
        return made

    def _named_text(self, text: str, name: str) -> str:
        if name and self.rules.is_open(name, self._trail):
            return text
        kind = self.rules.kind_of(name, self._trail) if name else None
        if self.rules.asked is not None and kind is None and self.rules.asked(name, text):
            kind = OWN
        return self.whole(text, kind) if kind is not None else self.free(text, name)

    def whole(self, text: str, kind: Kind) -> str:
        """All of `text` is of `kind`, as its field's name says."""
        if self._stays(text):
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
        bare = text.strip()
        self._learn(bare, kind)
        return text.replace(bare, self._replace(kind, bare))

    def _stays(self, text: str) -> bool:
        """Nothing, what stands for nothing, or what the user says may be seen."""
        bare = text.strip()
        if not bare or bare.lower() in _NOTHING or not bare.strip("*•x.-#"):
            return True
        return self.rules.is_allowed(text)

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
        return self._places(text, "", named=False).woven()

    def free(self, text: str, name: str = "") -> str:
        """Text that may say anything: what of it is to be hidden is told by its look."""
        if len(text) < _LEAST or self._depth > _MAX_DEPTH:
            return text
        if text[0] in "{[":
            inner = self._json(text, "")
            if inner is not None:
                return inner
        return self._places(text, name).woven()

    def _places(self, text: str, name: str, *, named: bool = True, inside: bool = True) -> Places:
        """What to put where; the more certain first where two would overlap."""
        places = Places(text)
        if named:
            self._put_named(places, text, inside=inside)
        if inside and "%" in text:
            for start, end, data in unquoted_tokens(text):
                places.put(start, end, partial(self._quoted, data=data))
        for found in self.rules.finder.find(text, name):
            places.put(found.start, found.end, partial(self._found, kind=found.kind))
        if inside and len(text) >= _LONG_KEY:
            for start, end, data, spelled in runs(text):
                places.put(start, end, partial(self._run, data=data, spelled=spelled))
        if self._literals is not None:
            for match in self._literals.finditer(text):
                places.put(*match.span(), partial(self._replace, self.learned[match[0]]))
        return places

    def _put_named(self, places: Places, text: str, *, inside: bool) -> None:
        if inside and "=" in text and ("?" in text or "&" in text):
            for match in _QUERY.finditer(text):
                piece = partial(hidden_piece, hide=self, name=unquote(match[1]))
                places.put(*match.span(2), piece)
        for start, end, kind in assignments(text, self.rules.kind_of):
            places.put(start, end, partial(self.whole, kind=kind))

    def _found(self, value: str, kind: Kind) -> str:
        return value if self.rules.is_allowed(value) else self._value_of(kind, value)

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
        """JSON in a string, spelled as it was; None where that is no JSON."""
        try:
            part = readable_content(text.encode("utf-8"))
        except UnicodeEncodeError:
            return None
        self._depth += 1
        try:
            if not part.style:
                return self._spelled_json(text, name)
            made = self.value(part.json, name)
        finally:
            self._depth -= 1
        if made is part.json:
            return text
        part.json = made
        return content_bytes(part).decode("utf-8")

    def _spelled_json(self, text: str, name: str) -> str | None:
        """JSON laid out as no writer of ours does: string by string, each by the key before it."""
        try:
            json_of(text.encode("utf-8"))
        except ValueError:
            return None
        places = Places(text)
        for match in _JSON_STRING.finditer(text):
            if text[match.end() : match.end() + 3].lstrip()[:1] == ":":
                name = json.loads(match[0])
            else:
                places.put(*match.span(), partial(self._literal, name=name))
        return places.woven()

    def _literal(self, literal: str, name: str) -> str:
        plain = json.loads(literal)
        made = self.text(plain, name)
        return literal if made == plain else json.dumps(made, ensure_ascii=literal.isascii())

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
        self.went_inside = True
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
        text = data.translate(_ASCII).decode("ascii")
        made = bytearray(data)
        for start, end, other in self._places(text, "", inside=False).changed():
            if other.isascii():
                made[start:end] = other.encode("ascii").ljust(end - start, b"*")[: end - start]
        return data if made == data else bytes(made)

    def value(self, value: Any, name: str = "") -> Any:
        """A value of JSON with tags (see `timetracer_otel.values`), of a field `name`."""
        kind = type(value)
        if kind is str:
            return self.text(value, name)
        if kind is dict:
            return self._object(value, name)
        if kind is list or kind is tuple:
            items = [self.value(item, name) for item in value]
            return value if all(map(_is, items, value)) else items
        if kind is int or kind is float:
            return self._number(value, name)
        return value

    def values(self, values: Sequence[Any], name: str) -> Sequence[Any]:
        """Values of one field `name`, as of a column: themselves where one look finds nothing."""
        kinds = set(map(type, values))
        if kinds <= _NUMBERS and self._are_plain(values, kinds, name):
            return values
        if kinds <= _TEXTS and self._is_nothing_in(values, name):
            return values
        return [self.value(value, name) for value in values]

    def _are_plain(self, numbers: Sequence[Any], kinds: set[type], name: str) -> bool:
        """Whether no number is the value of a telling name, or long enough to be somebody's."""
        rules = self.rules
        if rules.prefilter.takes_anything or (
            name and rules.kind_of(name, self._trail) is not None
        ):
            return False
        whole = [number for number in numbers if type(number) is int] if int in kinds else ()
        return not whole or (max(whole) < _TELLING_NUMBER and min(whole) > -_TELLING_NUMBER)

    def _is_nothing_in(self, texts: Sequence[Any], name: str) -> bool:
        if self._literals is not None or self.rules.asked is not None:
            return False
        # quoted, as the prefilter has texts in JSON: it knows a date by its quotation marks
        everything = '"\n"'.join((name, *(text for text in texts if text is not None)))
        return self.rules.prefilter.nothing_in(f'"{everything}"'.encode("utf-8", "replace"))

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
            if tag == "base64" and type(value[tag]) is str:
                return self._coded(value, name)
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

    def _coded(self, value: dict[str, Any], name: str) -> Any:
        """Bytes that are no text, as the codec of values writes them."""
        try:
            data = load_bytes(value)
        except (binascii.Error, ValueError, TypeError):
            return value
        made = self.binary(data, name)
        return value if made == data else {"base64": base64.b64encode(made).decode("ascii")}

    def _tagged(self, tag: str, value: dict[str, Any], name: str) -> Any:
        payload = value[tag]
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


def _is(one: object, other: object) -> bool:
    return one is other

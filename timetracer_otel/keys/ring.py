"""All keys of a process: what the setting `keys` names, asked no more often than needed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from timetracer_otel.errors import KeyMissing, KeyUnavailable, SettingsError
from timetracer_otel.keys.command import KeyCommand
from timetracer_otel.keys.file import KeyFile
from timetracer_otel.keys.key import KEY_BYTES, Key, Place, Service, WrappingKey
from timetracer_otel.keys.kms import AwsKms
from timetracer_otel.keys.sources import Environment, EnvironmentAndFile, new_key
from timetracer_otel.keys.vault import VaultSecret, VaultTransit
from timetracer_otel.settings import read_settings

if TYPE_CHECKING:
    from typing_extensions import TypeIs

__all__ = ["KeyRing", "absolute", "forget_keys", "keys_in_force", "wraps"]

_PLACES: dict[str, Callable[[str], Place]] = {
    "env": lambda _: Environment(),
    "file": lambda path: KeyFile(Path(path).expanduser()),
    "command": KeyCommand,
    "vault-kv": VaultSecret,
}
_SERVICES: dict[str, Callable[[str], Service]] = {
    "vault-transit": VaultTransit,
    "aws-kms": AwsKms,
}

_FRESH_S = 3600.0
"""How long a wrapping key is used: a key rotated away is not used for longer."""

_PAUSE_S = 10.0
"""After a failure nobody is asked for so long: a recording must not wait for each cassette."""

_PURPOSE = "cassettes"


class _Now(NamedTuple):
    """The key that wraps at present, or why there is none; and how long that holds."""

    until: float
    found: WrappingKey | KeyUnavailable


_NOTHING_YET = _Now(0.0, KeyUnavailable(where="the keys", reason="nobody has asked"))


class KeyRing:
    """Keys of several places and services. The first wraps; all of them open.

    Thread-safe without a lock, which a fork might leave held for ever: at worst a service is
    asked twice.
    """

    def __init__(self, sources: Sequence[Place | Service]) -> None:
        self.sources = list(sources)
        self._fallback = EnvironmentAndFile()
        self._now = _NOTHING_YET
        self._opened: dict[tuple[str, str], WrappingKey] = {}

    @property
    def all(self) -> list[Place | Service]:
        """Every source that is asked, the one that wraps first."""
        return self.sources or [self._fallback]

    # -- keys that are given out: redaction's -------------------------------------------------

    @property
    def places(self) -> list[Place]:
        """Those that give keys out; where there are none, the environment and the user's file."""
        found = [one for one in self.sources if not wraps(one)]
        return found or [self._fallback]

    def current(self) -> Key:
        with _aside():
            return self.places[0].current()

    def named(self, key_id: str) -> Key:
        for place in self.places:
            with suppress(KeyUnavailable), _aside():
                known = {key.id: key for key in place.known()}
                if key_id in known:
                    return known[key_id]
        raise KeyMissing(key_id=key_id, where=_listed(self.places))

    # -- keys that wrap: encryption's ---------------------------------------------------------

    def wrapping_key(self) -> WrappingKey:
        """What data keys are wrapped with at present. Raises `KeyUnavailable`, `SettingsError`."""
        now = self._now
        if monotonic() >= now.until:
            try:
                with _aside():
                    made = self._made()
                now = _Now(monotonic() + _FRESH_S, made)
            except KeyUnavailable as error:
                now = _Now(monotonic() + _PAUSE_S, error)
            self._now = now
        if isinstance(now.found, KeyUnavailable):
            raise now.found
        return now.found

    def _made(self) -> WrappingKey:
        first = self.all[0]
        if not wraps(first):
            key = (first.known() or [first.current()])[
                0
            ]  # redaction's stays the same, this may not
            if not key.lasting:
                reason = "no key could be kept that outlasts this process"
                raise KeyUnavailable(where=first.where, reason=reason)
            found = WrappingKey(key.id, key.derived(_PURPOSE))
        else:
            secret = new_key().secret
            name, wrapped = first.wrap(secret)
            found = WrappingKey(name, secret, wrapped)
        self._opened[found.id, found.wrapped] = found
        return found

    def opened(self, key_id: str, wrapped: str) -> WrappingKey:
        """What a cassette's data key is wrapped with: each is asked for once.

        Raises `KeyMissing`, or `KeyUnavailable` where the service does not open it.
        """
        found = self._opened.get((key_id, wrapped))
        if found is None:
            found = self._unwrapped(key_id, wrapped) if wrapped else self._derived(key_id)
            self._opened[key_id, wrapped] = found
        return found

    def _derived(self, key_id: str) -> WrappingKey:
        return WrappingKey(key_id, self.named(key_id).derived(_PURPOSE))

    def _unwrapped(self, key_id: str, wrapped: str) -> WrappingKey:
        for source in self.sources:
            if wraps(source) and source.is_its_own(key_id):
                with _aside():
                    secret = source.unwrap(key_id, wrapped)
                if len(secret) != KEY_BYTES:
                    raise KeyUnavailable(where=source.where, reason="what it opened is no key")
                return WrappingKey(key_id, secret, wrapped)
        raise KeyMissing(key_id=key_id, where=_listed(self.all))

    def rotate(self) -> str:
        """Wrap with a new key from now on, and say which. Raises `KeyUnavailable`."""
        first = self.all[0]
        if wraps(first):
            first.rotate()
        else:
            first.add(new_key())
        self._now = _NOTHING_YET
        return self.wrapping_key().id


@contextmanager
def _aside() -> Iterator[None]:
    """Asking for a key is no request of the application's: not recorded, and without a span.

    Where nothing records, nothing is loaded for it.
    """
    recording = sys.modules.get("timetracer_otel.recording.current")
    if recording is None:
        yield
        return
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    with recording.unrecorded(), suppress_instrumentation():
        yield


def wraps(source: Place | Service) -> TypeIs[Service]:
    return hasattr(source, "unwrap")


def _listed(sources: Sequence[Place | Service]) -> str:
    return ", ".join(source.where for source in sources)


def _source(word: str) -> Place | Service:
    kind, _, rest = word.partition(":")
    if kind in _PLACES and (rest or kind == "env"):
        return _PLACES[kind](rest)
    if kind in _SERVICES and rest:
        return _SERVICES[kind](rest)
    known = ", ".join(f"`{name}:…`" for name in (*_PLACES, *_SERVICES) if name != "env")
    raise SettingsError(name="keys", source="the settings", reason=f"{word!r}: `env`, {known}")


def absolute(sources: tuple[str, ...]) -> tuple[str, ...]:
    """The same sources for a process that works in another folder."""
    return tuple(
        f"file:{Path(word[5:]).expanduser().absolute()}" if word.startswith("file:") else word
        for word in sources
    )


def keys_in_force(sources: tuple[str, ...] | None = None) -> KeyRing:
    """The keys that the setting `keys` names, or `sources`. Raises `SettingsError`."""
    if sources is None:
        folder = ""
        with suppress(OSError):  # removed meanwhile
            folder = os.getcwd()  # noqa: PTH109 - asked for each of thousands of cassettes
        sources = _configured(os.environ.get("TIMETRACER_KEYS"), folder)
    return _ring(sources)


def forget_keys() -> None:
    """Ask the places again, of which what they said is remembered."""
    _ring.cache_clear()
    _configured.cache_clear()


@cache
def _configured(variable: str | None, folder: str) -> tuple[str, ...]:  # noqa: ARG001 - as long as these are the same, so is the answer
    return read_settings().keys


@cache
def _ring(sources: tuple[str, ...]) -> KeyRing:
    return KeyRing([_source(word) for word in sources])

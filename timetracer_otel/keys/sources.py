"""Where keys come from: the environment, then a file of the user's own, made on first use."""

from __future__ import annotations

import base64
import binascii
import logging
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock

from timetracer_otel.errors import KeyMissing, SettingsError
from timetracer_otel.keys.key import KEY_BYTES, Key, Keys

__all__ = ["ENVIRONMENT", "EnvironmentAndFile", "keys_in_force", "new_key"]

ENVIRONMENT = "TIMETRACER_KEY"
"""Environment variable: a key in base64. Several, separated by blanks: the first is current."""

_LOG = logging.getLogger("timetracer_otel")


def new_key(*, lasting: bool = True) -> Key:
    """A key that nobody else has."""
    return Key(os.urandom(KEY_BYTES), lasting=lasting)


class EnvironmentAndFile:
    """`TIMETRACER_KEY`, else ``~/.config/timetracer/key``; without a home a key in memory.

    A key in memory ends with the process: what was redacted with it stays redacted.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._lock = Lock()
        self._current: Key | None = None

    def current(self) -> Key:
        with self._lock:
            if self._current is None:
                given = _given(self._environ.get(ENVIRONMENT, ""))
                self._current = given[0] if given else self._of_file()
            return self._current

    def named(self, key_id: str) -> Key:
        known = _given(self._environ.get(ENVIRONMENT, ""))
        with suppress(OSError, ValueError):
            known += _decoded(self.file.read_text(encoding="ascii"))
        if self._current is not None:
            known.append(self._current)
        for key in known:
            if key.id == key_id:
                return key
        raise KeyMissing(key_id=key_id, file=str(self.file), variable=ENVIRONMENT)

    @property
    def file(self) -> Path:
        """Where the user's key is, whether there is one or not."""
        configured = self._environ.get("XDG_CONFIG_HOME", "")
        home = Path(configured) if configured.startswith("/") else self._home / ".config"
        return home / "timetracer" / "key"

    @property
    def _home(self) -> Path:
        home = self._environ.get("HOME") or self._environ.get("USERPROFILE")
        return Path(home) if home else Path("~").expanduser()

    def _of_file(self) -> Key:
        try:
            return _read_or_made(self.file)
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            _LOG.warning(
                "no key could be read or kept (%s): what is redacted in this process cannot be "
                "restored. Set %s to 32 bytes in base64 (said once)",
                reason,
                ENVIRONMENT,
            )
            return new_key(lasting=False)


def _read_or_made(file: Path) -> Key:
    """Several processes may start at once: the first to give the file its name wins."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_name(f".key.{os.getpid()}-{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as kept:
                kept.write(base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
            with suppress(FileExistsError):
                os.link(draft, file)
        finally:
            draft.unlink(missing_ok=True)
    found = _decoded(file.read_text(encoding="ascii"))
    if not found:
        raise ValueError(f"{file} holds no key")
    return found[0]


def _given(text: str) -> list[Key]:
    try:
        return _decoded(text)
    except ValueError as error:
        raise SettingsError(name="key", source=ENVIRONMENT, reason=str(error)) from None


def _decoded(text: str) -> list[Key]:
    """The keys of a text. Raises ValueError, which does not say what was in it."""
    found = []
    for word in text.split():
        try:
            found.append(Key(base64.b64decode(word, validate=True)))
        except (binascii.Error, ValueError):
            raise ValueError("not 32 bytes in base64") from None
    return found


@cache
def keys_in_force() -> Keys:
    """The keys of this process."""
    return EnvironmentAndFile()

"""Where keys come from: the environment, then a file of the user's own, made on first use."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock

from timetracer_otel.errors import KeyUnavailable, SettingsError
from timetracer_otel.keys.file import KeyFile
from timetracer_otel.keys.key import KEY_BYTES, Key
from timetracer_otel.keys.texts import read_keys

__all__ = ["ENVIRONMENT", "Environment", "EnvironmentAndFile", "new_key"]

ENVIRONMENT = "TIMETRACER_KEY"
"""Environment variable: a key in base64. Several, separated by blanks: the first is current."""

_LOG = logging.getLogger("timetracer_otel")


def new_key(*, lasting: bool = True) -> Key:
    """A key that nobody else has."""
    return Key(os.urandom(KEY_BYTES), lasting=lasting)


class Environment:
    """`TIMETRACER_KEY` alone."""

    where = f"the environment variable {ENVIRONMENT}"

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    def known(self) -> list[Key]:
        try:
            return read_keys(self._environ.get(ENVIRONMENT, ""))
        except ValueError as error:
            raise SettingsError(name="key", source=ENVIRONMENT, reason=str(error)) from None

    def current(self) -> Key:
        keys = self.known()
        if not keys:
            raise KeyUnavailable(where=self.where, reason="it is not set")
        return keys[0]

    def add(self, key: Key) -> None:
        reason = "it is set from outside: `openssl rand -base64 32` makes a key to be put first"
        raise KeyUnavailable(where=self.where, reason=reason)


class EnvironmentAndFile:
    """`TIMETRACER_KEY`, else ``~/.config/timetracer/key``; without a home a key in memory.

    A key in memory ends with the process: what was redacted with it stays redacted.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._given = Environment(environ)
        self._lock = Lock()
        self._current: Key | None = None

    @property
    def where(self) -> str:
        return f"the environment variable {ENVIRONMENT} or {self.file}"

    def current(self) -> Key:
        with self._lock:
            if self._current is None:
                given = self._given.known()
                self._current = given[0] if given else self._of_file()
            return self._current

    def known(self) -> list[Key]:
        known = self._given.known()
        with suppress(KeyUnavailable):
            known += KeyFile(self.file).known()
        if self._current is not None and self._current not in known:
            known.append(self._current)
        return known

    def add(self, key: Key) -> None:
        if self._given.known():
            self._given.add(key)
        KeyFile(self.file).add(key)
        self._current = key

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
            return KeyFile(self.file).read_or_made()
        except (KeyUnavailable, OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            _LOG.warning(
                "no key could be read or kept (%s): what is redacted in this process cannot be "
                "restored. Set %s to 32 bytes in base64 (said once)",
                reason,
                ENVIRONMENT,
            )
            return new_key(lasting=False)

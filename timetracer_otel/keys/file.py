"""Keys in a file: one on a line, the current one first."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from timetracer_otel.errors import KeyUnavailable
from timetracer_otel.keys.key import KEY_BYTES, Key
from timetracer_otel.keys.texts import read_keys, written

__all__ = ["KeyFile"]


class KeyFile:
    """One file, readable by its owner alone when it was made here."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.where = str(file)

    def known(self) -> list[Key]:
        try:
            return read_keys(self.file.read_text(encoding="ascii"))
        except OSError as error:
            raise self._unavailable(error.strerror or str(error)) from None
        except ValueError as error:
            raise self._unavailable(str(error)) from None

    def current(self) -> Key:
        keys = self.known()
        if not keys:
            raise self._unavailable("it holds no key")
        return keys[0]

    def add(self, key: Key) -> None:
        """Whole or not at all: whoever reads meanwhile has the keys of before."""
        keys = [key, *(self.known() if self.file.exists() else [])]
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._draft(keys).replace(self.file)
        except OSError as error:
            raise self._unavailable(error.strerror or str(error)) from None

    def read_or_made(self) -> Key:
        """Several processes may start at once: the first to give the file its name wins."""
        if not self.file.exists():
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._draft([Key(os.urandom(KEY_BYTES))])
            try:
                with suppress(FileExistsError):
                    os.link(draft, self.file)
            finally:
                draft.unlink(missing_ok=True)
        return self.current()

    def _draft(self, keys: list[Key]) -> Path:
        draft = self.file.with_name(f".key.{os.getpid()}-{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as kept:
            kept.write(written(keys))
            kept.flush()
            os.fsync(kept.fileno())  # a key that is lost is what was encrypted with it lost
        return draft

    def _unavailable(self, reason: str) -> KeyUnavailable:
        return KeyUnavailable(where=self.where, reason=reason)

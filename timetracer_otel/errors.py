"""Every error a user of this package can meet, in one tree.

::

    TimetracerError
    ├── SettingsError            a setting has a value that cannot be meant
    ├── CassetteError            a file that should be a cassette
    │   ├── InvalidCassette      broken, wrong types, too large: file, JSON path, reason
    │   ├── UnsupportedVersion   written by a later version of the format
    │   ├── CannotDecrypt        encrypted with a key that is not to be had
    │   └── ValueDecodingError   a tagged value that means nothing
    │       └── OpaqueValueError a value whose type was unknown when it was recorded
    ├── KeyMissing               what a cassette hides cannot be restored without its key
    ├── KeyUnavailable           a place that keeps keys does not give any
    ├── StoreError               a folder or a file that cannot be written or read
    └── ReplayError
        ├── CannotReplay         the replay could not begin: nothing was compared
        ├── MissingRecording     a call with no recorded answer
        └── BlockedCall          a call that would have left the process

Each class takes structured fields and composes its own message: what happened, the likely
cause, the command that helps.
"""

from __future__ import annotations

__all__ = [
    "BlockedCall",
    "CannotDecrypt",
    "CannotReplay",
    "CassetteError",
    "InvalidCassette",
    "KeyMissing",
    "KeyUnavailable",
    "MissingRecording",
    "OpaqueValueError",
    "ReplayError",
    "SettingsError",
    "StoreError",
    "TimetracerError",
    "UnsupportedVersion",
    "ValueDecodingError",
]


class TimetracerError(Exception):
    """Root of everything this package raises on purpose."""


class SettingsError(TimetracerError):
    """A setting has a value that cannot be meant."""

    def __init__(self, *, name: str, source: str, reason: str) -> None:
        self.name = name
        self.source = source
        self.reason = reason
        super().__init__(f"setting `{name}` from {source}: {reason}")


class CassetteError(TimetracerError):
    """A file that should be a cassette and is not usable as one."""


class InvalidCassette(CassetteError):
    """The file is no cassette: `path` is a JSON path such as ``$.interactions[3].request``."""

    def __init__(self, *, file: str, path: str, reason: str) -> None:
        self.file = file
        self.path = path
        self.reason = reason
        super().__init__(f"{file}: not a valid cassette at `{path}`: {reason}")


class UnsupportedVersion(CassetteError):
    """The file says a format version this release does not know."""

    def __init__(self, *, file: str, version: object, supported: int) -> None:
        self.file = file
        self.version = version
        self.supported = supported
        super().__init__(
            f"{file}: cassette format {version!r} is not supported (this release reads up to "
            f"{supported}); upgrade timetracer-otel"
        )


class ValueDecodingError(CassetteError):
    """A tagged value (``{"$tag": …}``) that cannot be turned back into an object."""

    def __init__(self, *, tag: str, reason: str) -> None:
        self.tag = tag
        self.reason = reason
        super().__init__(f"recorded value {tag!r} cannot be restored: {reason}")


class OpaqueValueError(ValueDecodingError):
    """A value whose type was unknown when it was recorded, now needed by a replay."""

    def __init__(self, *, type_name: str, text: str) -> None:
        self.type_name = type_name
        self.text = text
        super().__init__(
            tag="$opaque",
            reason=f"it was a {type_name} ({text}), a type that is not recorded by value",
        )


class CannotDecrypt(CassetteError):
    """An encrypted cassette, and no key that opens it. `key_id` names the key it takes."""

    def __init__(self, *, file: str, key_id: str, reason: str) -> None:
        self.file = file
        self.key_id = key_id
        self.reason = reason
        super().__init__(f"{file}: encrypted with the key {key_id}: {reason}")


class KeyMissing(TimetracerError):
    """A key that a cassette names is in none of the places that are known."""

    def __init__(self, *, key_id: str, where: str) -> None:
        self.key_id = key_id
        self.where = where
        super().__init__(
            f"the key {key_id} is not in {where}: what was made with it cannot be read. Put it "
            f"there (32 bytes in base64), or say with the setting `keys` where it is"
        )


class KeyUnavailable(TimetracerError):
    """A place that keeps keys gives none: it cannot be reached, refuses, or has none."""

    def __init__(self, *, where: str, reason: str) -> None:
        self.where = where
        self.reason = reason
        super().__init__(f"no key from {where}: {reason}")


class StoreError(TimetracerError):
    """A folder or a file of cassettes cannot be written or read."""

    def __init__(self, *, path: str, reason: str, hint: str = "") -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}" + (f"; {hint}" if hint else ""))


class ReplayError(TimetracerError):
    """Anything that stops a replay from telling the truth."""


class CannotReplay(ReplayError):
    """The replay could not begin, so there is nothing to compare."""

    def __init__(self, *, subject: str, reason: str, hint: str = "") -> None:
        self.subject = subject
        self.reason = reason
        super().__init__(f"cannot replay {subject}: {reason}" + (f"; {hint}" if hint else ""))


class MissingRecording(ReplayError):
    """A call with no recorded answer. Replay never guesses, so this is loud.

    `asked` and `nearest` are one-line titles; `difference` names the first field in which the
    nearest recorded call differs (JSON path, recorded value, live value), or is empty.
    """

    def __init__(
        self,
        *,
        library: str,
        asked: str,
        nearest: str,
        difference: str,
        cassette: str,
        hint: str = "",
    ) -> None:
        self.library = library
        self.asked = asked
        self.nearest = nearest
        self.difference = difference
        self.cassette = cassette
        near = f"; nearest recorded call: {nearest}" if nearest else "; nothing like it is recorded"
        differs = f" (differs in {difference})" if difference else ""
        advice = hint or (
            "Record the request again with `timetracer record -- COMMAND`, or keep this "
            f"dependency live with `--live {library}`"
        )
        super().__init__(
            f"no recorded answer for {library} call {asked}{near}{differs}. "
            f"Cassette: {cassette}. {advice}"
        )


class BlockedCall(ReplayError):
    """A network call that would have left the process during a replay."""

    def __init__(self, *, target: str, library: str, line: str, hint: str = "") -> None:
        self.target = target
        self.library = library
        self.line = line
        named = " " not in library  # the application itself is none
        permits = hint and f". {hint}"
        permits = permits or f"; `--live {library}` permits it for one library" if named else ""
        super().__init__(
            f"blocked: {library} tried to reach {target} during replay, at {line}. Replay never "
            f"goes out on the network{permits}"
        )

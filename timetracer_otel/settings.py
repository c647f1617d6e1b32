"""All settings, read in one place.

Precedence, strongest first: keyword arguments, the environment (``TIMETRACER_*``),
``[tool.timetracer]`` in the nearest ``pyproject.toml`` (of the working directory or above),
the defaults below.
"""

from __future__ import annotations

import math
import os
import re
import signal
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from timetracer_otel.errors import SettingsError
from timetracer_otel.sampling.debug_header import MIN_KEY
from timetracer_otel.sampling.patterns import header_rule, status_range

__all__ = ["CLEAR_FIELDS", "Settings", "environment_of", "read_settings"]

CLEAR_FIELDS = ("method", "route", "status", "time", "duration", "service", "error")
"""What an encrypted cassette may say to those who have no key."""

Mode = Literal["off", "record", "replay"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value per setting; each is `TIMETRACER_<NAME>` in the environment.

    `mode`: ``record`` (default under the exporter), ``replay``, or ``off``.
    `dir`: folder of cassettes, created when the first one is written.
    `cassette`: in replay, the cassettes or folders to answer from.
    `capture`: names of the libraries to capture; empty means all that are installed.
    `live`: in replay, libraries that may go out to the real service.
    `exclude_paths`, `include_paths`: regular expressions; requests whose path matches are not
    recorded, or no others are. `exclude_routes`, `include_routes`: the same of route templates.
    `sample_rate`: the share of traces that is kept, by trace ID.
    `errors_only`, `slower_than_ms`, `statuses`, `headers`, `users`: keep only what failed, took
    longer, was answered so (``404``, ``400-499``, ``5xx``), carried every such header (``name``
    or ``name=regex``), or was asked by one of these users.
    `first_per_hour`: kept of each route in an hour at most.
    `always_errors`: what failed is kept whatever came of it and however much there is.
    `debug_key`: secret with which a header is signed that has its request always kept.
    `switch_file`: while this file says ``off``, nothing is recorded. `switch_signal`: the signal
    that turns recording off, and on again.
    `compression`: ``none`` or ``gzip``.
    `encryption`: ``on`` encrypts every cassette; `clear_fields` are what its file says all the
    same, in its name and its header: some of `CLEAR_FIELDS`.
    `keys`: where keys are, the first one's for new cassettes: ``env``, ``file:PATH``,
    ``command:LINE``, ``vault-kv:PATH``, ``vault-transit:NAME``, ``aws-kms:KEY``.
    `writer`: who writes cassettes: a ``thread`` of the application, a ``process`` beside it, or
    ``auto``: the thread until there is much to write, then the process.
    `max_body_kb`, `max_trace_kb`, `max_memory_mb`: what one body, one trace and all open
    recordings may hold in memory; beyond it the recording is cut, marked and counted.
    `max_traces`, `max_queue`: open traces, and complete traces waiting to be written; beyond
    it whole recordings are dropped and counted.
    `max_rows`: rows kept of one SQL answer.
    `max_disk_mb`: what all cassettes in `dir` may take; 0 is no limit. `disk_full` says what
    happens then: the ``oldest`` or the ``largest`` are removed, or writing has to ``stop``.
    `trace_timeout_s`: a trace still open after this is written as far as it came.
    `clock`, `randomness`: record what the request read from the clock and drew at random.
    `redaction`: ``on`` hides secrets and personal data before anything is written; `seal` keeps
    what was hidden, encrypted, for whoever has the key.
    `redact_fields`, `redact_allow`, `redact_patterns`: more fields that are hidden; fields, kinds
    and ``/values/`` that are not; regular expressions of what else is. `redact_function` is
    ``module:function``, asked about each text with its field's name.
    `banner`: the line at start that says what is captured.
    """

    mode: Mode = "record"
    dir: str = "./cassettes"
    cassette: tuple[str, ...] = ()
    capture: tuple[str, ...] = ()
    live: tuple[str, ...] = ()
    exclude_paths: tuple[str, ...] = ()
    include_paths: tuple[str, ...] = ()
    exclude_routes: tuple[str, ...] = ()
    include_routes: tuple[str, ...] = ()
    sample_rate: float = 1.0
    errors_only: bool = False
    always_errors: bool = False
    slower_than_ms: float = 0.0
    statuses: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    first_per_hour: int = 0
    debug_key: str = ""
    switch_file: str = ""
    switch_signal: str = ""
    compression: Literal["none", "gzip"] = "none"
    encryption: Literal["off", "on"] = "off"
    clear_fields: tuple[str, ...] = ("method", "route", "status", "time")
    keys: tuple[str, ...] = ()
    writer: Literal["auto", "thread", "process"] = "auto"
    max_body_kb: int = 16 * 1024
    max_trace_kb: int = 32 * 1024
    max_memory_mb: int = 256
    max_traces: int = 1000
    max_queue: int = 1000
    max_rows: int = 100_000
    max_disk_mb: int = 0
    disk_full: Literal["oldest", "largest", "stop"] = "oldest"
    trace_timeout_s: float = 60.0
    clock: bool = True
    randomness: bool = True
    redaction: Literal["on", "off"] = "on"
    seal: bool = True
    redact_fields: tuple[str, ...] = ()
    redact_allow: tuple[str, ...] = ()
    redact_patterns: tuple[str, ...] = ()
    redact_function: str = ""
    banner: bool = True

    @property
    def switched_off(self) -> frozenset[str]:
        """The names of the settings that are False: what a library module may depend on."""
        return frozenset(name for name in ("clock", "randomness") if not getattr(self, name))

    @property
    def max_body_bytes(self) -> int:
        """Bytes kept of one body."""
        return self.max_body_kb * 1024

    @property
    def max_trace_bytes(self) -> int:
        """Bytes kept of one trace, all payloads together."""
        return self.max_trace_kb * 1024

    @property
    def max_disk_bytes(self) -> int:
        """Bytes that all cassettes in the folder may take; 0 is no limit."""
        return self.max_disk_mb * 1024 * 1024

    @property
    def max_memory_bytes(self) -> int:
        """Bytes kept of all open and unwritten traces together."""
        return self.max_memory_mb * 1024 * 1024


_PREFIX = "TIMETRACER_"
_PATTERNS = ("exclude_paths", "include_paths", "exclude_routes", "include_routes")
_LISTS = (
    *("cassette", "capture", "live", "statuses", "headers", "users", *_PATTERNS),
    *("redact_fields", "redact_allow", "redact_patterns", "clear_fields", "keys"),
)


def read_settings(
    environ: Mapping[str, str] | None = None, folder: Path | None = None, **keywords: Any
) -> Settings:
    """The settings in force. Raises `SettingsError` naming the setting and where it was set."""
    merged: dict[str, Any] = {}
    for source, values in (
        ("pyproject.toml", _from_pyproject(folder)),
        ("the environment", _from_environment(os.environ if environ is None else environ)),
        ("the call", keywords),
    ):
        for name, value in values.items():
            merged[name] = _checked(name, value, source)
    return Settings(**merged)


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment variables that give a child process exactly these settings.

    All of them: what is left out would come from the child's own environment or project.
    """
    return {
        _PREFIX + name.upper(): _as_text(getattr(settings, name))
        for name in Settings.__struct_fields__
    }


def _as_text(value: object) -> str:
    if isinstance(value, tuple):
        return "\n".join(value) + "\n"
    return str(value).lower() if isinstance(value, bool) else str(value)


_TYPES = {field.name: field.type for field in msgspec.structs.fields(Settings)}


def _checked(name: str, value: Any, source: str) -> Any:
    if name not in _TYPES:
        known = ", ".join(sorted(_TYPES))
        raise SettingsError(name=name, source=source, reason=f"unknown; known are {known}")
    if name in _LISTS and isinstance(value, str):
        value = tuple(part.strip() for part in _split(value) if part.strip())
    try:
        found = msgspec.convert(value, _TYPES[name], strict=False)
        _check_meaning(name, found)
    except (msgspec.ValidationError, ValueError) as error:
        raise SettingsError(name=name, source=source, reason=str(error)) from None
    return found


def _check_meaning(name: str, value: Any) -> None:
    """What the type alone does not say. Raises ValueError."""
    if name in _PATTERNS or name == "redact_patterns":
        for pattern in value:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    elif name == "clear_fields":
        unknown = [field for field in value if field not in CLEAR_FIELDS]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is none of {', '.join(CLEAR_FIELDS)}")
    elif type(value) in {int, float} and not 0 <= value < math.inf:
        raise ValueError(f"{value} is no size, number or time: 0 or more")
    elif name in _MEANINGS:
        _MEANINGS[name](value)


def _check_rate(value: float) -> None:
    if value > 1:
        raise ValueError(f"{value:g} is no share of all: 0 to 1")


def _check_key(value: str) -> None:
    if 0 < len(value) < MIN_KEY:
        raise ValueError(f"a key of {len(value)} characters is no secret: {MIN_KEY} or more")


def _check_signal(value: str) -> None:
    if value and not (value.startswith("SIG") and hasattr(signal, value)):
        raise ValueError(f"{value!r} is no signal: SIGUSR2 is one")


_MEANINGS: dict[str, Callable[[Any], object]] = {
    "sample_rate": _check_rate,
    "debug_key": _check_key,
    "switch_signal": _check_signal,
    "statuses": lambda value: [status_range(text) for text in value],
    "headers": lambda value: [header_rule(text) for text in value],
}


def _split(value: str) -> list[str]:
    """At line ends if there are any (paths and patterns may hold commas), else at commas."""
    return value.splitlines() if "\n" in value else value.split(",")


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Unknown TIMETRACER_ variables are left alone: other tools may share the prefix."""
    found = {}
    for name in _TYPES:
        value = environ.get(_PREFIX + name.upper())
        if value is not None:
            found[name] = value
    return found


def _from_pyproject(folder: Path | None) -> dict[str, Any]:
    try:
        start = folder or Path.cwd()
        for parent in (start, *start.parents):
            file = parent / "pyproject.toml"
            if file.is_file():
                return _table_of(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        pass  # unreadable: not ours to complain about, its owner's tools will
    return {}


def _table_of(project: dict[str, Any]) -> dict[str, Any]:
    tools = project.get("tool")
    table = tools.get("timetracer") if isinstance(tools, dict) else None
    if not isinstance(table, dict):
        return {}
    found = {str(key).replace("-", "_"): value for key, value in table.items()}
    rules = found.get("redaction")
    if isinstance(rules, dict):  # `[tool.timetracer.redaction]`
        del found["redaction"]
        found.update((_rule_name(str(key)), value) for key, value in rules.items())
    return found


def _rule_name(key: str) -> str:
    """``fields`` of the table is the setting `redact_fields`."""
    name = key.replace("-", "_")
    return {"mode": "redaction", "seal": "seal"}.get(name, f"redact_{name}")

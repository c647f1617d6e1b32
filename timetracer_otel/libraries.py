"""What is known about a client library or framework: the one shape of every library module."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import metadata
from types import ModuleType

from packaging.specifiers import SpecifierSet

from timetracer_otel.patching import Change, Ledger, WhenImported

__all__ = [
    "NOT_CHOSEN",
    "NOT_INSTALLED",
    "Installation",
    "Instrumentor",
    "Library",
    "Status",
    "library_modules",
    "status_of",
]

NOT_INSTALLED = "not installed"
NOT_CHOSEN = "not chosen by `capture`"

_LOG = logging.getLogger("timetracer_otel")


@dataclass(frozen=True, slots=True)
class Instrumentor:
    """An OpenTelemetry instrumentor: its entry point, class, distribution and our options."""

    entry_point: str
    class_name: str
    distribution: str
    options: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Library:
    """One library, on the side of capture or on the side of replay.

    `distribution` and `versions` say what must be installed (PEP 440); what comes with Python
    has no distribution. `changes` are applied when the application has imported `module`, and
    at once to what comes with Python and has no instrumentor. `requires_span` libraries are
    captured only when `instrumentor` is installed too, since nothing else gives them a span.
    `switch` names the boolean setting that turns the module off.
    """

    name: str
    protocol: str
    module: str
    distribution: str
    versions: str
    changes: tuple[Change, ...] = ()
    instrumentor: Instrumentor | None = None
    requires_span: bool = False
    extra: str = ""
    switch: str = ""
    notes: dict[str, str] = field(default_factory=dict)

    def in_replay(self, changes: tuple[Change, ...]) -> Library:
        """The same library on the side of replay, which changes other things in it."""
        known = (self.name, self.protocol, self.module, self.distribution, self.versions)
        return Library(*known, changes)


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a library is captured here, and if not, why.

    `version` is empty for what is absent, and for what comes with Python.
    """

    name: str
    version: str
    captured: bool
    reason: str = ""


def status_of(
    library: Library, wanted: tuple[str, ...] = (), off: frozenset[str] = frozenset()
) -> Status:
    """What can be said of `library` before anything is patched; `off` holds switches."""
    if library.switch in off:
        reason = f"switched off by `{library.switch}`"
        return Status(library.name, "", captured=False, reason=reason)
    if not library.distribution:
        chosen = not wanted or library.instrumentor is None or library.name in wanted
        reason = "" if chosen else NOT_CHOSEN
        return Status(library.name, "", captured=chosen, reason=reason)
    try:
        version = metadata.version(library.distribution)
    except metadata.PackageNotFoundError:
        return Status(library.name, "", captured=False, reason=NOT_INSTALLED)
    if wanted and library.name not in wanted:
        return Status(library.name, version, captured=False, reason=NOT_CHOSEN)
    if version not in SpecifierSet(library.versions, prereleases=True):
        reason = f"version {version} is not supported ({library.versions})"
        return Status(library.name, version, captured=False, reason=reason)
    reason = _spanless(library)
    return Status(library.name, version, captured=not reason, reason=reason)


def _spanless(library: Library) -> str:
    """Why nothing would give `library` a span, or an empty string."""
    if not library.requires_span or library.instrumentor is None:
        return ""
    try:
        metadata.version(library.instrumentor.distribution)
    except metadata.PackageNotFoundError:
        needed = library.instrumentor.distribution
        return f"needs {needed}; install timetracer-otel[{library.extra or library.name}]"
    return ""


def library_modules(package: ModuleType) -> list[Library]:
    """The `LIBRARY` of every module in a folder of library modules, by name."""
    found = []
    for info in pkgutil.iter_modules(package.__path__):
        try:
            module = importlib.import_module(f"{package.__name__}.{info.name}")
        except Exception:  # noqa: BLE001 - one broken module must not cost the others
            _LOG.exception("%s.%s cannot be loaded", package.__name__, info.name)
            continue
        library = getattr(module, "LIBRARY", None)
        if isinstance(library, Library):
            found.append(library)
    return sorted(found, key=lambda library: library.name)


class Installation:
    """The library modules of one folder, put in place and taken away again."""

    def __init__(self, package: ModuleType) -> None:
        self._package = package
        self.applied: Callable[[Library], None] = lambda _library: None
        """Called when a library's changes are made: its module is imported."""
        self._ledgers: dict[str, Ledger] = {}
        self._statuses: dict[str, Status] = {}

    def install(
        self, wanted: tuple[str, ...] = (), off: frozenset[str] = frozenset()
    ) -> list[Status]:
        """Change every installed and supported library, once; one failing stops no other.

        One that is not imported yet is changed when the application imports it.
        `wanted` names libraries, none meaning all; `off` names switches that are off.
        """
        for library in library_modules(self._package):
            if library.name not in self._ledgers:
                self._statuses[library.name] = self._apply(library, status_of(library, wanted, off))
        return self.statuses()

    def _apply(self, library: Library, status: Status) -> Status:
        if not status.captured:
            return status
        ledger = Ledger()
        try:
            ledger.apply(self._changes(library))
        except Exception as error:  # noqa: BLE001 - a foreign import may fail in any way; the others go on
            _LOG.warning("%s cannot be captured: %s", library.name, error)
            return Status(library.name, status.version, captured=False, reason=str(error))
        self._ledgers[library.name] = ledger
        return status

    def _changes(self, library: Library) -> Sequence[Change]:
        if not library.distribution and library.instrumentor is None:
            return library.changes
        # what waits for a module of its own waits from now on: that module may be half imported
        # when `module` is, and it is too late then (an instrumentor imports what it instruments)
        elsewhere = [change for change in library.changes if isinstance(change, WhenImported)]
        own = tuple(change for change in library.changes if change not in elsewhere)
        return [*elsewhere, WhenImported(library.module, own, partial(self._has_applied, library))]

    def _has_applied(self, library: Library) -> None:
        self.applied(library)

    def statuses(self) -> list[Status]:
        """What the last installation found, by name."""
        return [self._statuses[name] for name in sorted(self._statuses)]

    def uninstall(self) -> None:
        """Restore every library to the very functions it had."""
        for name in reversed(list(self._ledgers)):
            self._ledgers.pop(name).restore()
        self._statuses.clear()

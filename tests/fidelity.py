"""`pytest --fidelity`: the conformance suites alone, and what they found in docs/fidelity.md.

A conformance suite is a folder of `SUITES` with a test of the name `test_replayed_as_recorded`: one
test for each case (its parameter `name`) with each client (its parameter `kind`, or `driver`).
"""

from __future__ import annotations

import platform
import re
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "fidelity.md"
TEST = "test_replayed_as_recorded"

SUITES = {
    "http": {"httpx": "httpx", "httpx2": "httpx2"},
    "aiohttp_client": {"": "aiohttp"},
    "wire": {
        "requests": "requests",
        "urllib3": "urllib3",
        "stdlib": "urllib, http.client",
        "boto3": "botocore",
    },
    "sql": {"": "sqlalchemy"},
    "asyncpg_driver": {"": "asyncpg"},
    "drivers": {
        "psycopg": "psycopg",
        "psycopg2": "psycopg2",
        "pymysql": "pymysql",
        "mysqlclient": "mysqlclient",
        "aiopg": "aiopg",
        "aiomysql": "aiomysql",
        "sqlite3": "sqlite3",
        "aiosqlite": "aiosqlite",
    },
    "redis_client": {"": "redis"},
    "memcached": {"": "pymemcache"},
    "mongodb": {"": "pymongo"},
    "smtp": {"smtplib": "smtplib", "aiosmtplib": "aiosmtplib"},
}
"""The library that a client belongs to, by folder and by what the client's name begins with."""

_HEAD = """# Fidelity

What an application sees of a replayed call has to be what it saw of the live one. Each case below
is a small program that uses a client library as applications do. It is recorded against a real
server; the server is stopped; the case is replayed in a new process; and all that it saw is
compared: values and their types, headers, chunks, the objects' public attributes, exceptions with
their attributes and causes.

*Same* means equal in all of that. Everything else is called out with its reason. `make fidelity`
writes this page from the outcomes of the tests.
"""
_TABLE = "| library | version | client | cases | same | differing |\n|---|---|---|---|---|---|"


class Case(NamedTuple):
    """One case with one client of a library."""

    library: str
    client: str
    name: str


@dataclass
class Outcomes:
    """What became of the cases: an empty reason means the same."""

    reasons: dict[Case, str]
    skipped: dict[Case, str]


def case_of(item: pytest.Item) -> Case | None:
    """The case that a test runs, if it is one of a conformance suite."""
    suite = SUITES.get(item.path.parent.name)
    if suite is None or getattr(item, "originalname", "") != TEST:
        return None
    parameters = item.callspec.params  # type: ignore[attr-defined]
    kind = str(parameters.get("kind", parameters.get("driver", "")))
    beginnings = [
        beginning for beginning in suite if beginning in {"", kind, re.split("[-_]", kind)[0]}
    ]
    library = suite[beginnings[0]]
    return Case(library, kind or library, parameters["name"])


def page(outcomes: Outcomes, before: str = "") -> str:
    """All of docs/fidelity.md; a library that was not run stays as it is in the page `before`."""
    by_library: dict[str, dict[Case, str]] = defaultdict(dict)
    for case, reason in sorted(outcomes.reasons.items()):
        by_library[case.library][case] = reason
    rows, sections = _rows_of(before), _sections_of(before)
    for library, reasons in by_library.items():
        rows[library] = list(_rows(library, reasons))
        sections[library] = "\n".join(_section(reasons))
    libraries = [name for suite in SUITES.values() for name in suite.values() if name in sections]
    lines = [row for library in libraries for row in rows[library]]
    texts = [f"## {library}\n\n{sections[library].strip()}\n" for library in libraries]
    return "\n".join([_HEAD, _TABLE, *lines, "", *texts])


def _rows_of(page: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for library, rest in re.findall(r"^\| (.*?) (\| .* \|)$", page, re.MULTILINE):
        found[library].append(f"| {library} {rest}")
    return found


def _sections_of(page: str) -> dict[str, str]:
    parts = re.split(r"^## (.*)$", page, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _rows(library: str, reasons: dict[Case, str]) -> Iterator[str]:
    by_client: dict[str, list[str]] = defaultdict(list)
    for case, reason in reasons.items():
        by_client[case.client].append(reason)
    for client, found in by_client.items():
        same = found.count("")
        numbers = f"{len(found)} | {same} | {len(found) - same}"
        yield f"| {library} | {_version(library)} | {client} | {numbers} |"


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:  # it comes with Python
        return "Python " + ".".join(platform.python_version_tuple()[:2])


def _section(reasons: dict[Case, str]) -> Iterator[str]:
    differing = [f"- {case.client}, {_said(case)}: {why}" for case, why in reasons.items() if why]
    if differing:
        yield "Differing:\n"
        yield from differing
        yield ""
    clients: dict[str, list[str]] = defaultdict(list)
    for case in reasons:
        clients[_said(case)].append(case.client)
    cases: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, with_them in clients.items():
        cases[tuple(with_them)].append(name)
    for with_them, names in sorted(cases.items(), key=lambda pair: (-len(pair[0]), pair[0])):
        yield _wrapped(
            f"With {', '.join(with_them)} ({len(names)}): {' · '.join(sorted(names))}.\n"
        )


def _said(case: Case) -> str:
    return case.name.replace("_", " ")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


# -- the hooks ------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fidelity",
        action="store_true",
        help="run the conformance suites alone and write docs/fidelity.md",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the cases, each with a note of what it is: a report tells no more of its test."""
    if not config.getoption("--fidelity"):
        return
    kept, others = [], []
    for item in items:
        case = case_of(item)
        if case is None:
            others.append(item)
        else:
            item.user_properties.append(("fidelity", tuple(case)))
            kept.append(item)
    items[:] = kept
    config.hook.pytest_deselected(items=others)


class Collector:
    """Keeps what the tests report, and writes the page when all have."""

    def __init__(self) -> None:
        self.outcomes = Outcomes({}, {})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == "fidelity":
                self._note(Case(*value), report)  # type: ignore[misc]

    def _note(self, case: Case, report: pytest.TestReport) -> None:
        if report.failed:
            self.outcomes.reasons[case] = "not explained yet"
        elif report.skipped and hasattr(report, "wasxfail"):
            self.outcomes.reasons[case] = report.wasxfail.removeprefix("reason: ")
        elif report.skipped:
            self.outcomes.skipped[case] = str(report.longrepr)
        elif report.when == "call":
            self.outcomes.reasons[case] = ""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.outcomes.skipped:
            terminalreporter.write_line(
                f"{len(self.outcomes.skipped)} cases were skipped: {PAGE} is kept"
            )
        elif self.outcomes.reasons:
            before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
            PAGE.write_text(page(self.outcomes, before), encoding="utf-8")
            terminalreporter.write_line(f"{len(self.outcomes.reasons)} cases: {PAGE}")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--fidelity") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector(), "fidelity-collector")

"""Documentation that leaves nothing out: what can be used is written down."""

from __future__ import annotations

import re
import tomllib
from itertools import chain
from pathlib import Path

import msgspec
import pytest
import typer.main

import timetracer_otel.capture
import timetracer_otel.replay.libraries
from timetracer_otel import errors
from timetracer_otel.cli.main import app
from timetracer_otel.libraries import library_modules
from timetracer_otel.settings import Settings
from timetracer_otel.values.table import TAGS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("examples/**/*.md")])
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
LIBRARIES = sorted(
    {
        library.name
        for package in (timetracer_otel.capture, timetracer_otel.replay.libraries)
        for library in library_modules(package)
    }
)

REPLAYED = [library.name for library in library_modules(timetracer_otel.replay.libraries)]
WITHOUT_A_SUITE = {"django", "psycopg2"}
"""What is compared elsewhere: whole applications, and SQLAlchemy's cases with that driver."""


def _text(*parts: str) -> str:
    return DOCS.joinpath(*parts).read_text(encoding="utf-8")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_page_with_all_its_options_and_examples(command: str) -> None:
    page = _text("commands", f"{command}.md")
    options = chain.from_iterable(parameter.opts for parameter in COMMANDS[command].params)
    missing = [name for name in options if name.startswith("-") and f"`{name}" not in page]
    assert not missing
    examples = re.findall(r"^ +\$ (.*)$", COMMANDS[command].epilog, re.MULTILINE)
    assert examples
    assert [example for example in examples if f"    {example}\n" not in page] == []


@pytest.mark.parametrize("setting", msgspec.structs.fields(Settings), ids=lambda field: field.name)
def test_every_setting_is_in_the_table_with_its_default(
    setting: msgspec.structs.FieldInfo,
) -> None:
    (row,) = re.findall(rf"^\| `{setting.name}` \| (.*?) \| ", _text("settings.md"), re.MULTILINE)
    default = setting.default
    if default and isinstance(default, tuple):
        assert row == ", ".join(f"`{item}`" for item in default)
    elif isinstance(default, tuple) or default == "":
        assert row in {"none", "all"}
    elif isinstance(default, bool | str):
        assert row == f"`{str(default).lower()}`"
    else:
        assert row == f"{default:g}"


@pytest.mark.parametrize("library", LIBRARIES)
def test_every_library_has_a_page(library: str) -> None:
    assert _text("libraries", f"{library}.md").startswith("# ")


@pytest.mark.parametrize("library", sorted({*REPLAYED} - WITHOUT_A_SUITE))
def test_every_client_library_is_in_the_table_of_fidelity(library: str) -> None:
    """`make fidelity` writes it."""
    rows = re.findall(r"^\| (.*?) \| ", _text("fidelity.md"), re.MULTILINE)
    assert library in ", ".join(rows).split(", ")


@pytest.mark.parametrize("error", errors.__all__)
def test_every_error_is_explained(error: str) -> None:
    assert f"| `{error}` | " in _text("errors.md")


def test_every_page_is_in_the_index() -> None:
    index = _text("index.md")
    pages = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")]
    assert [page for page in pages if page != "index.md" and f"({page})" not in index] == []


def test_every_extra_is_in_the_readme() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    extras = project["project"]["optional-dependencies"]
    assert [extra for extra in extras if f"`{extra}`" not in readme] == []


def test_every_tag_of_a_value_is_in_the_table() -> None:
    rows = [f"| `{tag}` | {meaning} |" for tag, meaning in TAGS.items()]
    assert [line for line in _text("values.md").splitlines() if line.startswith("| `")] == rows


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8"))
    broken = []
    for target, anchor in links:
        if "://" in target:
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.is_file() or (anchor and anchor not in _anchors(file)):
            broken.append((target, anchor))
    assert broken == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}

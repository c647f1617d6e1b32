"""One reader of settings, one order of precedence."""

from __future__ import annotations

from pathlib import Path

import pytest

from timetracer_otel.errors import SettingsError
from timetracer_otel.settings import Settings, environment_of, read_settings


def test_the_call_wins_over_the_environment_over_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.timetracer]\ndir = "project"\nmax-queue = 7\nmax_traces = 8\n'
    )
    environ = {"TIMETRACER_DIR": "environment", "TIMETRACER_MAX_QUEUE": "9"}
    settings = read_settings(environ, tmp_path, dir="call")
    assert (settings.dir, settings.max_queue, settings.max_traces) == ("call", 9, 8)


def test_a_pyproject_above_the_working_directory_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.timetracer]\ndir = "above"\n')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert read_settings({}, below).dir == "above"


def test_rules_of_redaction_have_a_table_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.timetracer.redaction]\nfields = ["note"]\nallow = ["phone number"]\nseal = false\n'
    )
    settings = read_settings({}, tmp_path)
    assert settings.redaction == "on" and settings.seal is False
    assert settings.redact_fields == ("note",) and settings.redact_allow == ("phone number",)


def test_lists_are_split_at_commas() -> None:
    assert read_settings({"TIMETRACER_LIVE": "httpx, redis"}, Path("/")).live == ("httpx", "redis")


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TIMETRACER_MODE": "recrod"}, "mode"),
        ({"TIMETRACER_MAX_QUEUE": "many"}, "max_queue"),
        ({"TIMETRACER_CLOCK": "perhaps"}, "clock"),
    ],
)
def test_a_value_that_cannot_be_meant_names_setting_and_source(
    environ: dict[str, str], name: str
) -> None:
    with pytest.raises(SettingsError, match="the environment") as caught:
        read_settings(environ, Path("/"))
    assert caught.value.name == name


def test_an_unknown_keyword_names_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="max_queue"):
        read_settings({}, Path("/"), queue=1)


def test_settings_survive_the_way_through_the_environment() -> None:
    settings = Settings(
        mode="replay", cassette=("a b.json", "c,d.json"), clock=False, trace_timeout_s=1.5
    )
    assert read_settings(environment_of(settings), Path("/")) == settings

"""A call that nothing answers is said in our words, whatever library asks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.replay.asking import CALLS
from tests.replay.cassettes import a_cassette
from tests.serving import ROOT
from timetracer_otel.cassette import write_cassette


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("missing") / "empty.json"
    file.write_bytes(write_cassette(a_cassette()))
    environ = {"TIMETRACER_MODE": "replay", "TIMETRACER_CASSETTE": str(file)}
    finished = subprocess.run(
        [sys.executable, "-m", "tests.replay.asking"],
        cwd=ROOT,
        env={**os.environ, **environ, "PYTHONWARNINGS": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


@pytest.mark.parametrize("name", CALLS)
def test_the_application_gets_our_error_itself(told: dict[str, Any], name: str) -> None:
    kind, message = told[name]
    assert kind == "MissingRecording"
    assert message.startswith(
        f"no recorded answer for {name.partition('_')[0]}".replace("boto3", "botocore")
    )

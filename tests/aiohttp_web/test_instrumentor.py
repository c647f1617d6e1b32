"""OpenTelemetry's instrumentor for aiohttp's server, if it is installed: its span is the root."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.aiohttp_web.asking import CASES, exchanged, request
from tests.wsgi.serving import (
    cassettes,
    entries,
    free_port,
    recording,
    replayed,
    running,
    upstream,
    wait_for_cassettes,
)

pytest.importorskip("opentelemetry.instrumentation.aiohttp_server")

ASKED = ("asks", "generator that asks", "raised", "not found", "long file", "upload")
_PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_each_request_is_recorded_once_in_the_instrumentor_s_span(tmp_path: Path) -> None:
    port, folder, log = free_port(), tmp_path / "cassettes", tmp_path / "log"
    command = [sys.executable, "-m", "tests.aiohttp_web.app", str(port)]
    with upstream() as url:
        variables: dict[str, Any] = {
            "UPSTREAM_URL": url,
            "OTEL_PYTHON_AIOHTTP_SERVER_EXCLUDED_URLS": "stream$",
        }
        with running(recording(command, folder), port, log=log, **variables):
            for case in ASKED:
                exchanged(port, CASES[case])
            exchanged(port, request("/stream"))
            exchanged(port, request("/below/items/1", headers={"traceparent": _PARENT}))
            wait_for_cassettes(folder, len(ASKED) + 1)
    assert "recording failed" not in log.read_text()
    found = entries(folder)
    assert [entry.request.route for entry in found[:3]] == ["/asks", "/generator", "/raises"]
    assert len(found) == len(ASKED) + 1
    assert cassettes(folder)[-1].trace_id == _PARENT.split("-")[1]
    assert [len(cassette.interactions) for cassette in cassettes(folder)[:3]] == [4, 1, 0]
    again = replayed(folder, "--", *command, **variables)
    assert (again.results, again.code) == (["same"] * len(found), 0), again.said

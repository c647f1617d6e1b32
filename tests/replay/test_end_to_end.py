"""A service recorded, its upstream stopped and its database moved away, and replayed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.replay.recorded import SERVICE, Recorded, uvicorn
from tests.serving import free_port

APP = ("--app", SERVICE)


def all_same(shown: object, recorded: Recorded) -> None:
    verdicts = json.loads(shown.stdout)["verdicts"]  # type: ignore[attr-defined]
    different = {v["title"]: v for v in verdicts if v["result"] != "same"}
    assert different == {}, shown.stderr  # type: ignore[attr-defined]
    assert len(verdicts) == len(recorded.answers)
    assert shown.returncode == 0  # type: ignore[attr-defined]


def test_in_process_everything_is_the_same(shop: Recorded) -> None:
    all_same(shop.replay(*APP, "--format", "json"), shop)


def test_recorded_by_opentelemetry_instrument_everything_is_the_same(
    instrumented: Recorded,
) -> None:
    all_same(instrumented.replay(*APP, "--format", "json"), instrumented)


# a busy machine takes longer to start a worker than uvicorn allows by itself
_TWO_WORKERS = ("--workers", "2", "--timeout-worker-healthcheck", "60")


@pytest.mark.parametrize("more", [(), _TWO_WORKERS], ids=["one worker", "two workers"])
def test_over_loopback_everything_is_the_same(more: tuple[str, ...], shop: Recorded) -> None:
    all_same(shop.replay("--format", "json", "--", *uvicorn(free_port(), *more)), shop)


def test_under_gunicorn_everything_is_the_same(shop: Recorded) -> None:
    gunicorn = Path(sys.executable).parent / "gunicorn"
    words = (gunicorn, "-k", "uvicorn.workers.UvicornWorker", "-w", "2")
    bind = f"127.0.0.1:{free_port()}"
    all_same(shop.replay("--format", "json", "--", *words, "-b", bind, SERVICE), shop)

"""What a test is told that asks what nothing answers."""

from __future__ import annotations

from tests.pytest_plugin.project import Project

APPLICATION = """
import os, httpx

def price(item, amount=1):
    body = {"item": item, "amount": amount}
    return httpx.post(os.environ["UPSTREAM"] + "/prices", json=body).json()["price"]

def price_or_nothing(item, amount=1):
    try:
        return price(item, amount)
    except Exception:
        return None
"""
TESTS = """
import shop, pytest

@pytest.mark.cassette
def test_price():
    assert shop.price("tea") == 4

@pytest.mark.cassette
def test_swallowed():
    shop.price_or_nothing("tea")
"""
OUT = """
import socket, pytest

@pytest.mark.cassette
def test_out():
    socket.create_connection(("192.0.2.1", 80), timeout=0.1)
"""


def test_a_miss_reads_like_an_assertion(project: Project) -> None:
    project.write("shop.py", APPLICATION)
    project.write("test_it.py", TESTS)
    project.passes()
    project.upstream.stop()
    project.write("shop.py", APPLICATION.replace('"amount": amount', '"amount": amount + 1'))
    result = project.run()
    result.assert_outcomes(failed=2)
    for name, lines in (
        ("test_price", ["test_it.py:6: in test_price", '    assert shop.price("tea") == 4']),
        ("test_swallowed", []),
    ):
        told = [
            f"cassettes/test_it/{name}.json has no answer to what the test asked:",
            "",
            f"  asked    POST {project.upstream.url}/prices  (httpx)",
            f"  nearest  POST {project.upstream.url}/prices",
            "  differs  $.body.json.amount: recorded 1, asked 2",
            "",
            f"If that is right, record it: pytest 'test_it.py::{name}' --record-mode=rewrite",
        ]
        marked = [f"E   {line}".rstrip() for line in told] if lines else told
        result.stdout.fnmatch_lines([f"*{line}" for line in [*lines, *marked] if line.strip("E ")])
    assert "timetracer_otel/" not in str(result.stdout)


def test_what_goes_out_is_stopped_and_named_with_host_library_and_line(project: Project) -> None:
    project.write("test_it.py", OUT)
    project.write(
        "cassettes/test_it/test_out.json",
        '{"timetracer": 1, "trace_id": "0", "recorded_at": "2026-01-02T03:04:05.0Z",'
        ' "duration_us": 1}',
    )
    said = project.fails("--record-mode=none")
    where = project.path / "test_it.py"
    assert f"stopped  the application → 192.0.2.1:80 at {where}:6" in said

"""What an application sees of a replayed exchange is what it saw of the live one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance import Runs
from tests.http import program
from tests.http.caller import CASES, CLIENTS, LOOPS
from tests.http.conftest import ALONE

assert program  # its import enters the cases

UNATTAINABLE: dict[tuple[str, str], str] = {}
"""Cases that no replay can answer as live, with the reason; by client, or for all of them."""

RACES = frozenset({"an_upload_that_is_refused_early", "an_upload_that_times_out"})
"""How much goes out before the connection breaks is up to the kernel."""

ON_OTHER_LOOPS = (
    "json",
    "gzip",
    "chunked",
    "trailers",
    "redirects_with_cookies",
    "methods",
    "basic_and_digest_auth",
    "truncated_body",
    "reset_before_headers",
    "read_timeout_waiting_for_headers",
    "connect_timeout",
    "write_timeout",
    "pool_timeout",
    "connection_refused",
    "connection_refused_with_retries",
    "unknown_host",
    "chunks_that_came_before_the_error",
    "decoded_chunks",
    "closed_after_the_first_chunk",
    "left_unread",
    "a_network_stream_beneath",
    "send_a_generator",
    "send_a_file_as_multipart",
    "an_upload_that_fails",
    "an_upload_that_nobody_takes",
    "a_call_that_takes_too_long_for_its_caller",
    "a_connection_that_takes_too_long_for_its_caller",
    "one_call_of_a_group_that_fails",
    "https",
    "an_untrusted_certificate",
    "http_2",
    "http_2_stream_that_is_reset",
    "through_a_tunnel",
    "a_unix_socket",
)


def _parameters() -> list[Any]:
    found = []
    for kind in (*CLIENTS, *LOOPS):
        names = ON_OTHER_LOOPS if kind in LOOPS else tuple(CASES)
        for name in names:
            reason = UNATTAINABLE.get((kind, name)) or UNATTAINABLE.get(("", name))
            marks = [pytest.mark.xfail(strict=True, reason=reason)] if reason else []
            marks.append(pytest.mark.xdist_group(kind))
            cases = " ".join(names) if kind in LOOPS else ""
            found.append(pytest.param(kind, cases, name, id=f"{kind}-{name}", marks=marks))
    return found


@pytest.mark.parametrize(("kind", "cases", "name"), _parameters())
def test_replayed_as_recorded(
    runs_of: Callable[[str, str], Runs], kind: str, cases: str, name: str
) -> None:
    """Attribute by attribute, errors and their causes included."""
    runs = runs_of(kind, cases)
    assert runs.replayed[name] == runs.recorded[name]


@pytest.mark.parametrize("kind", ALONE)
def test_recorded_as_without_recording(runs_of: Callable[..., Runs], kind: str) -> None:
    """Attribute by attribute, in every case but those that a race decides."""
    runs = runs_of(kind)
    for name in runs.recorded.keys() - RACES:
        assert runs.recorded[name] == runs.bare[name], name

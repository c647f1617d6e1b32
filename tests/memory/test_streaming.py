"""A recorded download that the application streams stays a stream."""

from __future__ import annotations

import pytest

from benchmarks.streaming_cost import CLIENTS, download

_MEGABYTES = 200
_ADDED_MB = 32


@pytest.mark.parametrize("client", CLIENTS)
def test_recording_holds_little_of_a_large_body(client: str) -> None:
    """No more at most than it takes without us, and the same few megabytes whatever the size."""
    without = download(client, "otel", _MEGABYTES)
    recording = download(client, "recording", _MEGABYTES)
    assert recording.grew_mb - without.grew_mb <= _ADDED_MB

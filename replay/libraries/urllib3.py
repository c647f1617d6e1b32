"""urllib3: its connections lead to the recording, its own code does the rest."""

from __future__ import annotations

from timetracer_otel.capture.urllib3 import LIBRARY as CAPTURED
from timetracer_otel.http_calls import asked_of_pool
from timetracer_otel.patching import Patch, PatchIfPresent
from timetracer_otel.replay.dialing import (
    connecting,
    creating,
    encrypting,
    tunneling,
    vouching,
    waiting,
)

__all__ = ["LIBRARY"]

LIBRARY = CAPTURED.in_replay(
    changes=(
        Patch("urllib3.connectionpool:HTTPConnectionPool.urlopen", asked_of_pool),
        Patch("urllib3.connection:HTTPConnection.connect", connecting),
        Patch("urllib3.connection:HTTPSConnection.connect", connecting),
        Patch("urllib3.util.connection:create_connection", creating),
        # 2.x has a copy of its own for some versions of Python
        PatchIfPresent("urllib3.connection:HTTPConnection._tunnel", tunneling),
        # 2.x, then 1.26
        PatchIfPresent("urllib3.connection:_ssl_wrap_socket_and_match_hostname", encrypting),
        PatchIfPresent("urllib3.connection:ssl_wrap_socket", encrypting),
        PatchIfPresent("urllib3.connection:_match_hostname", vouching),
        PatchIfPresent("urllib3.connection:assert_fingerprint", vouching),
        PatchIfPresent("urllib3.connection:wait_for_read", waiting),
        PatchIfPresent("urllib3.util.connection:wait_for_read", waiting),
        Patch("urllib3.util:wait_for_read", waiting),
    ),
)

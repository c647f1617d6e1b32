"""What httpx says of a response besides: the part that a cassette keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["described"]

_ADDRESSES = ("server_addr", "client_addr")


def described(extensions: Mapping[str, Any]) -> dict[str, object]:
    """`stream_id` under HTTP/2, the two ends of the connection, and whether it was `tls`.

    In JSON's own values. Under Unix sockets an address is a path.
    """
    found: dict[str, object] = {}
    if "stream_id" in extensions:
        found["stream_id"] = extensions["stream_id"]
    wire = extensions.get("network_stream")
    if wire is None:
        return found
    try:
        for name in _ADDRESSES:
            address = wire.get_extra_info(name)
            found[name] = list(address) if isinstance(address, tuple) else address
    except OSError:  # the peer has gone already
        found = {name: value for name, value in found.items() if name not in _ADDRESSES}
    found["tls"] = wire.get_extra_info("ssl_object") is not None
    return found

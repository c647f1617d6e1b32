"""What httpx says of a response besides: the part that a cassette keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

__all__ = ["described"]

_Connection = dict[str, object]

_KNOWN: WeakKeyDictionary[Any, _Connection] = WeakKeyDictionary()
"""By network stream: asking an asynchronous one takes longer than all else we do for a call."""


def described(extensions: Mapping[str, Any]) -> dict[str, object]:
    """`stream_id` under HTTP/2, the two ends of the connection, and whether it was `tls`.

    In JSON's own values. Under Unix sockets an address is a path.
    """
    wire = extensions.get("network_stream")
    found = _connection(wire) if wire is not None else {}
    stream_id = extensions.get("stream_id")
    return found if stream_id is None else {"stream_id": stream_id, **found}


def _connection(wire: Any) -> _Connection:
    found = _KNOWN.get(wire)
    if found is None:
        found = _KNOWN[wire] = _asked(wire)
    return found


def _asked(wire: Any) -> _Connection:
    try:
        return {
            "server_addr": _plain(wire.get_extra_info("server_addr")),
            "client_addr": _plain(wire.get_extra_info("client_addr")),
            "tls": wire.get_extra_info("ssl_object") is not None,
        }
    except Exception:  # noqa: BLE001 - the peer has gone, or the backend is the application's own
        return {}


def _plain(address: object) -> object:
    return list(address) if isinstance(address, tuple) else address

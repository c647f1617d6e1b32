"""What servers say of themselves in a replay: as they did, at the addresses that are asked now."""

from __future__ import annotations

from typing import Any

from timetracer_otel.protocols.mongodb import MongodbInteraction
from timetracer_otel.replay.sessions import current_session

__all__ = ["hello_of", "note_set_name", "recorded_seeds", "recorded_set_name"]

_UNRECORDED: dict[str, Any] = {
    "helloOk": True,
    "ismaster": True,
    "isWritablePrimary": True,
    "maxBsonObjectSize": 16777216,
    "maxMessageSizeBytes": 48000000,
    "maxWriteBatchSize": 100000,
    "logicalSessionTimeoutMinutes": 30,
    "minWireVersion": 0,
    "maxWireVersion": 25,
    "readOnly": False,
    "ok": 1.0,
}
"""A server of MongoDB 8, where a recording has no connection's first words."""

_OF_A_SET = ("hosts", "passives", "arbiters", "primary", "me", "setName")
_SET_NAME = "_timetracer_set_name"


def note_set_name(pool: Any, topology: Any) -> None:
    """A pool knows nothing of the replica set that its client asked for."""
    vars(pool)[_SET_NAME] = topology._settings.replica_set_name


def hello_of(connection: Any) -> dict[str, Any]:
    """The answer to a connection's first words, and to a monitor's later ones."""
    host, port = connection.address
    address = f"{host}:{port}" if port is not None else str(host)
    pool = connection.pool_ref()
    wanted = vars(pool).get(_SET_NAME) if pool is not None else None
    known = _recorded()
    found = known.get(address)
    if found is None:
        found = _elsewhere(next(iter(known.values()), _UNRECORDED), address, wanted)
    elif wanted and found.get("setName") != wanted:
        found = _in_set({**found}, address, wanted)
    if connection.opts.load_balanced and "serviceId" not in found:
        found = {**found, "serviceId": {"$bson.ObjectId": "0" * 24}}
    return {**found, "helloOk": True}


def recorded_seeds() -> list[tuple[str, int]]:
    """The servers that were met in the recording."""
    places = [address.rpartition(":") for address in _recorded()]
    return [(host, int(port)) for host, _, port in places if port.isdigit()]


def recorded_set_name() -> str:
    """The replica set that they said they are of."""
    names = [str(reply["setName"]) for reply in _recorded().values() if reply.get("setName")]
    return names[0] if names else ""


def _recorded() -> dict[str, dict[str, Any]]:
    """By address; of several the last: a primary may have stepped down and come back."""
    session = current_session()
    found: dict[str, dict[str, Any]] = {}
    for each in session.cassette.bootstrap if session is not None else []:
        if isinstance(each, MongodbInteraction) and each.request.operation == "hello":
            reply = each.response.reply if each.response is not None else None
            if isinstance(reply, dict) and reply.get("ok"):
                found[each.request.server] = reply
    primaries = {a: r for a, r in found.items() if _writes(r)}
    return {**primaries, **found}


def _writes(reply: dict[str, Any]) -> bool:
    return bool(reply.get("isWritablePrimary") or reply.get("ismaster"))


def _elsewhere(reply: dict[str, Any], address: str, wanted: str | None) -> dict[str, Any]:
    """The same server at another address, alone there."""
    name = wanted or reply.get("setName")
    found = {key: value for key, value in reply.items() if key not in _OF_A_SET}
    return _in_set(found, address, str(name)) if name else found


def _in_set(reply: dict[str, Any], address: str, name: str) -> dict[str, Any]:
    return {
        **{key: value for key, value in reply.items() if key not in ("secondary", "msg")},
        "setName": name,
        "hosts": [address],
        "me": address,
        "primary": address,
        "ismaster": True,
        "isWritablePrimary": True,
        "secondary": False,
    }

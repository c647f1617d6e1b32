"""Which recorded database a live one stands for: a replay may be given other addresses."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from timetracer_otel.protocols.sql import SqlInteraction
from timetracer_otel.replay.moved_ports import MovedPorts
from timetracer_otel.replay.sessions import Session, current_session

__all__ = ["recorded_server"]

_MOVED: WeakKeyDictionary[Session, MovedPorts] = WeakKeyDictionary()
_SERVERS: WeakKeyDictionary[Session, dict[str, list[str]]] = WeakKeyDictionary()


def recorded_server(system: str, server: str) -> str:
    """The recorded address that `server` stands for in the current session.

    Itself if it was recorded; else the only one of that system, or the only one with the same
    database; of several that differ in the port alone, the next in the order in which they were
    first asked. Otherwise `server`, which then has no answers: nothing is guessed.
    """
    session = current_session()
    if session is None:
        return server
    known = _servers(session).get(system, [])
    if len(known) == 1:
        return known[0]
    found = _at_another_port(session, system, server) if known else server
    if found in known:
        return found
    database = server.rpartition("/")[2]
    alike = [address for address in known if address.rpartition("/")[2] == database]
    return alike[0] if len(alike) == 1 else server


def _at_another_port(session: Session, system: str, server: str) -> str:
    moved = _MOVED.get(session)
    if moved is None:
        known = [f"{system}://{one}" for system, all_ in _servers(session).items() for one in all_]
        moved = _MOVED[session] = MovedPorts(known)
    found = moved.recorded_as(f"{system}://{server}", lambda _one: True).partition("://")[2]
    session.tell_moved(found, server)
    return found


def _servers(session: Session) -> dict[str, list[str]]:
    found = _SERVERS.get(session)
    if found is None:
        found = {}
        cassette = session.cassette
        for interaction in (*cassette.bootstrap, *cassette.interactions):
            if isinstance(interaction, SqlInteraction):
                request = interaction.request
                servers = found.setdefault(request.system, [])
                if request.server not in servers:
                    servers.append(request.server)
        _SERVERS[session] = found
    return found

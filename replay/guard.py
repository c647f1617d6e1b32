"""Nothing leaves the process: every way out that Python code has is blocked and named.

Allowed on purpose: listening and accepting, socket pairs, this process's own listeners, what
`multiprocessing` made to speak with its own children, the machine's log, names that resolve
without a network. Out of reach: C code that opens sockets by itself (but for libpq, guarded
where Python calls it) and other programs that the application starts.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import PurePosixPath
from typing import Any

import timetracer_otel.replay.libraries
from timetracer_otel.errors import BlockedCall
from timetracer_otel.libraries import library_modules
from timetracer_otel.ownership import owned
from timetracer_otel.patching import Change, Ledger, PatchIfPresent, WhenImported, original_of
from timetracer_otel.replay.listening import ports_of_process
from timetracer_otel.replay.origin import following, origin
from timetracer_otel.replay.sessions import Sessions, in_force, serving

__all__ = ["install_guard"]

_LOGS = frozenset({"/dev/log", "/var/run/syslog", "/run/systemd/journal/socket"})
"""The machine's own log: nothing comes back from it."""

_GUARDED_FAMILIES = frozenset(
    getattr(socket, name)
    for name in ("AF_INET", "AF_INET6", "AF_UNIX", "AF_VSOCK", "AF_BLUETOOTH", "AF_TIPC")
    if hasattr(socket, name)
)
"""Others speak with the kernel alone (netlink, crypto)."""

_LOCAL_NAMES = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost"})


def install_guard(sessions: Sessions | None = None) -> Callable[[], None]:
    """Block outgoing calls from here on; returns what undoes it.

    Without `sessions`, only while some are in force, and as those permit.
    """
    guard = _Guard(sessions)
    ledger = Ledger()
    ledger.apply([*following(), *guard.changes()])
    return ledger.restore


class _Guard:
    """Lets a call pass, or blocks it; knows which libraries are live."""

    def __init__(self, sessions: Sessions | None) -> None:
        self._sessions = sessions
        self._live_of: tuple[Sessions | None, frozenset[str]] = (None, frozenset())
        names = {
            library.module.partition(".")[0]: library.name
            for library in library_modules(timetracer_otel.replay.libraries)
        }
        self._names = names

    def _live(self, sessions: Sessions) -> frozenset[str]:
        """The live libraries, by their packages' names too."""
        known, live = self._live_of
        if known is not sessions:
            named = sessions.live
            live = named | {package for package, name in self._names.items() if name in named}
            self._live_of = (sessions, live)
        return live

    # -- what is patched ----------------------------------------------------------------------

    def changes(self) -> Iterator[Change]:
        for name in ("connect", "connect_ex"):
            yield self._before(f"socket:socket.{name}", self._connecting)
        yield self._before("socket:socket.sendto", lambda sock, *a: self._sending(sock, a[-1]))
        yield self._before("socket:socket.sendmsg", self._sending_message)
        for name in ("send", "sendall"):
            yield self._before(f"socket:socket.{name}", self._sending_datagram)
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr"):
            yield self._before(f"socket:{name}", self._resolving)
        yield self._before("socket:getnameinfo", self._naming)
        yield WhenImported("uvloop", tuple(self._uvloop()))
        connect = PatchIfPresent("psycopg2:_connect", self._before_psycopg2)
        yield WhenImported("psycopg2", (connect,))
        connect = PatchIfPresent(
            "MySQLdb.connections:Connection.__init__", self._before_mysqlclient
        )
        yield WhenImported("MySQLdb.connections", (connect,))
        target = "psycopg._connection_base:BaseConnection._connect_gen"
        yield WhenImported("psycopg", (PatchIfPresent(target, self._before_psycopg),))

    def _uvloop(self) -> Iterator[Change]:
        """Its C code opens sockets by itself."""
        yield self._before("uvloop:Loop.create_connection", self._loop_connecting)
        yield self._before("uvloop:Loop.create_unix_connection", self._loop_connecting_locally)
        yield self._before("uvloop:Loop.create_datagram_endpoint", self._loop_datagrams)
        yield self._before(
            "uvloop:Loop.getaddrinfo", lambda _loop, *a, **k: self._resolving(*a, **k)
        )
        yield self._before("uvloop:Loop.getnameinfo", lambda _loop, *a, **k: self._naming(*a, **k))

    def _before(self, target: str, check: Callable[..., None]) -> Change:
        def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(original)
            def call(*args: Any, **keywords: Any) -> Any:
                check(*args, **keywords)
                return original(*args, **keywords)

            return call

        return PatchIfPresent(target, wrap)  # `sendmsg` is not everywhere

    def _before_psycopg2(self, original: Callable[..., Any]) -> Callable[..., Any]:
        replayed = original_of(original) is not original

        @wraps(original)
        def connect(*args: Any, **keywords: Any) -> Any:
            if not (replayed and (_is_answered("psycopg2") or _is_answered("aiopg", "aiopg"))):
                self._libpq(*args, **keywords)
            return original(*args, **keywords)

        return connect

    def _before_mysqlclient(self, original: Callable[..., None]) -> Callable[..., None]:
        replayed = original_of(original) is not original

        @wraps(original)
        def __init__(connection: Any, *args: Any, **keywords: Any) -> None:  # noqa: N807
            if not (replayed and _is_answered("mysqlclient")):
                where = keywords.get("unix_socket") or keywords.get("host") or args[:1]
                self._block(f"MySQL ({where or 'by its default address'})")
            original(connection, *args, **keywords)

        return __init__

    def _before_psycopg(self, original: Any) -> Any:
        function = original.__func__
        replayed = original_of(original) is not original

        def call(cls: type[Any], /, *args: Any, **keywords: Any) -> Any:
            if not (replayed and _is_answered("psycopg")):
                self._libpq(*args, **keywords)
            return function(cls, *args, **keywords)

        return classmethod(call)

    # -- what is checked ----------------------------------------------------------------------

    def _connecting(self, sock: socket.socket, address: Any) -> None:
        if sock.type & socket.SOCK_DGRAM and sock.family is not socket.AF_UNIX:
            return  # nothing is sent yet: that is how a machine's own address is found
        self._sending(sock, address)

    def _sending(self, sock: socket.socket, address: Any) -> None:
        if sock.family in _GUARDED_FAMILIES and not _is_permitted(address):
            self._block(_shown(address))

    def _sending_message(
        self, sock: socket.socket, _buffers: Any, _data: Any = (), _flags: int = 0, *address: Any
    ) -> None:
        if address and address[0] is not None:
            self._sending(sock, address[0])
        else:
            self._sending_datagram(sock)

    def _sending_datagram(self, sock: socket.socket, *_: Any) -> None:
        """On a connected socket; a stream's was checked when it connected."""
        if sock.type & socket.SOCK_DGRAM and sock.family in (socket.AF_INET, socket.AF_INET6):
            self._block(_shown(sock.getpeername()))

    def _resolving(
        self,
        host: Any = None,
        port: Any = None,
        family: int = 0,
        type: int = 0,  # noqa: A002 - as `getaddrinfo` has it
        proto: int = 0,
        flags: int = 0,
    ) -> None:
        if not (flags & (socket.AI_PASSIVE | socket.AI_NUMERICHOST) or _is_local_name(host)):
            self._block(_shown((host, port)) if port else _shown(host))

    def _naming(self, address: Any, flags: int = 0) -> None:
        if not (flags & socket.NI_NUMERICHOST or _is_loopback(address[0])):
            self._block(f"the name of {address[0]}")

    def _loop_connecting(
        self, _loop: Any, _factory: Any, host: Any = None, port: Any = None, **keywords: Any
    ) -> None:
        if keywords.get("sock") is None and not _is_permitted((host, port)):
            self._block(_shown((host, port)))

    def _loop_connecting_locally(
        self, _loop: Any, _factory: Any, path: Any = None, **keywords: Any
    ) -> None:
        if keywords.get("sock") is None and not _is_permitted(path):
            self._block(_shown(path))

    def _loop_datagrams(
        self, _loop: Any, _factory: Any, _local: Any = None, remote_addr: Any = None, **_: Any
    ) -> None:
        if remote_addr is not None:
            self._block(_shown(remote_addr))

    def _libpq(self, conninfo: Any = "", *_: Any, **keywords: Any) -> None:
        words = {**_conninfo(str(conninfo)), **keywords}
        shown = [f"{name}={words[name]}" for name in ("host", "port", "dbname") if words.get(name)]
        self._block(f"PostgreSQL ({' '.join(shown) or 'by its default address'})")

    def _block(self, target: str) -> None:
        """Unless a live library is what makes the call."""
        sessions = self._sessions if self._sessions is not None else in_force()
        if sessions is None:
            return
        found = origin()
        if not self._live(sessions).isdisjoint(found.packages):
            return
        package = found.library(self._names)
        library = self._names.get(package, package)
        sessions.block(f"{library} → {target} at {found.line or '?'}")
        hint = sessions.outside.hint_for(library) if " " not in library else ""
        raise BlockedCall(target=target, library=library, line=found.line or "?", hint=hint)


def _is_answered(library: str, owner: str = "") -> bool:
    """Whether what replays `library`, which is below the guard, answers instead of connecting."""
    return serving(library) and owned() == owner


def _is_permitted(address: Any) -> bool:
    if isinstance(address, bytes | str | os.PathLike):
        return _is_own_path(os.fsdecode(address))
    host, port = address[0], address[1]
    return _is_loopback(host) and port in ports_of_process(os.getpid())


def _is_own_path(path: str) -> bool:
    """Nowhere, the machine's log, or a listener that `multiprocessing` made."""
    name, folder = PurePosixPath(path).name, PurePosixPath(path).parent.name
    made = name.removeprefix("\0").startswith("listener-")
    return not path or path in _LOGS or (made and (folder.startswith("pymp-") or path[0] == "\0"))


def _is_loopback(host: Any) -> bool:
    try:
        return ipaddress.ip_address(_text(host).partition("%")[0]).is_loopback
    except ValueError:
        return _text(host) in _LOCAL_NAMES


def _is_local_name(host: Any) -> bool:
    """One that resolves without a network: an address, this machine's name, localhost."""
    name = _text(host).partition("%")[0]
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in _LOCAL_NAMES or name == socket.gethostname()
    return True


def _text(host: Any) -> str:
    if host is None:
        return ""
    return host.decode("latin-1") if isinstance(host, bytes | bytearray) else str(host)


def _shown(target: Any) -> str:
    if isinstance(target, tuple) and len(target) > 1:
        host = _text(target[0])
        return f"[{host}]:{target[1]}" if ":" in host else f"{host}:{target[1]}"
    return os.fsdecode(target) if isinstance(target, bytes | os.PathLike) else str(target)


def _conninfo(text: str) -> dict[str, str]:
    """What a connection string says, roughly: it is to be named, without its password."""
    if "://" in text:
        where = text.partition("://")[2].rpartition("@")[2].partition("?")[0]
        address, _, name = where.partition("/")
        host, _, port = address.partition(":")
        return {"host": host, "port": port, "dbname": name}
    return dict(word.split("=", 1) for word in text.split() if "=" in word)

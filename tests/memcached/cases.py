"""What services do with memcached, and what goes wrong."""

from __future__ import annotations

import datetime as dt
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pymemcache import serde
from pymemcache.client.base import Client

from tests.memcached.caller import CASES, Caller, case

_BINARY = bytes(range(256))

SCRIPTS: dict[str, list[tuple[Any, ...]]] = {
    "set_and_get": [("set", "a", "1", {"noreply": False}), ("get", "a"), ("get", "none")],
    "defaults": [("get", "none", "default"), ("get", "none", None)],
    "without_a_reply": [("set", "a", "1"), ("get", "a"), ("delete", "a"), ("get", "a")],
    "binary": [("set", "a", _BINARY, {"noreply": False}), ("get", "a")],
    "text": [("set", "a", "plain", {"noreply": False}), ("get", "a"), ("set", "b", "é")],
    "empty": [("set", "a", "", {"noreply": False}), ("get", "a")],
    "lines_within": [("set", "a", "x\r\nEND\r\nVALUE a 0 3\r\n", {"noreply": False}), ("get", "a")],
    "big": [("set", "a", "x" * 500_000, {"noreply": False}), ("get", "a")],
    "numbers": [
        ("set", "n", "5", {"noreply": False}),
        ("incr", "n", 3),
        ("decr", "n", 100),
        ("incr", "none", 1),
        ("incr", "n", 1, {"noreply": True}),
        ("get", "n"),
    ],
    "not_a_number": [("set", "a", "x", {"noreply": False}), ("incr", "a", 1), ("decr", "a", 1)],
    "add": [
        ("add", "a", "1", {"noreply": False}),
        ("add", "a", "2", {"noreply": False}),
        ("get", "a"),
    ],
    "replace": [
        ("replace", "a", "1", {"noreply": False}),
        ("set", "a", "0"),
        ("replace", "a", "1", {"noreply": False}),
        ("get", "a"),
    ],
    "append": [
        ("append", "a", "x", {"noreply": False}),
        ("set", "a", "1"),
        ("append", "a", "x", {"noreply": False}),
        ("get", "a"),
    ],
    "prepend": [("set", "a", "1"), ("prepend", "a", "x", {"noreply": False}), ("get", "a")],
    "delete": [
        ("set", "a", "1"),
        ("delete", "a", {"noreply": False}),
        ("delete", "a", {"noreply": False}),
    ],
    "touch": [
        ("set", "a", "1"),
        ("touch", "a", 100, {"noreply": False}),
        ("touch", "none", 1, {"noreply": False}),
    ],
    "expiry": [
        ("set", "a", "1", {"expire": 100, "noreply": False}),
        ("get", "a"),
        ("set", "a", "1", {"expire": -1}),
        ("get", "a"),
    ],
    "flags": [("set", "a", "1", {"flags": 7, "noreply": False}), ("get", "a")],
    "many": [
        ("set_many", {"a": "1", "b": "2"}, {"noreply": False}),
        ("get_many", ["a", "b", "none"]),
        ("get_many", []),
        ("delete_many", ["a", "none"], {"noreply": False}),
        ("get_many", ("a", "b")),
        ("gets_many", ["a", "b"]),
    ],
    "many_without_a_reply": [("set_many", {"a": "1", "b": "2"}), ("get_many", ["b", "a"])],
    "hundreds": [
        ("set_many", {str(n): "v" * n for n in range(300)}, {"noreply": False}),
        ("get_many", [str(n) for n in range(300)]),
    ],
    "cas_of_nothing": [("gets", "none"), ("cas", "none", "1", b"5", {"noreply": False})],
    "flush": [("set", "a", "1"), ("flush_all", {"noreply": False}), ("get", "a")],
    "flush_later": [
        ("flush_all", {"delay": 100, "noreply": False}),
        ("flush_all", {"delay": 0, "noreply": False}),
    ],
    "keys_that_are_wrong": [
        ("get", "a b"),
        ("get", "é"),
        ("set", "x" * 251, "1"),
        ("get", b"\x00"),
    ],
    "values_that_are_wrong": [
        ("set", "a", "1", {"expire": "soon"}),
        ("incr", "a", "x"),
        ("cas", "a", "1", "no"),
    ],
    "too_large": [("set", "a", "x" * 2_000_000, {"noreply": False}), ("get", "a")],
    "keys_of_bytes": [
        ("set", b"a", b"1", {"noreply": False}),
        ("get", b"a"),
        ("get", "a"),
        ("get_many", [b"a"]),
    ],
}

ALONE: dict[str, list[tuple[Any, ...]]] = {
    "version": [("version",)],
    "statistics": [("stats", "settings")],
    "memory_limit": [("cache_memlimit", 64)],
    "raw": [
        ("raw_command", b"set k 0 0 1\r\nv"),
        ("raw_command", "get k", "END\r\n"),
        ("raw_command", "nonsense"),
    ],
    "meta": [
        ("raw_command", b"ms k 2\r\nhi"),
        ("raw_command", b"mg k v", b"\r\n"),
        ("raw_command", b"mn"),
    ],
    "quit": [("set", "a", "1"), ("quit",), ("get", "a")],
}


def _enter(name: str, steps: list[tuple[Any, ...]], *, alone: bool) -> None:
    def run(caller: Caller) -> None:
        if alone and caller.kind.startswith("hash"):
            return
        for method, *args in steps:
            keywords = args.pop() if args and isinstance(args[-1], dict) and len(args) != 1 else {}
            if len(args) == 1 and method == "flush_all":
                keywords = args.pop()
            caller.do(method, *args, **keywords)

    run.__name__ = name
    CASES[name] = run


for _name, _steps in SCRIPTS.items():
    _enter(_name, _steps, alone=False)
for _name, _steps in ALONE.items():
    _enter(_name, _steps, alone=True)


@case
def compare_and_set(caller: Caller) -> None:
    caller.c.set("a", "1", noreply=False)
    value, token = caller.c.gets("a")
    caller.note((value, token))
    caller.do("cas", "a", "2", token, noreply=False)
    caller.do("cas", "a", "3", token, noreply=False)
    caller.do("get", "a")


@case
def as_a_mapping(caller: Caller) -> None:
    if caller.kind.startswith("hash"):
        return
    caller.c["a"] = "1"
    caller.note(caller.c["a"])
    del caller.c["a"]
    caller.do("__getitem__", "a")


@case
def pickles(caller: Caller) -> None:
    """Kept as bytes: what comes out is made by the application's own client."""
    client = caller.client(serde=serde.pickle_serde)
    value = {"when": dt.datetime(2026, 1, 2), "list": [1, 2.5, None], "tuple": (b"x",)}
    caller.do("set", "a", value, noreply=False, on=client)
    caller.do("get", "a", on=client)
    caller.do("get", "a")
    caller.do("set", "n", 5, noreply=False, on=client)
    caller.do("get", "n", on=client)


@case
def compressed(caller: Caller) -> None:
    client = caller.client(serde=serde.compressed_serde)
    caller.do("set", "a", "x" * 2000, noreply=False, on=client)
    caller.do("get", "a", on=client)


@case
def a_serde_of_the_applications_own(caller: Caller) -> None:
    class Json:
        def serialize(self, key: Any, value: Any) -> Any:
            return json.dumps(value), 1

        def deserialize(self, key: Any, value: bytes, flags: int) -> Any:
            return json.loads(value)

    client = caller.client(serde=Json())
    caller.do("set", "a", {"b": [1, None]}, noreply=False, on=client)
    caller.do("get", "a", on=client)
    caller.do("get_many", ["a"], on=client)


@case
def unicode_keys_and_prefixes(caller: Caller) -> None:
    client = caller.client(key_prefix=b"shop:", allow_unicode_keys=True, encoding="utf-8")
    caller.do("set", "ключ", "значение", noreply=False, on=client)
    caller.do("get", "ключ", on=client)
    caller.do("get_many", ["ключ", "a"], on=client)


@case
def refused(caller: Caller) -> None:
    address = ("127.0.0.1", int(os.environ["REFUSED_PORT"]))
    caller.do("get", "a", on=caller.client(address))
    caller.do("set", "a", "1", on=caller.client(address))
    caller.do("get_many", ["a"], on=caller.client(address))


@case
def refused_and_ignored(caller: Caller) -> None:
    client = caller.client(("127.0.0.1", int(os.environ["REFUSED_PORT"])), ignore_exc=True)
    caller.do("get", "a", on=client)
    caller.do("get", "a", "default", on=client)
    caller.do("get_many", ["a"], on=client)


@case
def no_such_socket(caller: Caller) -> None:
    caller.do("get", "a", on=caller.client("/nowhere/memcached.sock"))


@case
def a_server_that_does_not_answer(caller: Caller) -> None:
    address = ("127.0.0.1", int(os.environ["DEAF_PORT"]))
    client = caller.client(address, timeout=0.05, connect_timeout=1)
    caller.do("get", "a", on=client)
    caller.do("set", "a", "1", noreply=False, on=client)


@case
def closed_by_the_server(caller: Caller) -> None:
    """A client whose connection has been ended notices when it asks."""
    client = caller.client()
    caller.do("set", "a", "1", noreply=False, on=client)
    plain_client = client._client if caller.kind == "retrying" else client
    if isinstance(plain_client, Client) and plain_client.sock is not None:
        plain_client.sock.sendall(b"quit\r\n")
        caller.do("get", "a", on=client)
        caller.do("get", "a", on=client)


@case
def threads(caller: Caller) -> None:
    """Each gets its own answer."""
    caller.c.set("n", "0", noreply=False)
    if caller.kind in {"pooled", "hash-pooled"}:
        with ThreadPoolExecutor(4) as pool:
            caller.note(list(pool.map(lambda _: caller.c.incr("n", 1), range(8))))


@case
def several_servers(caller: Caller) -> None:
    if not caller.kind.startswith("hash"):
        return
    caller.c.add_server(("localhost", caller.address[1]))
    caller.do("set_many", {f"k{n}": str(n) for n in range(20)}, noreply=False)
    caller.do("get_many", [f"k{n}" for n in range(20)])

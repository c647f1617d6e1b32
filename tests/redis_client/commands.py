"""Cases that are lists of calls: method, arguments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from tests.redis_client.caller import CASES, Caller

_BINARY = bytes(range(256))

SCRIPTS = {
    "strings": [
        ("set", "a", "1"),
        ("get", "a"),
        ("get", "none"),
        ("strlen", "a"),
        ("append", "a", "x"),
    ],
    "set_options": [
        ("set", "a", "1", {"ex": 100}),
        ("ttl", "a"),
        ("set", "a", "2", {"nx": True}),
        ("set", "a", "3", {"xx": True, "get": True}),
        ("set", "b", "4", {"px": dt.timedelta(seconds=50), "keepttl": False}),
        ("getex", "b", {"persist": True}),
        ("getdel", "b"),
        ("getset", "a", "9"),
    ],
    "unicode_and_empty": [
        ("set", "ключ é €", "значение 🎉"),
        ("get", "ключ é €"),
        ("set", "", ""),
        ("get", ""),
        ("set", "line", "a\r\nb\r\n*3\r\n$1\r\n"),
        ("get", "line"),
    ],
    "big_value": [("set", "big", "x" * 300_000), ("get", "big"), ("getrange", "big", 10, 20)],
    "numbers": [
        ("incr", "n"),
        ("incrby", "n", 41),
        ("decr", "n"),
        ("incrbyfloat", "f", 0.1),
        ("incrbyfloat", "f", 0.2),
        ("get", "n"),
        ("set", "huge", 2**62),
        ("incr", "huge"),
        ("bitcount", "n"),
    ],
    "bits": [
        ("setbit", "b", 7, 1),
        ("getbit", "b", 7),
        ("bitpos", "b", 1),
        ("bitop", "NOT", "c", "b"),
    ],
    "many": [
        ("mset", {"{t}a": 1, "{t}b": 2}),
        ("mget", "{t}a", "{t}b", "{t}none"),
        ("msetnx", {"{t}a": 3}),
    ],
    "keys": [
        ("set", "k", "v"),
        ("exists", "k"),
        ("type", "k"),
        ("expire", "k", 60),
        ("pttl", "none"),
        ("persist", "k"),
        ("touch", "k"),
        ("delete", "k"),
        ("unlink", "k"),
        ("expiretime", "none"),
    ],
    "expiry": [
        ("set", "k", 1),
        ("expireat", "k", 33_000_000_000),
        ("expiretime", "k"),
        ("ttl", "none"),
    ],
    "hashes": [
        ("hset", "h", "f", "v"),
        ("hset", "h", {"mapping": {"g": "1", "i": 2.5}}),
        ("hget", "h", "f"),
        ("hget", "h", "none"),
        ("hgetall", "h"),
        ("hgetall", "none"),
        ("hmget", "h", ["f", "none"]),
        ("hincrby", "h", "n", 3),
        ("hincrbyfloat", "h", "x", 1.5),
        ("hkeys", "h"),
        ("hvals", "h"),
        ("hlen", "h"),
        ("hexists", "h", "f"),
        ("hdel", "h", "f", "g"),
        ("hstrlen", "h", "i"),
        ("hsetnx", "h", "i", 1),
    ],
    "hash_random": [("hset", "h", "only", "1"), ("hrandfield", "h", 1, True), ("hrandfield", "h")],
    "lists": [
        ("rpush", "l", "a", "b", "c"),
        ("lpush", "l", "z"),
        ("lrange", "l", 0, -1),
        ("lindex", "l", 1),
        ("lindex", "l", 99),
        ("llen", "l"),
        ("lpop", "l"),
        ("rpop", "l", 2),
        ("lpop", "none"),
        ("lset", "l", 0, "new"),
        ("linsert", "l", "BEFORE", "new", "old"),
        ("lrem", "l", 1, "old"),
        ("ltrim", "l", 0, 0),
        ("lpos", "l", "new"),
        ("lmove", "l", "l"),
    ],
    "long_list": [("rpush", "l", *map(str, range(1000))), ("lrange", "l", 0, -1)],
    "sets": [
        ("sadd", "s", "a"),
        ("sadd", "s", "a", "b"),
        ("smembers", "s"),
        ("smembers", "none"),
        ("sismember", "s", "a"),
        ("smismember", "s", ["a", "x"]),
        ("scard", "s"),
        ("srem", "s", "a"),
        ("spop", "s"),
        ("srandmember", "none"),
    ],
    "set_algebra": [
        ("sadd", "{t}a", "1", "2"),
        ("sadd", "{t}b", "2", "3"),
        ("sinter", "{t}a", "{t}b"),
        ("sunionstore", "{t}c", "{t}a", "{t}b"),
        ("sdiff", "{t}a", "{t}b"),
        ("smove", "{t}a", "{t}b", "1"),
        ("sintercard", 2, ["{t}a", "{t}b"]),
    ],
    "sorted_sets": [
        ("zadd", "z", {"a": 1, "b": 2.5, "c": 1e20}),
        ("zadd", "z", {"a": 5}, {"incr": True}),
        ("zrange", "z", 0, -1, {"withscores": True}),
        ("zrange", "z", 0, -1),
        ("zscore", "z", "b"),
        ("zscore", "z", "none"),
        ("zmscore", "z", ["a", "none"]),
        ("zrank", "z", "b"),
        ("zrevrank", "z", "none"),
        ("zincrby", "z", 1.5, "b"),
        ("zcard", "z"),
        ("zcount", "z", "-inf", "+inf"),
        ("zrangebyscore", "z", 0, 100, {"withscores": True, "start": 0, "num": 1}),
        ("zrevrange", "z", 0, 0),
        ("zpopmin", "z"),
        ("zpopmax", "z", 2),
        ("zpopmin", "none"),
        ("zrem", "z", "a"),
        ("zadd", "z", {"inf": float("inf")}),
        ("zscore", "z", "inf"),
        ("zrandmember", "z"),
    ],
    "geo": [
        ("geoadd", "g", [13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"]),
        ("geodist", "g", "Palermo", "Catania", "km"),
        ("geopos", "g", "Palermo", "none"),
        ("geohash", "g", "Palermo"),
        (
            "geosearch",
            "g",
            {
                "longitude": 15,
                "latitude": 37,
                "radius": 200,
                "unit": "km",
                "withdist": True,
                "sort": "ASC",
            },
        ),
    ],
    "hyperloglog": [("pfadd", "p", "a", "b"), ("pfcount", "p"), ("pfadd", "p", "a")],
    "streams": [
        ("xadd", "x", {"f": "v"}, {"id": "1-1"}),
        ("xadd", "x", {"g": "w", "h": "é"}, {"id": "2-1", "maxlen": 10, "approximate": False}),
        ("xlen", "x"),
        ("xrange", "x"),
        ("xrevrange", "x", {"count": 1}),
        ("xread", {"x": "0"}),
        ("xread", {"x": "$"}),
        ("xdel", "x", "1-1"),
        ("xtrim", "x", {"maxlen": 0}),
        ("xinfo_stream", "x"),
    ],
    "stream_groups": [
        ("xadd", "x", {"f": "v"}, {"id": "1-1"}),
        ("xgroup_create", "x", "g", "0"),
        ("xgroup_create", "x", "g", "0"),
        ("xreadgroup", "g", "c", {"x": ">"}),
        ("xpending", "x", "g"),
        ("xpending_range", "x", "g", "-", "+", 10),
        ("xack", "x", "g", "1-1"),
        ("xreadgroup", "g", "c", {"x": ">"}),
        ("xautoclaim", "x", "g", "c", 0),
        ("xinfo_groups", "x"),
        ("xinfo_consumers", "x", "g"),
        ("xgroup_destroy", "x", "g"),
    ],
    "scripts": [
        ("eval", "return {KEYS[1], ARGV[1], 7, false, {'nested'}}", 1, "k", "é"),
        ("eval", "return redis.status_reply('FINE')", 1, "k"),
        ("eval", "return redis.error_reply('MINE broke it')", 1, "k"),
        ("eval", "return redis.call('set', KEYS[1], ARGV[1])", 1, "k", "v"),
        ("eval", "return redis.call('nonsense')", 1, "k"),
        ("eval", "this is no lua", 1, "k"),
        ("eval", "redis.setresp(3); return {double=2.5}", 1, "k"),
        ("eval", "redis.setresp(3); return {map={a=1}}", 1, "k"),
        ("eval", "return true", 1, "k"),
    ],
    "noscript": [
        ("evalsha", "0" * 40, 1, "k"),
        ("script_exists", "0" * 40),
        ("script_load", "return 1"),
    ],
    "error_codes": [
        ("eval", f"return redis.error_reply('{line}')", 1, "k")
        for line in (
            "ERR plain",
            "WRONGTYPE of mine",
            "OOM too much",
            "READONLY replica",
            "NOPERM no",
            "TRYAGAIN later",
            "CROSSSLOT other",
            "EXECABORT gone",
            "NOSCRIPT none",
            "NOPROTO 4",
        )
    ],
    "wrong_type": [
        ("set", "a", "1"),
        ("lpush", "a", "x"),
        ("hget", "a", "f"),
        ("incr", "a"),
        ("get", "a"),
    ],
    "wrong_arguments": [
        ("execute_command", "GET"),
        ("execute_command", "NONSENSE", "x"),
        ("incrby", "a", "x"),
    ],
    "client_side_errors": [
        ("set", "a", None),
        ("set", "a", {"x": object()}),
        ("zadd", "z", {}),
        ("set", "a", True),
    ],
    "raw_commands": [
        ("execute_command", "SET a 1"),
        ("execute_command", "get", "a"),
        ("execute_command", b"GET", b"a"),
    ],
    "ping_and_echo": [("ping",), ("echo", "hello"), ("echo", "é")],
    "blocking_pops": [
        ("rpush", "l", "a", "b"),
        ("blpop", "l", 1),
        ("brpop", ["l"], 1),
        ("blpop", "l", 0.05),
        ("blmove", "l", "l", 0.05),
        ("zadd", "z", {"m": 1}),
        ("bzpopmin", "z", 1),
        ("bzpopmin", "z", 0.05),
        ("xread", {"x": "$"}, {"block": 50}),
    ],
    "dump_and_restore": [("set", "a", "1"), ("dump", "a"), ("dump", "none")],
    "sort": [
        ("rpush", "l", "3", "1", "2"),
        ("sort", "l"),
        ("sort", "l", {"desc": True, "store": "{l}s"}),
    ],
    "copy_and_rename": [
        ("set", "{t}a", 1),
        ("copy", "{t}a", "{t}b"),
        ("rename", "{t}a", "{t}c"),
        ("rename", "{t}x", "{t}y"),
    ],
    "objects": [
        ("set", "a", "12345"),
        ("object", "encoding", "a"),
        ("object", "refcount", "none"),
        ("memory_usage", "none"),
    ],
    "lcs": [
        ("set", "{t}a", "ohmytext"),
        ("set", "{t}b", "mynewtext"),
        ("lcs", "{t}a", "{t}b", {"len": True}),
    ],
    "multi_pops": [
        ("rpush", "l", "a", "b"),
        ("lmpop", 1, "l", {"direction": "LEFT"}),
        ("zmpop", 1, ["z"], {"min": True}),
    ],
}

ALONE = {
    "binary": [
        ("set", _BINARY, _BINARY),
        ("exists", _BINARY),
        ("hset", "h", {"mapping": {b"\xff": b"\xfe"}}),
        ("get", _BINARY),
    ],
    "select_and_names": [
        ("client_setname", "mine"),
        ("client_getname",),
        ("select", 2),
        ("dbsize",),
        ("select", 99),
    ],
    "server_information": [
        ("config_get", "maxmemory-policy"),
        ("config_set", "maxmemory-policy", "noeviction"),
        ("command_count",),
        ("acl_whoami",),
        ("acl_cat", "scripting"),
        ("lastsave",),
        ("object", "help"),
        ("latency_doctor",),
        ("slowlog_len",),
        ("role",),
    ],
    "functions": [
        (
            "function_load",
            "#!lua name=mylib\nredis.register_function('f', function(k, a) return a[1] end)",
        ),
        ("fcall", "f", 0, "hello"),
        (
            "function_load",
            "#!lua name=mylib\nredis.register_function('f', function() return 1 end)",
        ),
        ("function_list",),
        ("function_delete", "mylib"),
        ("fcall", "f", 0),
    ],
    "script_management": [
        ("script_load", "return 1"),
        ("script_flush",),
        ("script_exists", "0" * 40),
    ],
    "scan_once": [
        ("mset", {"a": 1}),
        ("scan",),
        ("scan", {"match": "none*"}),
        ("keys", "*"),
        ("randomkey",),
        ("dbsize",),
    ],
    "info": [("info", "keyspace"), ("info", "replication")],
    "moved": [
        ("eval", "return redis.error_reply('MOVED 5 127.0.0.1:1')", 0),
        ("eval", "return redis.error_reply('ASK 5 127.0.0.1:1')", 0),
    ],
    "cluster_down": [
        ("eval", "return redis.error_reply('CLUSTERDOWN gone')", 0),
        ("eval", "return redis.error_reply('MASTERDOWN gone')", 0),
    ],
    "flush": [("set", "a", 1), ("flushdb",), ("get", "a"), ("flushall", {"asynchronous": False})],
}
"""For a single server: a cluster asks every node, or none."""


def _call(step: tuple[Any, ...]) -> tuple[str, list[Any], dict[str, Any]]:
    """A dict at the end holds keywords, if the names say so."""
    name, *args = step
    if args and isinstance(args[-1], dict) and _are_keywords(name, args):
        return name, args[:-1], args[-1]
    return name, args, {}


_WHOLE = {"mset", "msetnx", "xread", "xreadgroup"}


def _are_keywords(name: str, args: list[Any]) -> bool:
    if name in {"zadd", "xadd"}:
        return len(args) > 2
    if name == "xread":
        return len(args) > 1
    return name not in _WHOLE and not (name == "set" and len(args) == 2)


def _enter(name: str, steps: list[Any]) -> None:
    async def run(caller: Caller) -> None:
        if name in ALONE and caller.is_cluster:
            return
        for step in steps:
            method, args, keywords = _call(step)
            await caller.do(method, *args, **keywords)

    run.__name__ = name
    CASES[name] = run


def _all() -> Iterator[tuple[str, list[Any]]]:
    yield from SCRIPTS.items()
    yield from ALONE.items()


for _name, _steps in _all():
    _enter(_name, _steps)

"""Cases of more than a list of calls: pipelines, transactions, locks, iterators, messages."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import redis
import redis.asyncio

from tests.redis_client.caller import Caller, case, ready


async def rest(caller: Caller, seconds: float) -> None:
    if caller.is_async:
        await asyncio.sleep(seconds)
    else:
        time.sleep(seconds)  # noqa: ASYNC251 - a synchronous client has no loop


@case
async def pipeline(caller: Caller) -> None:
    pipe = caller.r.pipeline(transaction=False) if not caller.is_cluster else caller.r.pipeline()
    pipe.set("{t}a", 1)
    pipe.incr("{t}a")
    pipe.get("{t}a")
    pipe.hgetall("{t}none")
    await caller.do("execute", on=pipe)
    await caller.do("execute", on=pipe)


@case
async def pipeline_with_errors(caller: Caller) -> None:
    for raising in (True, False):
        pipe = (
            caller.r.pipeline(transaction=False) if not caller.is_cluster else caller.r.pipeline()
        )
        pipe.set("{t}a", 1)
        pipe.lpush("{t}a", 1)
        pipe.get("{t}a")
        await caller.do("execute", on=pipe, raise_on_error=raising)


@case
async def pipeline_of_five_hundred(caller: Caller) -> None:
    pipe = caller.r.pipeline(transaction=False) if not caller.is_cluster else caller.r.pipeline()
    for n in range(500):
        pipe.set(f"{{t}}{n}", "v" * n)
    pipe.set("{t}big", b"*3\r\n$1\r\n" * 5000)
    pipe.strlen("{t}big")
    await caller.do("execute", on=pipe)


@case
async def transaction(caller: Caller) -> None:
    if caller.is_cluster:
        return
    pipe = caller.r.pipeline()
    pipe.set("a", 1)
    pipe.lrange("none", 0, -1)
    pipe.zadd("z", {"m": 1.5})
    pipe.zscore("z", "m")
    await caller.do("execute", on=pipe)


@case
async def transaction_with_a_failing_command(caller: Caller) -> None:
    if caller.is_cluster:
        return
    for raising in (True, False):
        pipe = caller.r.pipeline()
        pipe.set("a", 1)
        pipe.lpush("a", 1)
        pipe.get("a")
        await caller.do("execute", on=pipe, raise_on_error=raising)


@case
async def transaction_that_is_aborted(caller: Caller) -> None:
    if caller.is_cluster:
        return
    pipe = caller.r.pipeline()
    pipe.set("a", 1)
    pipe.execute_command("NONSENSE")
    await caller.do("execute", on=pipe)


@case
async def watch_without_contention(caller: Caller) -> None:
    if caller.is_cluster:
        return
    pipe = caller.r.pipeline()
    await caller.do("watch", "a", on=pipe)
    await caller.do("get", "a", on=pipe)
    pipe.multi()
    pipe.set("a", "mine")
    await caller.do("execute", on=pipe)
    await caller.do("unwatch", on=pipe)
    await ready(pipe.reset())


@case
async def watch_with_contention(caller: Caller) -> None:
    if caller.is_cluster:
        return
    pipe = caller.r.pipeline()
    await caller.do("watch", "a", on=pipe)
    caller.aside("SET", "a", "theirs")
    pipe.multi()
    pipe.set("a", "mine")
    await caller.do("execute", on=pipe)
    await ready(pipe.reset())
    await caller.do("get", "a")


@case
async def optimistic_transaction_that_retries(caller: Caller) -> None:
    if caller.is_cluster:
        return
    rounds: list[int] = []

    def add(pipe: Any) -> None:
        rounds.append(1)
        value = int(pipe.get("n") or 0)
        if len(rounds) == 1:
            caller.aside("SET", "n", "41")
        pipe.multi()
        pipe.set("n", value + 1)

    async def add_later(pipe: Any) -> None:
        rounds.append(1)
        value = int(await pipe.get("n") or 0)
        if len(rounds) == 1:
            caller.aside("SET", "n", "41")
        pipe.multi()
        pipe.set("n", value + 1)

    await caller.do("transaction", add_later if caller.is_async else add, "n")
    await caller.do("get", "n")
    caller.note(len(rounds))


@case
async def registered_script(caller: Caller) -> None:
    """EVALSHA, NOSCRIPT, SCRIPT LOAD, EVALSHA again."""
    script = caller.r.register_script("return {KEYS[1], ARGV[1]}")
    for _ in range(2):
        try:
            caller.note(await ready(script(keys=["k"], args=["a"])))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            caller.note(error)


@case
async def registered_script_in_a_pipeline(caller: Caller) -> None:
    if caller.is_cluster:
        return
    script = caller.r.register_script("return ARGV[1]")
    pipe = caller.r.pipeline()
    await ready(script(keys=[], args=["x"], client=pipe))
    pipe.get("a")
    await caller.do("execute", on=pipe)


@case
async def scan_iterators(caller: Caller) -> None:
    for n in range(40):
        await ready(caller.r.set(f"{{t}}:{n}", n))
    await ready(caller.r.sadd("s", *range(30)))
    await ready(caller.r.hset("h", mapping={str(n): n for n in range(200)}))
    await ready(caller.r.zadd("z", {str(n): n for n in range(200)}))
    caller.note(sorted(map(str, await caller.listed(caller.r.scan_iter(match="{t}:*", count=7)))))
    caller.note(sorted(map(str, await caller.listed(caller.r.sscan_iter("s", count=5)))))
    caller.note(sorted(map(str, await caller.listed(caller.r.hscan_iter("h", count=20)))))
    caller.note(sorted(map(str, await caller.listed(caller.r.zscan_iter("z", count=20)))))


@case
async def lock(caller: Caller) -> None:
    """Its token is drawn at random."""
    held = caller.r.lock("l", timeout=10)
    await caller.do("acquire", on=held, blocking=False)
    await caller.do("locked", on=held)
    await caller.do("owned", on=held)
    await caller.do("extend", 10, on=held)
    await caller.do("reacquire", on=held)
    other = caller.r.lock("l", timeout=10)
    await caller.do("acquire", on=other, blocking=False)
    await caller.do("acquire", on=other, blocking=True, blocking_timeout=0.05)
    await caller.do("release", on=held)
    await caller.do("release", on=held)
    await caller.do("release", on=other)


@case
async def lock_lost(caller: Caller) -> None:
    held = caller.r.lock("l", timeout=10)
    await caller.do("acquire", on=held)
    caller.aside("SET", "l", "somebody else's")
    await caller.do("owned", on=held)
    await caller.do("release", on=held)


@case
async def lock_as_a_block(caller: Caller) -> None:
    if caller.is_async:
        async with caller.r.lock("l", timeout=5, thread_local=False) as held:
            caller.note(await held.owned())
    else:
        with caller.r.lock("l", timeout=5) as held:
            caller.note(held.owned())


async def messages(caller: Caller, pubsub: Any, many: int, **options: Any) -> None:
    """Poll until so many have come."""
    for _ in range(500):
        message = await ready(pubsub.get_message(timeout=0.02, **options))
        if message is not None:
            caller.note(message)
            many -= 1
        if not many:
            return
    caller.note("too few")


@case
async def publish_and_subscribe(caller: Caller) -> None:
    if caller.is_cluster and caller.is_async:
        return
    pubsub = caller.keep(caller.r.pubsub())
    await ready(pubsub.subscribe("news", "other"))
    await messages(caller, pubsub, 2)
    await caller.do("publish", "news", "one")
    await caller.do("publish", "news", "zwei é")
    await caller.do("publish", "nobody", "x")
    await messages(caller, pubsub, 2)
    await ready(pubsub.unsubscribe("other"))
    await messages(caller, pubsub, 1)
    await caller.do("publish", "news", b"\x00three")
    await messages(caller, pubsub, 1)


@case
async def nothing_to_read_at_first(caller: Caller) -> None:
    """How often a subscriber looked before a message came is part of what happened."""
    if caller.is_cluster:
        return
    pubsub = caller.keep(caller.r.pubsub(ignore_subscribe_messages=True))
    await ready(pubsub.subscribe("news"))
    looks = []
    for n in range(12):
        if n == 5:
            caller.aside("PUBLISH", "news", "late")
            await rest(caller, 0.05)
        looks.append(await ready(pubsub.get_message(timeout=0)))
    caller.note(looks)


@case
async def patterns_and_handlers(caller: Caller) -> None:
    if caller.is_cluster:
        return
    seen: list[Any] = []
    pubsub = caller.keep(caller.r.pubsub())
    await ready(pubsub.psubscribe(**{"n.*": seen.append}))
    await messages(caller, pubsub, 1)
    caller.aside("PUBLISH", "n.a", "x")
    for _ in range(200):
        await ready(pubsub.get_message(timeout=0.02))
        if seen:
            break
    caller.note(seen)
    await ready(pubsub.punsubscribe())
    await messages(caller, pubsub, 1)
    caller.note(pubsub.subscribed)


@case
async def listening(caller: Caller) -> None:
    if caller.is_cluster:
        return
    pubsub = caller.keep(caller.r.pubsub())
    await ready(pubsub.subscribe("news"))
    caller.aside("PUBLISH", "news", "1")
    caller.aside("PUBLISH", "news", "2")
    heard = []
    if caller.is_async:
        async for message in pubsub.listen():
            heard.append(message)
            if len(heard) == 3:
                break
    else:
        for message in pubsub.listen():
            heard.append(message)
            if len(heard) == 3:
                break
    caller.note(heard)


@case
async def pubsub_ping_and_channels(caller: Caller) -> None:
    if caller.is_cluster:
        return
    pubsub = caller.keep(caller.r.pubsub())
    await ready(pubsub.subscribe("news"))
    await messages(caller, pubsub, 1)
    await ready(pubsub.ping())
    await messages(caller, pubsub, 1)
    await caller.do("pubsub_channels")
    await caller.do("pubsub_numsub", "news")
    await caller.do("pubsub_numpat")


@case
async def tasks_that_ask_the_same(caller: Caller) -> None:
    """Each gets its own answer."""

    async def one(n: int) -> Any:
        await asyncio.sleep(0.001 * (5 - n))
        first = await caller.r.incr("shared")
        await asyncio.sleep(0.001 * n)
        return n, first, await caller.r.incr("shared")

    def plain_one(n: int) -> Any:
        time.sleep(0.002 * (5 - n))
        return n, caller.r.incr("shared"), caller.r.incr("shared")

    if caller.is_async:
        caller.note(await asyncio.gather(*map(one, range(5))))
    else:
        with ThreadPoolExecutor(5) as pool:
            caller.note(list(pool.map(plain_one, range(5))))


@case
async def pipelines_side_by_side(caller: Caller) -> None:
    def filled(n: int) -> Any:
        pipe = caller.r.pipeline()
        pipe.incrby("{t}p", 10)
        pipe.get(f"{{t}}{n}")
        pipe.get("{t}p")
        return pipe

    async def one(n: int) -> Any:
        await asyncio.sleep(0.001 * (5 - n))
        return await filled(n).execute()

    if caller.is_async:
        caller.note(await asyncio.gather(*map(one, range(5))))
    else:
        with ThreadPoolExecutor(5) as pool:
            caller.note(list(pool.map(lambda n: filled(n).execute(), range(5))))


@case
async def a_wait_that_is_cut_off(caller: Caller) -> None:
    if not caller.is_async or caller.is_cluster:
        return
    try:
        await asyncio.wait_for(caller.r.blpop("none", 30), 0.05)
    except TimeoutError as error:
        caller.note(error)
    await caller.do("set", "a", 1)


@case
async def a_task_that_is_cancelled(caller: Caller) -> None:
    if not caller.is_async or caller.is_cluster:
        return
    task = asyncio.create_task(caller.r.blpop("none", 30))
    await asyncio.sleep(0.05)
    task.cancel()
    caller.note([type(x).__name__ for x in await asyncio.gather(task, return_exceptions=True)])
    await caller.do("get", "a")


@case
async def keyword_and_callback(caller: Caller) -> None:
    """Conversions that the application adds are its own code."""
    caller.r.set_response_callback("GET", lambda value, **_: ("mine", value))
    await caller.do("set", "a", 1)
    await caller.do("get", "a")


@case
async def values_of_json(caller: Caller) -> None:
    await caller.do("set", "doc", json.dumps({"a": [1, 2, {"b": None}], "$bytes": "x"}))
    await caller.do("get", "doc")


@case
async def undecoded(caller: Caller) -> None:
    await caller.do("set", "a", "é")
    await caller.do("execute_command", "GET", "a", NEVER_DECODE=True)


@case
async def other_encodings(caller: Caller) -> None:
    other = caller.client(encoding="latin-1", decode_responses=True)
    await caller.do("set", "a", "é", on=other)
    await caller.do("get", "a", on=other)
    caller.aside("SET", "b", "é")
    replacing = caller.client(encoding="ascii", encoding_errors="replace", decode_responses=True)
    await caller.do("get", "b", on=replacing)


@case
async def memory_views(caller: Caller) -> None:
    buffer = bytearray(b"view" * 3000)
    await caller.do("set", "a", memoryview(buffer))
    buffer[:4] = b"gone"
    await caller.do("getrange", "a", 0, 7)


@case
async def errors_are_redis_errors(caller: Caller) -> None:
    try:
        await ready(caller.r.execute_command("HGET", "only-one"))
    except redis.ResponseError as error:
        caller.note(error)

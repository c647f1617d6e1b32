"""Cases: what goes wrong."""

from __future__ import annotations

import asyncio
import concurrent.futures
from typing import Any

import pymongo
from pymongo import InsertOne

from tests.mongodb.caller import Caller, case, ready


@case
async def duplicate_keys(caller: Caller) -> None:
    things = caller.scripted("duplicate")
    await caller.tried(lambda: things.insert_one({"_id": "a"}))
    await caller.tried(lambda: things.insert_many([{"_id": "a"}, {"_id": "b"}]))
    await caller.tried(lambda: things.bulk_write([InsertOne({"_id": "a"})], ordered=False))


@case
async def duplicate_keys_on_the_server(caller: Caller) -> None:
    things = caller.collection()
    await ready(things.insert_one({"_id": 1}))
    await caller.tried(lambda: things.insert_one({"_id": 1}))


@case
async def documents_that_fail_validation(caller: Caller) -> None:
    things = caller.scripted("validated")
    await caller.tried(lambda: things.insert_one({"_id": 1}))
    await caller.tried(lambda: things.update_one({"_id": 1}, {"$set": {"x": 1}}))
    await caller.tried(lambda: things.insert_many([{"_id": 1}, {"_id": 2}]))


@case
async def write_concern_errors(caller: Caller) -> None:
    things = caller.scripted("concern", w=3, wTimeoutMS=1)
    await caller.tried(lambda: things.insert_one({"_id": 1}))
    await caller.tried(lambda: things.update_one({"_id": 1}, {"$set": {"x": 1}}))
    await caller.tried(lambda: things.insert_many([{"_id": 1}]))
    await caller.tried(lambda: things.find_one_and_delete({"_id": 1}))


@case
async def commands_that_fail(caller: Caller) -> None:
    things = caller.scripted("failing")
    await caller.tried(lambda: things.database.command("nosuch"))
    await caller.tried(lambda: things.database.command("nosuch", check=False))
    await caller.tried(lambda: caller.all(things.aggregate([{"$nosuch": 1}])))
    await caller.tried(lambda: things.distinct("x", maxTimeMS=1))


@case
async def cursors_that_are_gone(caller: Caller) -> None:
    things = caller.scripted("failing")
    await caller.tried(lambda: things.find({}).to_list(None))


@case
async def servers_that_step_down(caller: Caller) -> None:
    things = caller.scripted("stepping")
    told = f"w {caller.kind}"
    caller.note(await ready(things.insert_one({"_id": 1}, comment=told)))
    once = caller.scripted("stepping", retryWrites=False, retryReads=False)
    told = f"f {caller.kind}"
    await caller.tried(lambda: once.insert_one({"_id": 1}, comment=told))
    await caller.tried(lambda: once.insert_one({"_id": 1}, comment=told))


@case
async def connections_that_break(caller: Caller) -> None:
    things = caller.scripted("closing", retryWrites=False, retryReads=False)
    await caller.tried(lambda: things.find_one({}))
    await caller.tried(lambda: things.insert_one({"_id": 1}))
    await caller.tried(lambda: things.database.command("anything"))


@case
async def connections_that_break_once(caller: Caller) -> None:
    things = caller.scripted("recovering")
    told = f"once {caller.kind}"
    caller.note(await caller.all(things.find({}, comment=told)))
    other = things.database.client["transactions"]["c"]
    caller.note(len(await ready(other.find_one({}))))


@case
async def replies_that_come_too_late(caller: Caller) -> None:
    things = caller.scripted("slow", socketTimeoutMS=200, retryReads=False)
    await caller.tried(lambda: things.database.command("slow"))
    other = things.database.client["transactions"]["c"]
    caller.note(len(await ready(other.find_one({}))))


@case
async def deadlines(caller: Caller) -> None:
    if caller.kind == "motor":
        return
    things = caller.scripted("transactions", timeoutMS=5000)
    caller.note(len(await ready(things.find_one({}))))
    with pymongo.timeout(4):
        caller.note(await ready(things.insert_one({"_id": 1})))
    slow = caller.scripted("slow")
    with pymongo.timeout(0.3):
        await caller.tried(lambda: slow.database.command("slow"))


@case
async def calls_that_are_cancelled(caller: Caller) -> None:
    if caller.kind != "asynchronous":
        return
    things = caller.scripted("slow")
    try:
        await asyncio.wait_for(things.database.command("slow"), 0.2)
    except TimeoutError as error:
        caller.note(error)
    caller.note(len(await ready(things.database.client["transactions"]["c"].find_one({}))))


@case
async def servers_that_refuse(caller: Caller) -> None:
    client = caller.client("REFUSED", serverSelectionTimeoutMS=300)
    await caller.tried(lambda: client.shop.things.find_one({}))
    await caller.tried(lambda: client.shop.things.insert_one({"_id": 1}))
    await caller.tried(lambda: client.admin.command("ping"))


@case
async def servers_of_another_set(caller: Caller) -> None:
    client = caller.client("SCRIPTED", replicaSet="another", serverSelectionTimeoutMS=300)
    await caller.tried(lambda: client.transactions.c.find_one({}))


@case
async def servers_that_no_one_reads_from(caller: Caller) -> None:
    client = caller.client("SCRIPTED", replicaSet="rs0", serverSelectionTimeoutMS=300)
    secondary = client.types.c.with_options(read_preference=pymongo.ReadPreference.SECONDARY)
    await caller.tried(lambda: secondary.find_one({}))
    caller.note(len(await ready(client.transactions.c.find_one({}))))


@case
async def credentials_that_are_wrong(caller: Caller) -> None:
    things = caller.scripted("types", username="u", password="p", authMechanism="SCRAM-SHA-256")
    await caller.tried(lambda: things.find_one({}))
    await caller.tried(lambda: things.insert_one({"_id": 1}))


@case
async def clients_that_are_closed(caller: Caller) -> None:
    client = caller.client()
    caller.note(await ready(client.admin.command("ping")))
    await ready(client.close())
    await caller.tried(lambda: client.admin.command("ping"))


@case
async def mistakes_of_the_application(caller: Caller) -> None:
    things = caller.collection()
    await caller.tried(lambda: things.insert_one({"x": 1j}))
    await caller.tried(lambda: things.update_one({}, {"x": 1}))
    await caller.tried(lambda: things.insert_one({"x": "y" * 17_000_000}))


@case
async def many_at_once(caller: Caller) -> None:
    things = caller.collection(maxPoolSize=3)
    await ready(things.insert_many([{"_id": n, "n": n} for n in range(8)]))
    if caller.kind == "pymongo":
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            caller.note(list(pool.map(lambda n: things.find_one({"n": n}), range(8))))
    else:
        caller.note(await asyncio.gather(*(ready(things.find_one({"n": n})) for n in range(8))))


@case
async def the_same_at_once_from_tasks(caller: Caller) -> None:
    things = caller.collection()

    async def count(step: int) -> list[Any]:
        update = {"$inc": {f"n{step}": 1}}
        after = pymongo.ReturnDocument.AFTER
        return [
            await ready(
                things.find_one_and_update(
                    {"_id": step}, update, upsert=True, return_document=after
                )
            )
            for _ in range(3)
        ]

    if caller.kind == "pymongo":
        things.insert_one({"_id": "one", "n": 0})
        after = pymongo.ReturnDocument.AFTER
        asked = ({"_id": "one"}, {"$inc": {"n": 1}})
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            calls = [
                pool.submit(things.find_one_and_update, *asked, return_document=after)
                for _ in range(6)
            ]
            caller.note([call.result() for call in calls])
    else:
        caller.note(await asyncio.gather(*(count(step) for step in range(4))))

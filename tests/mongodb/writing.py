"""Cases: how documents are written."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pymongo
from bson import ObjectId
from pymongo import DeleteMany, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne

from tests.mongodb.caller import Caller, case, ready


@case
async def insert_one(caller: Caller) -> None:
    things = caller.collection()
    caller.note(await ready(things.insert_one({"_id": "a", "x": 1})))
    mine = {"x": 2}
    caller.note(await ready(things.insert_one(mine)), list(mine), type(mine["_id"]))
    caller.note(await ready(things.find_one({"_id": mine["_id"]})), str(mine["_id"]))


@case
async def identifiers_made_by_the_application(caller: Caller) -> None:
    things = caller.collection()
    mine = ObjectId()
    await ready(things.insert_one({"_id": mine, "token": str(uuid.uuid4())}))
    caller.note(mine, await ready(things.find_one({"_id": mine})))


@case
async def insert_many(caller: Caller) -> None:
    things = caller.collection()
    made = await ready(things.insert_many([{"n": n} for n in range(5)]))
    caller.note(made, await ready(things.find_one({"_id": made.inserted_ids[3]})))
    caller.note(await ready(things.insert_many([{"_id": n} for n in range(3)], ordered=False)))


@case
async def inserts_in_several_batches(caller: Caller) -> None:
    things = caller.scripted("transactions")
    await caller.tried(lambda: things.insert_many([{"_id": n} for n in range(10)]))


@case
async def updates(caller: Caller) -> None:
    things = caller.collection()
    await ready(things.insert_many([{"_id": n, "n": n} for n in range(6)]))
    caller.note(await ready(things.update_one({"_id": 1}, {"$set": {"x": 1}, "$inc": {"n": 5}})))
    caller.note(await ready(things.update_many({"n": {"$gt": 2}}, {"$set": {"many": True}})))
    caller.note(await ready(things.update_one({"_id": "new"}, {"$set": {"a": 1}}, upsert=True)))
    caller.note(await ready(things.replace_one({"_id": 2}, {"replaced": 1})))
    caller.note(await ready(things.update_one({"_id": -1}, {"$set": {"x": 1}})))
    caller.note(await caller.all(things.find({}).sort("n", 1)))


@case
async def deletes(caller: Caller) -> None:
    things = caller.collection()
    await ready(things.insert_many([{"_id": n, "n": n % 2} for n in range(6)]))
    caller.note(
        await ready(things.delete_one({"_id": 1})), await ready(things.delete_many({"n": 0}))
    )
    caller.note(await ready(things.delete_one({"_id": 99})), await caller.all(things.find({})))


@case
async def find_and_modify(caller: Caller) -> None:
    things = caller.collection()
    await ready(things.insert_many([{"_id": n, "n": n} for n in range(6)]))
    after = pymongo.ReturnDocument.AFTER
    caller.note(await ready(things.find_one_and_update({"_id": 1}, {"$inc": {"n": 1}})))
    caller.note(
        await ready(
            things.find_one_and_update({"_id": 1}, {"$inc": {"n": 1}}, return_document=after)
        )
    )
    caller.note(
        await ready(things.find_one_and_replace({"_id": 2}, {"r": 1}, return_document=after))
    )
    caller.note(await ready(things.find_one_and_delete({"_id": 3}, projection={"n": 1})))
    caller.note(await ready(things.find_one_and_delete({"_id": 33})))


@case
async def bulk_writes(caller: Caller) -> None:
    things = caller.collection()
    requests: list[Any] = [
        InsertOne({"_id": 1, "n": 1}),
        InsertOne({"_id": 2, "n": 1}),
        UpdateOne({"_id": 1}, {"$set": {"x": 1}}),
        UpdateMany({"n": 1}, {"$inc": {"n": 1}}),
        UpdateOne({"_id": "up"}, {"$set": {"x": 1}}, upsert=True),
        ReplaceOne({"_id": 2}, {"r": True}),
        DeleteOne({"_id": "no"}),
        DeleteMany({"n": 2}),
    ]
    caller.note(await ready(things.bulk_write(requests)))
    caller.note(await ready(things.bulk_write([InsertOne({"n": 9})], ordered=False)))
    caller.note(await caller.all(things.find({"_id": {"$in": [1, 2, "up"]}})))


@case
async def bulk_writes_that_fail(caller: Caller) -> None:
    things = caller.collection()
    await ready(things.insert_one({"_id": 1}))
    doubled = [InsertOne({"_id": n}) for n in (1, 2, 2, 3)]
    await caller.tried(lambda: things.bulk_write(doubled, ordered=False))
    await caller.tried(lambda: things.bulk_write([InsertOne({"_id": 1}), InsertOne({"_id": 7})]))
    await caller.tried(lambda: things.insert_many([{"_id": 1}, {"_id": 8}], ordered=False))


@case
async def bulk_writes_of_a_client(caller: Caller) -> None:
    client = caller.client()
    if not hasattr(client, "bulk_write") or caller.kind == "motor":
        return
    where = f"{caller.kind}_client_bulk.things"
    requests = [InsertOne({"_id": 1}, namespace=where), InsertOne({"_id": 2}, namespace=where)]
    await caller.tried(lambda: client.bulk_write(requests, verbose_results=True))


@case
async def unacknowledged_writes(caller: Caller) -> None:
    concern = pymongo.WriteConcern(w=0)
    things = caller.scripted("transactions").with_options(write_concern=concern)
    caller.note(await ready(things.insert_one({"_id": "quiet"})))
    caller.note(await ready(things.update_one({"_id": 1}, {"$set": {"x": 1}})))
    caller.note(await ready(things.bulk_write([InsertOne({"_id": 5})], ordered=False)))
    caller.note(await ready(things.find_one({})))


@case
async def indexes(caller: Caller) -> None:
    things = caller.collection()
    await ready(things.insert_one({"_id": 1, "a": 1, "b": 2}))
    caller.note(await ready(things.create_index([("a", 1), ("b", -1)], unique=True, name="ab")))
    caller.note(await ready(things.create_indexes([pymongo.IndexModel("b")])))
    caller.note(await ready(things.index_information()))
    await caller.tried(lambda: things.drop_index("ab"))
    caller.note(sorted([i["name"] for i in await caller.all(things.list_indexes())]))


@case
async def collections(caller: Caller) -> None:
    database = caller.database()
    await caller.tried(lambda: database.create_collection("made", check_exists=False))
    await ready(database.made.insert_one({"_id": 1}))
    caller.note(sorted(await ready(database.list_collection_names())))
    await ready(database.made.drop())
    caller.note(sorted(await ready(database.list_collection_names())))


@case
async def sessions(caller: Caller) -> None:
    client = caller.client("SCRIPTED", replicaSet="rs0")
    things = client["transactions"]["c"]
    session = await ready(client.start_session(causal_consistency=True))
    caller.note(await ready(things.insert_one({"_id": 1}, session=session)))
    caller.note(await ready(things.find_one({"_id": 1}, session=session)))
    caller.note(session.operation_time, session.cluster_time is not None, session.has_ended)
    await ready(session.end_session())
    caller.note(session.has_ended)


@case
async def transactions(caller: Caller) -> None:
    client = caller.client("SCRIPTED", replicaSet="rs0")
    things = client["transactions"]["c"]
    session = await ready(client.start_session())
    await ready(session.start_transaction(write_concern=pymongo.WriteConcern("majority")))
    caller.note(session.in_transaction)
    await ready(things.insert_one({"_id": 1}, session=session))
    caller.note(await ready(things.find_one({}, session=session)))
    await ready(session.commit_transaction())
    caller.note(session.in_transaction)
    await ready(session.start_transaction())
    await caller.tried(lambda: things.insert_one({"_id": 2, "conflict": 1}, session=session))
    await ready(session.abort_transaction())
    caller.note(session.in_transaction)
    await ready(session.end_session())


@case
async def transactions_that_are_tried_again(caller: Caller) -> None:
    client = caller.client("SCRIPTED", replicaSet="rs0")
    things = client["transactions"]["c"]
    times: list[int] = []

    def write(session: Any) -> Any:
        times.append(1)
        return things.insert_one({"_id": len(times), **_conflict(times)}, session=session)

    async def write_later(session: Any) -> Any:
        return await write(session)

    async with _entered(await ready(client.start_session())) as session:
        callback = write if caller.kind == "pymongo" else write_later
        caller.note((await ready(session.with_transaction(callback))).acknowledged, len(times))


def _conflict(times: list[int]) -> dict[str, int]:
    return {"conflict": 1} if len(times) < 3 else {}


class _entered:  # noqa: N801 - reads as a statement
    """A session that is ended afterwards, whatever its kind."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def __aenter__(self) -> Any:
        return self._session

    async def __aexit__(self, *_error: object) -> None:
        await ready(self._session.end_session())


@case
async def transactions_on_the_server(caller: Caller) -> None:
    client = caller.client()
    things = client[f"{caller.kind}_transactions"]["things"]
    session = await ready(client.start_session())
    await ready(session.start_transaction())
    await ready(things.insert_one({"_id": 1}, session=session))
    await ready(session.commit_transaction())
    await ready(session.end_session())
    caller.note(await caller.all(things.find({})))


@case
async def files(caller: Caller) -> None:
    bucket = caller.bucket(caller.database(), chunk_size_bytes=1000)
    data = bytes(range(256)) * 12
    made = await ready(bucket.upload_from_stream("f.bin", io.BytesIO(data), metadata={"x": 1}))
    caller.note(made)
    stream = await ready(bucket.open_download_stream(made))
    caller.note(stream.length, stream.filename, stream.chunk_size, stream.metadata)
    caller.note(await ready(stream.read()) == data, stream.upload_date)
    into = io.BytesIO()
    await ready(bucket.download_to_stream_by_name("f.bin", into))
    caller.note(into.getvalue() == data, [f.filename for f in await caller.all(bucket.find({}))])


@case
async def files_that_are_not_there(caller: Caller) -> None:
    bucket = caller.bucket(caller.database())
    await caller.tried(lambda: bucket.open_download_stream_by_name("none"))
    await caller.tried(lambda: bucket.delete(ObjectId("0123456789abcdef01234567")))


@case
async def write_concerns(caller: Caller) -> None:
    things = caller.collection(w=1)
    caller.note(await ready(things.insert_one({"_id": 1})))
    journalled = things.with_options(write_concern=pymongo.WriteConcern(w=1, j=True))
    caller.note(await ready(journalled.insert_one({"_id": 2})))


@case
async def compressed_messages(caller: Caller) -> None:
    things = caller.scripted("transactions", compressors="zlib")
    caller.note(await ready(things.insert_one({"_id": 1, "text": "x" * 2000})))
    caller.note(await ready(things.find_one({"text": "y" * 500})))

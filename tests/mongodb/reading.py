"""Cases: how documents are found."""

from __future__ import annotations

import datetime as dt
from typing import Any

import bson
import pymongo
from bson.codec_options import CodecOptions, DatetimeConversion, TypeCodec, TypeRegistry
from bson.raw_bson import RawBSONDocument
from pymongo.collation import Collation
from pymongo.read_concern import ReadConcern

from tests.mongodb.caller import Caller, case, ready

_ITEMS = [{"_id": n, "n": n, "kind": "even" if n % 2 == 0 else "odd"} for n in range(45)]


async def _filled(caller: Caller, **options: Any) -> Any:
    things = caller.collection(**options)
    await ready(things.insert_many([dict(item) for item in _ITEMS]))
    return things


@case
async def find_one(caller: Caller) -> None:
    things = await _filled(caller)
    caller.note(await ready(things.find_one({"n": 7})), await ready(things.find_one(8)))
    caller.note(await ready(things.find_one({"n": -1})))
    caller.note(await ready(things.find_one({"n": {"$gt": 3}}, {"_id": 0}, sort=[("n", -1)])))


@case
async def cursors_with_more_batches(caller: Caller) -> None:
    things = await _filled(caller)
    found = await caller.all(things.find({"n": {"$gte": 5}}, batch_size=7).sort("n", 1))
    caller.note(len(found), found[0], found[-1])
    cursor = things.find({}, batch_size=10).sort("n")
    caller.note(
        cursor.alive, await ready(cursor.to_list(3)), cursor.alive, cursor.cursor_id is None
    )
    caller.note(await ready(cursor.to_list(None)), cursor.alive)


@case
async def two_cursors_at_once(caller: Caller) -> None:
    things = await _filled(caller)
    one = things.find({"kind": "odd"}, batch_size=2).sort("n", 1)
    two = things.find({"kind": "odd"}, batch_size=2).sort("n", 1)
    for _ in range(4):
        caller.note(await ready(one.to_list(2)), await ready(two.to_list(2)))
    await ready(one.close())
    caller.note(one.alive, two.alive, len(await ready(two.to_list(None))))


@case
async def skip_limit_and_projection(caller: Caller) -> None:
    things = await _filled(caller)
    cursor = things.find({}, {"n": True, "_id": False}).skip(3).limit(4).sort([("n", -1)])
    caller.note(await caller.all(cursor))
    caller.note(await caller.all(things.find({"n": {"$in": [1, 2, 50]}}, limit=-2)))
    caller.note(await caller.all(things.find({"$or": [{"n": 1}, {"kind": "no"}]}).hint("_id_")))
    caller.note(await caller.all(things.find({}).max_time_ms(5000).comment("c").limit(1)))


@case
async def rewound_and_cloned(caller: Caller) -> None:
    things = await _filled(caller)
    cursor = things.find({"n": {"$lt": 3}}).sort("n", 1)
    caller.note(await ready(cursor.to_list(None)))
    cursor.rewind()
    caller.note(await ready(cursor.to_list(None)), await ready(cursor.clone().to_list(None)))


@case
async def aggregation(caller: Caller) -> None:
    things = await _filled(caller)
    by_kind = [{"$group": {"_id": "$kind", "sum": {"$sum": "$n"}}}, {"$sort": {"_id": 1}}]
    caller.note(await caller.all(things.aggregate(by_kind)))
    many = [{"$match": {"n": {"$gte": 2}}}, {"$project": {"twice": {"$multiply": ["$n", 2]}}}]
    caller.note(await caller.all(things.aggregate(many, batchSize=6, allowDiskUse=True)))


@case
async def counts(caller: Caller) -> None:
    things = await _filled(caller)
    caller.note(await ready(things.count_documents({})))
    caller.note(await ready(things.count_documents({"kind": "odd"}, limit=5, skip=1)))
    caller.note(await ready(things.estimated_document_count()))


@case
async def distinct_values(caller: Caller) -> None:
    things = await _filled(caller)
    caller.note(sorted(await ready(things.distinct("kind"))))
    caller.note(sorted(await ready(things.distinct("n", {"n": {"$lt": 4}}))))


@case
async def collation(caller: Caller) -> None:
    things = await _filled(caller)
    wanted = Collation(locale="en", strength=2)
    caller.note(await caller.all(things.find({"kind": "ODD"}, collation=wanted).limit(2)))
    caller.note(await ready(things.count_documents({"kind": "odd"}, collation=wanted)))


@case
async def nothing_there(caller: Caller) -> None:
    things = caller.collection()
    caller.note(await caller.all(things.find({})), await ready(things.count_documents({})))
    caller.note(await caller.all(things.aggregate([{"$match": {}}])))
    caller.note(await ready(things.distinct("x")))


@case
async def documents_of_another_class(caller: Caller) -> None:
    things = await _filled(caller)
    for kind in (bson.SON, RawBSONDocument):
        other = things.with_options(codec_options=CodecOptions(document_class=kind))
        caller.note(await ready(other.find_one({"n": 3})))
        caller.note(await caller.all(other.find({"n": {"$lt": 2}})))


class _Upper(TypeCodec):
    python_type: Any = frozenset
    bson_type: Any = str

    def transform_python(self, value: Any) -> Any:
        return ",".join(sorted(value))

    def transform_bson(self, value: Any) -> Any:
        return value.upper()


@case
async def codecs_of_ones_own(caller: Caller) -> None:
    things = await _filled(caller)
    options: Any = CodecOptions(type_registry=TypeRegistry([_Upper()]))
    other = things.with_options(codec_options=options)
    await ready(other.insert_one({"_id": "mine", "kind": frozenset("ba")}))
    caller.note(await ready(other.find_one({"_id": "mine"})))
    caller.note(await ready(things.find_one({"_id": "mine"})))


@case
async def every_type(caller: Caller) -> None:
    things = caller.scripted("types", datetime_conversion="DATETIME_AUTO")
    caller.note(await ready(things.find_one({})))


@case
async def every_type_with_options(caller: Caller) -> None:
    for options in (
        {
            "tz_aware": True,
            "uuidRepresentation": "standard",
            "datetime_conversion": "DATETIME_CLAMP",
        },
        {"uuidRepresentation": "pythonLegacy", "datetime_conversion": "DATETIME_MS"},
        {
            "tz_aware": True,
            "tzinfo": dt.timezone(dt.timedelta(hours=2)),
            "datetime_conversion": "AUTO",
        },
    ):
        conversion = str(options.pop("datetime_conversion"))
        if conversion == "AUTO":
            conversion = "DATETIME_AUTO"
        wanted = DatetimeConversion[conversion]
        things = caller.scripted("types", datetime_conversion=wanted.name, **options)
        caller.note(await ready(things.find_one({})))


@case
async def every_type_raw(caller: Caller) -> None:
    raw: Any = CodecOptions(document_class=RawBSONDocument)
    things = caller.scripted("types").with_options(codec_options=raw)
    caller.note(await ready(things.find_one({})))


@case
async def dates_beyond_pythons(caller: Caller) -> None:
    await caller.tried(
        lambda: caller.scripted("types", datetime_conversion="DATETIME").find_one({})
    )


@case
async def keys_that_occur_twice(caller: Caller) -> None:
    raw: Any = CodecOptions(document_class=RawBSONDocument)
    things = caller.scripted("doubled").with_options(codec_options=raw)
    caller.note(await ready(things.find_one({})))


@case
async def raw_batches(caller: Caller) -> None:
    things = caller.scripted("types")
    caller.note([batch.hex() for batch in await caller.all(things.find_raw_batches({}))])


@case
async def change_streams(caller: Caller) -> None:
    things = caller.scripted("changes")
    stream = await ready(things.watch([{"$match": {"x": 1}}], max_await_time_ms=50))
    for _ in range(4):
        caller.note(await ready(stream.try_next()), stream.alive)
        caller.note(stream.resume_token)
    await ready(stream.close())


@case
async def exhaust_cursors(caller: Caller) -> None:
    things = caller.scripted("exhausted")
    exhaust = pymongo.CursorType.EXHAUST
    caller.note(await caller.all(things.find({}, cursor_type=exhaust)))
    caller.note(await caller.all(things.find({})))


@case
async def commands(caller: Caller) -> None:
    database = caller.database()
    caller.note(await ready(database.command("ping")))
    caller.note(await ready(database.client.admin.command({"ping": 1, "comment": "c"})))
    await ready(database.things.insert_one({"_id": 1}))
    caller.note(await ready(database.command("count", "things", query={})))
    caller.note(sorted(await ready(database.list_collection_names())))


@case
async def hello_as_a_command(caller: Caller) -> None:
    things = caller.scripted("types")
    caller.note(await ready(things.database.client.admin.command("hello")))


@case
async def read_preferences_and_concerns(caller: Caller) -> None:
    things = await _filled(caller)
    other = things.with_options(
        read_preference=pymongo.ReadPreference.SECONDARY_PREFERRED,
        read_concern=ReadConcern("local"),
    )
    caller.note(await ready(other.find_one({"n": 2})), await ready(other.count_documents({})))

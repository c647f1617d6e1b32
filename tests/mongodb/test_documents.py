"""Documents of MongoDB in a cassette: readable, and the same BSON again."""

from __future__ import annotations

import base64
import json
from typing import Any

import bson
import pytest
from bson import Binary, Int64, ObjectId
from bson.codec_options import CodecOptions, DatetimeConversion

from tests.mongodb.scripted import EVERY_TYPE, doubled
from timetracer_otel.protocols.bson_documents import bson_of, readable_or_raw, value_faults
from timetracer_otel.protocols.mongodb import MONGODB, MongodbRequest, MongodbResponse
from timetracer_otel.protocols.mongodb_wire import head, message_of, plain, reply_to

_OPTIONS: Any = CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_AUTO)


def _through_a_file(value: Any) -> Any:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("name", [name for name in EVERY_TYPE if name != "date_tag"])
def test_every_type_is_the_same_bytes_again_without_keeping_them(name: str) -> None:
    raw = bson.encode({"_id": 1, name: EVERY_TYPE[name]}, codec_options=_OPTIONS)
    document, kept = readable_or_raw(raw)
    assert not kept
    assert bson_of(_through_a_file(document)) == raw


@pytest.mark.parametrize(
    "raw",
    [
        doubled("x"),
        bson.encode({"x": {"$bytes": "an operator that has a tag's name"}}),
        bson.encode({"x": 1.0}).replace(b"\xf0\x3f", b"\xf8\x7f").replace(b"\0\xf8", b"\1\xf8"),
        b"\x0e\0\0\0\x02x\0\x02\0\0\0\xff\0\0",  # no UTF-8
    ],
    ids=["key twice", "name of a tag", "another NaN", "broken text"],
)
def test_what_json_cannot_say_is_kept_as_bytes(raw: bytes) -> None:
    document, kept = readable_or_raw(raw)
    assert kept == base64.b64encode(raw).decode()
    assert bson_of(document, kept) == raw


def test_operators_stay_as_they_are_written() -> None:
    update = {"$set": {"a": {"$gt": 1}}, "$map": {"input": "$x"}, "$oid": "y"}
    assert readable_or_raw(bson.encode(update)) == (update, "")


def test_a_uuid_can_be_read() -> None:
    document, _ = readable_or_raw(bson.encode({"u": Binary(bytes(range(16)), 4)}))
    assert document == {"u": {"$uuid": "00010203-0405-0607-0809-0a0b0c0d0e0f"}}


@pytest.mark.parametrize(
    "document",
    [
        {"x": {"$bson.ObjectId": "no"}},
        {"x": {"$datetime": "2020-01-01T00:00:00+02:00"}},
        {"x": {"$float": []}},
        ["no document"],
        {"x": 2**70},
    ],
)
def test_what_no_client_could_be_given_is_named(document: Any) -> None:
    assert value_faults(document)


def _request(**command: Any) -> MongodbRequest:
    return MongodbRequest(database="shop", command=_through_a_file(command))


def test_sessions_and_deadlines_make_no_other_call() -> None:
    one = _request(find="c", filter={"x": 1}, txnNumber=1, maxTimeMS=993, lsid={})
    one.command.pop("lsid")
    other = _request(find="c", filter={"x": 1}, **{"$readPreference": {"mode": "primaryPreferred"}})
    causal = _request(find="c", filter={"x": 1}, readConcern={"afterClusterTime": 5})
    assert MONGODB.key(one) == MONGODB.key(other) == MONGODB.key(causal)
    secondary = _request(find="c", filter={"x": 1}, **{"$readPreference": {"mode": "secondary"}})
    assert MONGODB.key(secondary) != MONGODB.key(one)
    assert MONGODB.differences(one, secondary) == [
        '$.command.$readPreference: recorded nothing, asked {"mode": "secondary"}'
    ]


def test_transactions_make_another_call() -> None:
    inside = _request(insert="c", documents=[{"_id": 1}], autocommit=False, startTransaction=True)
    assert MONGODB.key(inside) != MONGODB.key(_request(insert="c", documents=[{"_id": 1}]))


def test_drawn_identifiers_and_cursors_are_the_same_call_loosely() -> None:
    one, other = (
        _request(insert="c", documents=[{"_id": {"$bson.ObjectId": str(ObjectId())}}])
        for _ in range(2)
    )
    assert MONGODB.key(one) != MONGODB.key(other)
    assert MONGODB.loose_key(one) == MONGODB.loose_key(other)
    (pair,) = MONGODB.volatile_pairs(one, other).items()
    assert pair[0] in str(one.command) and pair[1] in str(other.command)
    members = [{"$in": [1, 2]}, {"$in": [2, 1]}]
    these, those = (_request(find="c", filter={"x": query}) for query in members)
    assert MONGODB.key(these) != MONGODB.key(those)
    assert MONGODB.loose_key(these) == MONGODB.loose_key(those)
    more, again = (_request(getMore={"$bson.Int64": n}, collection="c") for n in (7, 8))
    assert MONGODB.loose_key(more) == MONGODB.loose_key(again)


@pytest.mark.parametrize(
    ("command", "title"),
    [
        ({"find": "c", "filter": {"x": 1}}, 'find shop.c {"x": 1}'),
        ({"find": "c", "filter": {}}, "find shop.c"),
        ({"insert": "c", "documents": [{}, {}]}, "insert shop.c 2 documents"),
        ({"getMore": 7, "collection": "c"}, "getMore shop.c"),
        ({"ping": 1}, "ping shop"),
        ({"aggregate": "c", "pipeline": [{"$match": {}}]}, 'aggregate shop.c [{"$match": {}}]'),
    ],
)
def test_titles(command: dict[str, Any], title: str) -> None:
    assert MONGODB.title(_request(**command)) == title


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ({"ok": 1.0, "cursor": {"firstBatch": [{}]}}, "1 document"),
        ({"ok": 1.0, "cursor": {"nextBatch": [{}, {}]}}, "2 documents"),
        ({"ok": 1.0, "n": 3}, "3 written"),
        ({"ok": 1.0, "writeErrors": [{}]}, "1 write error"),
        ({"ok": 0.0, "code": 11600, "codeName": "InterruptedAtShutdown"}, "InterruptedAtShutdown"),
        ({"ok": 1.0}, "ok"),
        (None, "no reply wanted"),
    ],
)
def test_outcomes(reply: Any, outcome: str) -> None:
    assert MONGODB.outcome is not None
    assert MONGODB.outcome(MongodbResponse(reply=reply)) == outcome


def test_messages_are_taken_apart_as_pymongo_writes_them() -> None:
    from pymongo.compression_support import ZlibContext
    from pymongo.message import _op_msg
    from pymongo.read_preferences import ReadPreference

    options: Any = CodecOptions()
    for context in (None, ZlibContext(-1)):
        command = {"insert": "c", "ordered": True, "documents": [{"_id": 1}, {"_id": Int64(2)}]}
        request_id, sent, *_ = _op_msg(2, command, "d", ReadPreference.PRIMARY, options, context)
        found = message_of(sent)
        assert found.request_id == request_id
        assert bson.decode(found.document) == {"insert": "c", "ordered": True, "$db": "d"}
        ((name, documents),) = found.sequences
        assert name == "documents"
        assert [bson.decode(each) for each in documents] == [{"_id": 1}, {"_id": 2}]
        assert plain(sent).startswith(head(sent)[16:40], 16)


def test_a_reply_is_read_by_pymongo() -> None:
    from pymongo.message import _OpMsg

    made = reply_to(7, bson.encode({"ok": 1}), more=True)
    found = _OpMsg.unpack(made[16:])
    assert found.more_to_come
    assert found.unpack_response() == [{"ok": 1}]

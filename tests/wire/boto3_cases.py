"""boto3 against S3 and DynamoDB on loopback."""

from __future__ import annotations

import io
from typing import Any

import boto3
from boto3.dynamodb.conditions import Key
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from tests.wire.caller import Caller, case

KIND = "boto3"

ACCESS: dict[str, Any] = {
    "region_name": "eu-central-1",
    "aws_access_key_id": "testing",
    "aws_secret_access_key": "testing",
}


AWS: Any = boto3
"""Its services are made while it runs: no checker knows them."""


def client(caller: Caller, service: str, **options: Any) -> Any:
    return AWS.client(service, endpoint_url=caller.aws_url, **ACCESS, **options)


def bucket(caller: Caller, name: str) -> Any:
    s3 = client(caller, "s3")
    where = {"LocationConstraint": "eu-central-1"}
    caller.tried(s3.create_bucket, Bucket=name, CreateBucketConfiguration=where)
    return s3


@case(KIND)
def put_get_and_head_an_object(caller: Caller) -> None:
    s3 = bucket(caller, "objects")
    caller.tried(
        s3.put_object, Bucket="objects", Key="a/ü b.txt", Body=b"content", Metadata={"k": "v"}
    )
    found = caller.tried(s3.get_object, Bucket="objects", Key="a/ü b.txt")
    caller.note(content=found["Body"].read(), kind=type(found["Body"]).__name__)
    caller.tried(s3.head_object, Bucket="objects", Key="a/ü b.txt")
    caller.tried(s3.delete_object, Bucket="objects", Key="a/ü b.txt")


@case(KIND)
def put_a_file(caller: Caller) -> None:
    s3 = bucket(caller, "files")
    file = io.BytesIO(b"from a file" * 1000)
    caller.tried(s3.put_object, Bucket="files", Key="f", Body=file)
    caller.note(at=file.tell())
    caller.tried(s3.head_object, Bucket="files", Key="f")


@case(KIND)
def errors(caller: Caller) -> None:
    s3 = bucket(caller, "errors")
    caller.tried(s3.get_object, Bucket="errors", Key="missing")
    caller.tried(s3.head_object, Bucket="errors", Key="missing")
    caller.tried(s3.get_object, Bucket="nowhere", Key="missing")
    caller.tried(s3.put_object, Bucket="nowhere", Key="missing", Body=b"x")
    try:
        s3.get_object(Bucket="errors", Key="missing")
    except s3.exceptions.NoSuchKey as error:
        caller.note(caught=type(error).__name__)


@case(KIND)
def pages(caller: Caller) -> None:
    s3 = bucket(caller, "pages")
    for n in range(7):
        s3.put_object(Bucket="pages", Key=f"{n}", Body=b"x")
    pager = s3.get_paginator("list_objects_v2")
    for page in pager.paginate(Bucket="pages", PaginationConfig={"PageSize": 3}):
        caller.note(page["KeyCount"], [item["Key"] for item in page["Contents"]])


@case(KIND)
def a_body_in_pieces(caller: Caller) -> None:
    s3 = bucket(caller, "bodies")
    s3.put_object(Bucket="bodies", Key="b", Body=b"line one\nline two\n" * 5000)
    caller.note(chunks=list(s3.get_object(Bucket="bodies", Key="b")["Body"].iter_chunks(50_000)))
    body = s3.get_object(Bucket="bodies", Key="b")["Body"]
    caller.note(lines=len(list(body.iter_lines())))
    with s3.get_object(Bucket="bodies", Key="b", Range="bytes=5-9")["Body"] as body:
        caller.note(part=body.read(3))


@case(KIND)
def in_several_parts(caller: Caller) -> None:
    s3 = bucket(caller, "parts")
    begun = caller.tried(s3.create_multipart_upload, Bucket="parts", Key="p")
    upload = begun["UploadId"]
    parts = []
    for n, data in enumerate((bytes(5 * 1024 * 1024), b"the end"), start=1):
        done = s3.upload_part(Bucket="parts", Key="p", UploadId=upload, PartNumber=n, Body=data)
        parts.append({"PartNumber": n, "ETag": done["ETag"]})
    caller.tried(
        s3.complete_multipart_upload,
        Bucket="parts", Key="p", UploadId=upload, MultipartUpload={"Parts": parts},
    )  # fmt: skip


@case(KIND)
def transferred_by_threads(caller: Caller) -> None:
    s3 = bucket(caller, "transfers")
    config = TransferConfig(
        multipart_threshold=5 * 1024 * 1024, multipart_chunksize=5 * 1024 * 1024
    )
    data = b"0123456789abcdef" * (700 * 1024)
    caller.tried(s3.upload_fileobj, io.BytesIO(data), "transfers", "t", Config=config)
    into = io.BytesIO()
    caller.tried(s3.download_fileobj, "transfers", "t", into, Config=config)
    caller.note(size=len(into.getvalue()), same=into.getvalue() == data)


@case(KIND)
def presigned(caller: Caller) -> None:
    import requests

    s3 = bucket(caller, "signed")
    put = s3.generate_presigned_url("put_object", {"Bucket": "signed", "Key": "s"}, 60)
    get = s3.generate_presigned_url("get_object", {"Bucket": "signed", "Key": "s"}, 60)
    caller.note(put=requests.put(put, data=b"signed", timeout=20).status_code)
    caller.note(get=requests.get(get, timeout=20).content)


@case(KIND)
def the_resource(caller: Caller) -> None:
    s3 = AWS.resource("s3", endpoint_url=caller.aws_url, **ACCESS)
    made = s3.create_bucket(
        Bucket="resource", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    made.put_object(Key="one", Body=b"1")
    caller.note(keys=[item.key for item in made.objects.all()])
    caller.note(body=s3.Object("resource", "one").get()["Body"].read())


@case(KIND)
def nobody_there(caller: Caller) -> None:
    config = Config(retries={"max_attempts": 1}, connect_timeout=1)
    s3 = AWS.client("s3", endpoint_url=caller.refused_url, config=config, **ACCESS)
    caller.tried(s3.list_buckets)


@case(KIND)
def a_table(caller: Caller) -> None:
    dynamo = client(caller, "dynamodb")
    caller.tried(
        dynamo.create_table,
        TableName="items",
        KeySchema=[
            {"AttributeName": "id", "KeyType": "HASH"},
            {"AttributeName": "n", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    table = AWS.resource("dynamodb", endpoint_url=caller.aws_url, **ACCESS).Table("items")
    for n in range(3):
        caller.tried(table.put_item, Item={"id": "a", "n": n, "tags": {"x"}, "raw": b"\x00\xff"})
    caller.note(item=sorted(table.get_item(Key={"id": "a", "n": 1})["Item"]))
    found = table.query(KeyConditionExpression=Key("id").eq("a") & Key("n").gte(1))
    caller.note(count=found["Count"], numbers=[str(item["n"]) for item in found["Items"]])
    caller.note(scan=table.scan(Limit=2)["Count"])


@case(KIND)
def a_condition_that_fails(caller: Caller) -> None:
    dynamo = client(caller, "dynamodb")
    item = {"id": {"S": "c"}, "n": {"N": "1"}}
    caller.tried(dynamo.put_item, TableName="items", Item=item)
    caller.tried(
        dynamo.put_item,
        TableName="items",
        Item=item,
        ConditionExpression="attribute_not_exists(id)",
    )
    caller.tried(dynamo.get_item, TableName="none", Key=item)


@case(KIND)
def a_batch_and_a_transaction(caller: Caller) -> None:
    dynamo = client(caller, "dynamodb")
    puts = [{"PutRequest": {"Item": {"id": {"S": "b"}, "n": {"N": str(n)}}}} for n in range(4)]
    caller.tried(dynamo.batch_write_item, RequestItems={"items": puts})
    update = {
        "TableName": "items",
        "Key": {"id": {"S": "b"}, "n": {"N": "1"}},
        "UpdateExpression": "SET seen = :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    caller.tried(dynamo.transact_write_items, TransactItems=[{"Update": update}])


@case(KIND)
def refused_before_the_body_was_sent(caller: Caller) -> None:
    config = Config(retries={"max_attempts": 0})
    s3 = AWS.client("s3", endpoint_url=caller.eager_url, config=config, **ACCESS)
    file = io.BytesIO(b"x" * 100_000)
    caller.tried(s3.put_object, Bucket="b", Key="k", Body=file)
    caller.note(at=file.tell())
    caller.tried(s3.get_object, Bucket="b", Key="k")

"""An application that asks AWS and another service, under a server that gevent has patched."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

import boto3
import requests
from urllib3.util.ssl_ import create_urllib3_context

UPSTREAM = os.environ["UPSTREAM"]


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    client = boto3.client(
        "s3",
        endpoint_url=UPSTREAM,
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    buckets = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    secure = create_urllib3_context().minimum_version.name
    told = requests.get(f"{UPSTREAM}/told", timeout=5).text
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps([buckets, secure, len(told)]).encode()]

"""Asks with many libraries what nothing is recorded of, and tells what each makes of it.

``python -m tests.replay.asking`` with ``TIMETRACER_MODE=replay``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import boto3
import httpx
import redis
import requests
import sqlalchemy
from botocore.config import Config
from sqlalchemy.ext.asyncio import create_async_engine

import timetracer_otel

CALLS: dict[str, Callable[[], Any]] = {}


def call(function: Callable[[], Any]) -> Callable[[], Any]:
    CALLS[function.__name__] = function
    return function


@call
def boto3_client() -> None:
    config = Config(retries={"mode": "standard", "max_attempts": 5})
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "eu-west-1"}
    boto3.client("s3", endpoint_url="http://s3.test", config=config, **keys).list_buckets()


@call
def requests_get() -> None:
    requests.get("http://x.test/a")


@call
def httpx_get() -> None:
    httpx.get("http://x.test/a")


@call
def aiohttp_get() -> None:
    async def ask() -> None:
        async with aiohttp.ClientSession() as session, session.get("http://x.test/a"):
            pass

    asyncio.run(ask())


@call
def redis_get() -> None:
    redis.Redis(host="x.test").get("a")


@call
def sqlalchemy_sync() -> None:
    with sqlalchemy.create_engine("postgresql+psycopg2://u:p@x.test/d").connect():
        pass


@call
def sqlalchemy_async() -> None:
    async def ask() -> None:
        async with create_async_engine("postgresql+asyncpg://u:p@x.test/d").connect():
            pass

    asyncio.run(ask())


def told() -> dict[str, list[str]]:
    """The error's class and its message, by call."""
    found = {}
    for name, ask in CALLS.items():
        try:
            ask()
        except Exception as error:  # noqa: BLE001 - whatever comes is told
            found[name] = [type(error).__name__, str(error)]
    return found


if __name__ == "__main__":
    timetracer_otel.instrument()
    print(json.dumps(told()))

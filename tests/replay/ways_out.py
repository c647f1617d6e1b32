"""Every way out of a process that Python code has, tried under the guard.

``python -m tests.replay.ways_out HOST PORT UNIX_PATH [LIVE]`` prints what became of each, as
JSON: the error's text, or ``"went out"``.
"""

from __future__ import annotations

import asyncio
import json
import logging.handlers
import multiprocessing
import smtplib
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import httpx
import psycopg
import psycopg2
import pymysql
import requests
import uvloop

from timetracer_otel.cassette import Cassette
from timetracer_otel.errors import BlockedCall
from timetracer_otel.replay.guard import install_guard
from timetracer_otel.replay.sessions import Session, Sessions

HOST, PORT, PATH = sys.argv[1], int(sys.argv[2]), sys.argv[3]
URL = f"http://{HOST}:{PORT}/"
WAYS: dict[str, Callable[[], Any]] = {}


def way(function: Callable[[], Any]) -> Callable[[], Any]:
    WAYS[function.__name__] = function
    return function


def on_both_loops(function: Callable[[], Any]) -> None:
    WAYS[f"{function.__name__}_asyncio"] = lambda: asyncio.run(function())
    WAYS[f"{function.__name__}_uvloop"] = lambda: uvloop.run(function())


@way
def connect() -> None:
    with socket.socket() as sock:
        sock.connect((HOST, PORT))


@way
def connect_ex() -> None:
    with socket.socket() as sock:
        sock.setblocking(False)
        sock.connect_ex((HOST, PORT))


@way
def create_connection() -> None:
    socket.create_connection((HOST, PORT)).close()


@way
def by_name() -> None:
    socket.create_connection(("db.internal", 5432)).close()


@way
def resolve() -> None:
    socket.gethostbyname("db.internal")


@way
def datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"count:1|c", (HOST, PORT))


@way
def connected_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((HOST, PORT))
        sock.send(b"count:1|c")


@way
def message() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendmsg([b"count:1|c"], [], 0, (HOST, PORT))


@way
def unix() -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(PATH)


@way
def a_request_of_urllib() -> None:
    urllib.request.urlopen(URL).close()


@way
def a_request_of_requests() -> None:
    requests.get(URL)


@way
def a_request_of_httpx() -> None:
    httpx.get(URL)


@way
def in_a_thread() -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            requests.get(URL)
        except BaseException as error:  # noqa: BLE001 - handed on
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


@way
def in_a_pool() -> None:
    with ThreadPoolExecutor(1) as pool:  # nothing of the application is on that stack
        pool.submit(requests.get, URL).result()


@way
def mail() -> None:
    smtplib.SMTP(HOST, PORT)


@way
def with_psycopg2() -> None:
    psycopg2.connect(host=HOST, port=PORT, dbname="shop", password="secret")


@way
def with_psycopg() -> None:
    psycopg.connect(f"host={HOST} port={PORT} dbname=shop password=secret")


@way
def with_pymysql() -> None:
    pymysql.connect(host=HOST, port=PORT)


@on_both_loops
async def a_request_of_async_httpx() -> None:
    async with httpx.AsyncClient() as client:
        await client.get(URL)


@on_both_loops
async def open_connection() -> None:
    await asyncio.open_connection(HOST, PORT)


@on_both_loops
async def open_unix_connection() -> None:
    await asyncio.open_unix_connection(PATH)


@on_both_loops
async def resolve_in_loop() -> None:
    await asyncio.get_running_loop().getaddrinfo("db.internal", 5432)


@on_both_loops
async def sock_connect() -> None:
    with socket.socket() as sock:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (HOST, PORT))


@on_both_loops
async def datagram_endpoint() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=(HOST, PORT)
    )
    transport.sendto(b"count:1|c")


@on_both_loops
async def with_asyncpg() -> None:
    await asyncpg.connect(f"postgresql://u:secret@{HOST}:{PORT}/shop")


# what is allowed, on purpose


@way
def allowed_pair() -> None:
    one, other = socket.socketpair()
    one.send(b"x")
    other.recv(1)
    one.close()
    other.close()


@way
def allowed_own_listener() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


@way
def allowed_own_name() -> None:
    socket.getaddrinfo("localhost", 80)
    socket.gethostbyname("127.0.0.1")
    socket.getfqdn(socket.gethostname())


@way
def allowed_own_address() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("192.0.2.1", 9))  # sends nothing: how a machine finds its own address
        sock.getsockname()


@way
def allowed_system_log() -> None:
    logging.handlers.SysLogHandler("/dev/log").close()


@way
def allowed_manager() -> None:
    with multiprocessing.get_context("spawn").Manager() as manager:
        manager.list().append(1)


@on_both_loops
async def allowed_server() -> None:
    server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    server.close()


def outcome(call: Callable[[], Any], blocked: list[str]) -> str:
    """What the caller met; or what was blocked, where a library kept the error to itself."""
    before = len(blocked)
    try:
        call()
    except BaseException as error:  # noqa: BLE001 - whatever a library makes of it
        found: BaseException = error
        while isinstance(found, BaseExceptionGroup):
            found = found.exceptions[0]
        return str(found) if isinstance(found, BlockedCall) else f"{type(found).__name__}: {found}"
    return f"blocked: {blocked[-1]}" if len(blocked) > before else "went out"


def main() -> None:
    cassette = Cassette(
        timetracer=1, trace_id="1" * 32, recorded_at="2026-01-01T00:00:00.0Z", duration_us=0
    )
    outside = Session(cassette, "a", outside=True)
    install_guard(Sessions(outside, sys.argv[4:]))
    found = {name: outcome(call, outside.outcome.blocked) for name, call in WAYS.items()}
    print(json.dumps({"found": found, "blocked": outside.outcome.blocked}))


if __name__ == "__main__":
    main()

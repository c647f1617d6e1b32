"""Cases of connections: how they are opened, shared, refused, lost and waited for."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import redis
import redis.asyncio
from redis.backoff import ConstantBackoff, NoBackoff

from tests.redis_client.caller import Caller, case, ready


def _retry(caller: Caller, times: int, **options: Any) -> Any:
    if caller.is_async:
        from redis.asyncio.retry import Retry
    else:
        from redis.retry import Retry
    return Retry(NoBackoff(), times, **options)


@case
async def from_url(caller: Caller) -> None:
    if caller.is_cluster:
        return
    url = f"redis://127.0.0.1:{caller.port}/3?protocol={3 if caller.resp3 else 2}"
    client = caller.keep(caller.module.Redis.from_url(url, client_name="shop"))
    await caller.do("set", "a", 1, on=client)
    await caller.do("client_getname", on=client)
    await caller.do("get", "a")


@case
async def password_in_the_url(caller: Caller) -> None:
    if caller.is_cluster:
        return
    url = f"redis://timetracer:s3cret@127.0.0.1:{caller.port}/0"
    client = caller.keep(caller.module.from_url(url, protocol=3 if caller.resp3 else 2))
    await caller.do("acl_whoami", on=client)
    await caller.do("set", "a", 1, on=client)


@case
async def wrong_password(caller: Caller) -> None:
    if caller.is_cluster:
        return
    client = caller.client(username="timetracer", password="wrong", retry=_retry(caller, 0))
    await caller.do("get", "a", on=client)
    await caller.do("get", "a")


@case
async def a_database_that_is_not_there(caller: Caller) -> None:
    if caller.is_cluster:
        return
    await caller.do("get", "a", on=caller.client(db=99, retry=_retry(caller, 0)))


@case
async def unix_socket(caller: Caller) -> None:
    if caller.is_cluster:
        return
    path = os.environ["REDIS_SOCKET"]
    client = caller.keep(
        caller.module.Redis(unix_socket_path=path, protocol=3 if caller.resp3 else 2)
    )
    await caller.do("set", "a", 1, on=client)
    await caller.do("get", "a", on=client)


@case
async def refused(caller: Caller) -> None:
    if caller.is_cluster:
        return
    client = caller.client(port=int(os.environ["REFUSED_PORT"]), retry=_retry(caller, 2))
    await caller.do("get", "a", on=client)
    await caller.do("get", "a")


@case
async def refused_without_retries(caller: Caller) -> None:
    if caller.is_cluster:
        return
    client = caller.client(port=int(os.environ["REFUSED_PORT"]), retry=_retry(caller, 0))
    await caller.do("ping", on=client)
    pipe = client.pipeline()
    pipe.set("a", 1)
    await caller.do("execute", on=pipe)


@case
async def no_such_socket(caller: Caller) -> None:
    if caller.is_cluster:
        return
    client = caller.module.Redis(unix_socket_path="/nowhere/redis.sock", retry=_retry(caller, 0))
    await caller.do("get", "a", on=caller.keep(client))


@case
async def reading_times_out(caller: Caller) -> None:
    """The application's own timeout, while the server waits longer."""
    if caller.is_cluster:
        return
    client = caller.client(socket_timeout=0.05, retry=_retry(caller, 0))
    await caller.do("blpop", "none", 10, on=client)
    await caller.do("set", "a", 1, on=client)


@case
async def a_retry_after_a_timeout(caller: Caller) -> None:
    if caller.is_cluster:
        return
    retry = _retry(caller, 2, supported_errors=(redis.TimeoutError,))
    client = caller.client(socket_timeout=0.05, retry=retry)
    await caller.do("blpop", "none", 10, on=client)


@case
async def closed_by_the_server(caller: Caller) -> None:
    """While the connection rests in the pool."""
    if caller.is_cluster:
        return
    client = caller.client(retry=_retry(caller, 1))
    await caller.do("set", "a", 1, on=client)
    caller.aside("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await asyncio.sleep(0.02) if caller.is_async else None
    await caller.do("get", "a", on=client)


@case
async def closed_while_it_is_waited_for(caller: Caller) -> None:
    """The server ends the connection that it is asked on."""
    if caller.is_cluster:
        return
    client = caller.client(retry=_retry(caller, 0), single_connection_client=True)
    number = await ready(client.client_id())
    await caller.do("client_kill_filter", _id=number, skipme=False, on=client)
    await caller.do("get", "a", on=client)


@case
async def single_connection(caller: Caller) -> None:
    if caller.is_cluster:
        return
    client = caller.client(single_connection_client=True)
    await caller.do("set", "a", 1, on=client)
    await caller.do("get", "a", on=client)


@case
async def blocking_pool(caller: Caller) -> None:
    if caller.is_cluster:
        return
    pool = caller.module.BlockingConnectionPool(max_connections=1, timeout=1, **caller.options())
    client = caller.keep(caller.module.Redis(connection_pool=pool))
    await caller.do("set", "a", 1, on=client)
    if caller.is_async:
        caller.note(await asyncio.gather(*(client.incr("n") for _ in range(4))))
    await caller.do("get", "a", on=client)
    await ready(pool.disconnect())


@case
async def too_many_connections(caller: Caller) -> None:
    if caller.is_cluster:
        return
    pool = caller.module.ConnectionPool(max_connections=1, **caller.options())
    client = caller.keep(caller.module.Redis(connection_pool=pool))
    pipe = client.pipeline()
    await caller.do("watch", "a", on=pipe)
    await caller.do("get", "a", on=client)
    await ready(pipe.reset())
    await caller.do("get", "a", on=client)
    await ready(pool.disconnect())


@case
async def health_checks(caller: Caller) -> None:
    """Sent when a connection has rested for long enough: no part of the request."""
    if caller.is_cluster:
        return
    client = caller.client(health_check_interval=0.02)
    for _ in range(3):
        await caller.do("get", "a", on=client)
        await asyncio.sleep(0.03) if caller.is_async else None


@case
async def a_connection_of_the_applications_own_class(caller: Caller) -> None:
    if caller.is_cluster:
        return
    base = redis.asyncio.Connection if caller.is_async else redis.Connection

    class Mine(base):  # type: ignore[misc,valid-type]
        def repr_pieces(self) -> Any:
            return [("mine", 1)]

    pool = caller.module.ConnectionPool(connection_class=Mine, **caller.options())
    client = caller.keep(caller.module.Redis(connection_pool=pool))
    await caller.do("set", "a", 1, on=client)
    caller.note(repr(pool.make_connection()))
    await ready(pool.disconnect())


@case
async def a_function_of_the_applications_own_that_connects(caller: Caller) -> None:
    if caller.is_cluster:
        return

    def on_connect(connection: Any) -> None:
        connection.on_connect()
        connection.send_command("CLIENT", "SETNAME", "func")
        caller.note(connection.read_response())

    async def on_connect_later(connection: Any) -> None:
        await connection.on_connect()
        await connection.send_command("CLIENT", "SETNAME", "func")
        caller.note(await connection.read_response())

    function = on_connect_later if caller.is_async else on_connect
    client = caller.client(redis_connect_func=function)
    await caller.do("client_getname", on=client)


@case
async def a_connection_used_by_hand(caller: Caller) -> None:
    if caller.is_cluster:
        return
    pool = caller.r.connection_pool
    connection = await ready(pool.get_connection())
    await ready(connection.send_command("SET", "a", "1"))
    caller.note(await ready(connection.read_response()))
    await ready(connection.send_packed_command(connection.pack_command("GET", "a")))
    caller.note(await ready(connection.read_response()))
    await ready(connection.send_command("GET", "a"))
    await ready(connection.disconnect())
    await ready(pool.release(connection))
    await caller.do("get", "a")


@case
async def moved_to_another_node(caller: Caller) -> None:
    """The client is sent elsewhere, learns the slots anew, and asks again."""
    if not caller.is_cluster:
        return
    script = (
        "if redis.call('incr', KEYS[1]) < 3 then "
        f"return redis.error_reply('MOVED 15495 127.0.0.1:{caller.port}') end return 'here'"
    )
    await caller.do("eval", script, 1, "a")


@case
async def asked_elsewhere(caller: Caller) -> None:
    if not caller.is_cluster:
        return
    script = (
        "if redis.call('incr', KEYS[1]) < 2 then "
        f"return redis.error_reply('ASK 15495 127.0.0.1:{caller.port}') end return 'here'"
    )
    await caller.do("eval", script, 1, "a")


@case
async def try_again(caller: Caller) -> None:
    if not caller.is_cluster:
        return
    script = (
        "if redis.call('incr', KEYS[1]) < 2 then "
        "return redis.error_reply('TRYAGAIN soon') end return 'here'"
    )
    await caller.do("eval", script, 1, "a")


@case
async def a_cluster_and_its_nodes(caller: Caller) -> None:
    if not caller.is_cluster:
        return
    caller.note(len(await ready(caller.r.cluster_slots())))
    await caller.do("cluster_keyslot", "a")
    await caller.do("mget_nonatomic", ["a", "b", "c"])
    await caller.do("mset_nonatomic", {"a": 1, "b": 2})
    await caller.do("mget_nonatomic", ["a", "b", "c"])
    await caller.do("dbsize")
    await caller.do("mget", "a", "b")


@case
async def retries_with_a_pause(caller: Caller) -> None:
    if caller.is_cluster:
        return
    retry = type(_retry(caller, 0))(ConstantBackoff(0.01), 1)
    client = caller.client(port=int(os.environ["REFUSED_PORT"]), retry=retry)
    await caller.do("get", "a", on=client)


@case
async def connecting_is_cut_off(caller: Caller) -> None:
    """By the application's own time limit, at a server that accepts and says nothing."""
    if not caller.is_async or caller.is_cluster:
        return
    client = caller.client(port=int(os.environ["DEAF_PORT"]), protocol=3)
    try:
        await asyncio.wait_for(client.get("a"), 0.05)
    except TimeoutError as error:
        caller.note(error)
    await caller.do("get", "a")


@case
async def setting_up_times_out(caller: Caller) -> None:
    if caller.is_cluster:
        return
    port, retry = int(os.environ["DEAF_PORT"]), _retry(caller, 1)
    client = caller.client(port=port, socket_timeout=0.05, protocol=3, retry=retry)
    await caller.do("get", "a", on=client)
    await caller.do("get", "a")

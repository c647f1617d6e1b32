"""Tasks and threads of a request: in its trace, each at a step of its own."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.core.tracing import Recording, answer, call, recording, request
from timetracer_otel.capture.concurrency import LIBRARY
from timetracer_otel.patching import Ledger

OWN: contextvars.ContextVar[str] = contextvars.ContextVar("own", default="none")


@pytest.fixture(autouse=True)
def _patched() -> Iterator[None]:
    ledger = Ledger()
    ledger.apply(LIBRARY.changes)
    yield
    ledger.restore()


def paths(recorded: Recording) -> dict[str, str]:
    """Path by URL."""
    (cassette,) = recorded.cassettes()
    return {i.title.removeprefix("GET http://upstream/"): i.path for i in cassette.interactions}


def ask(recorded: Recording, name: object) -> None:
    answer(call(recorded, f"http://upstream/{name}"))


def test_gathered_tasks_are_numbered_in_the_order_of_creation() -> None:
    async def main() -> dict[str, str]:
        async def one(n: int) -> None:
            await asyncio.sleep(0.001 * (4 - n))
            ask(recorded, n)

        with recording() as recorded:
            with request(recorded):
                await asyncio.gather(*[one(n) for n in range(1, 4)])
            return paths(recorded)

    assert asyncio.run(main()) == {"1": "task#1", "2": "task#2", "3": "task#3"}


def test_tasks_within_tasks_are_steps_below_each_other() -> None:
    async def main() -> dict[str, str]:
        async def inner() -> None:
            ask(recorded, "inner")

        async def outer() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(inner())

        with recording() as recorded:
            with request(recorded):
                await asyncio.create_task(outer())
            return paths(recorded)

    assert asyncio.run(main()) == {"inner": "task#1 › task#1"}


def test_a_pool_inside_a_request_belongs_to_its_trace_and_leaks_no_other_context() -> None:
    seen = []

    def work(n: int) -> None:
        seen.append(OWN.get())
        ask(recorded, n)

    with recording() as recorded:
        with request(recorded), ThreadPoolExecutor(2) as pool:
            OWN.set("request")
            list(pool.map(work, range(3)))
        found = paths(recorded)
    assert found == {"0": "thread#1", "1": "thread#2", "2": "thread#3"}
    assert seen == ["none", "none", "none"]


def test_a_pool_older_than_the_request_serves_each_request_in_its_own_trace() -> None:
    with recording() as recorded, ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        for n in range(2):
            with request(recorded):
                pool.submit(ask, recorded, n).result()
        first, second = recorded.cassettes()
    assert [i.title for i in first.interactions] == ["GET http://upstream/0"]
    assert [i.title for i in second.interactions] == ["GET http://upstream/1"]


def test_a_pool_started_by_a_request_does_not_keep_its_workers_in_that_trace() -> None:
    pool = ThreadPoolExecutor(1)
    with recording() as recorded:
        with request(recorded):
            pool.submit(ask, recorded, "in").result()
        pool.submit(ask, recorded, "outside").result()
        with request(recorded):
            pass
        first, second = recorded.cassettes()
    pool.shutdown()
    assert [i.title for i in first.interactions] == ["GET http://upstream/in"]
    assert [i.title for i in second.bootstrap] == ["GET http://upstream/outside"]


def test_a_subclass_with_its_own_run_is_carried_too() -> None:
    class Worker(threading.Thread):
        def run(self) -> None:
            ask(recorded, "worker")

    with recording() as recorded:
        with request(recorded):
            worker = Worker()
            worker.start()
            worker.join()
        found = paths(recorded)
    assert found == {"worker": "thread#1"}


def test_an_exception_in_a_pool_comes_back_as_it_was() -> None:
    def fail() -> None:
        raise LookupError("gone")

    with recording() as recorded:
        with request(recorded), ThreadPoolExecutor(1) as pool:
            with pytest.raises(LookupError, match="gone"):
                pool.submit(fail).result()


def test_outside_of_a_trace_the_function_is_handed_on_itself() -> None:
    with recording(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(threading.current_thread).result() is not threading.current_thread()


def test_restoring_leaves_the_very_methods() -> None:
    ledger = Ledger()
    before = (ThreadPoolExecutor.submit, threading.Thread.start, asyncio.BaseEventLoop.create_task)
    ledger.apply(LIBRARY.changes)
    ledger.restore()
    after = (ThreadPoolExecutor.submit, threading.Thread.start, asyncio.BaseEventLoop.create_task)
    assert all(one is other for one, other in zip(before, after, strict=True))

"""A program of its own, not recorded at all or all within one request: what it sees, as JSON."""

# ruff: noqa: BLE001 - whatever is raised is what is looked at

from __future__ import annotations

import asyncio
import contextlib
import copy
import datetime as dt
import functools
import inspect
import json
import logging
import multiprocessing
import os
import pickle
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SEEN: dict[str, Any] = {}
CLOCKS = ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")
SOURCES: list[tuple[Any, str]] = [
    *((time, name) for name in (*CLOCKS, "ctime", "asctime", "localtime", "gmtime", "strftime")),
    *((os, name) for name in ("urandom", "getrandom", "_exit")),
    *((random, name) for name in ("random", "getrandbits", "randint", "gauss", "choice")),
    *((random, name) for name in ("seed", "getstate", "Random", "SystemRandom")),
    *((uuid, name) for name in ("uuid1", "uuid4", "getnode")),
    *((secrets, name) for name in ("token_bytes", "token_hex", "randbelow")),
    *((signal, name) for name in ("signal", "getsignal")),
]


class Moment(dt.datetime):
    pass


class Clock:
    """What C functions allow as attributes of a class, and Python's do not."""

    wall = time.time
    ticks = time.monotonic
    precise = time.perf_counter_ns
    noise = os.urandom
    roll = random.random
    bits = random.getrandbits
    text = time.ctime


class Dice(random.Random):
    def random(self) -> float:
        return super().random() / 2


class Seeded(random.Random):
    def __init__(self) -> None:
        super().__init__(5)
        self.own = 1


def case(function: Callable[[], Any]) -> Callable[[], Any]:
    CASES[function.__name__] = function
    return function


CASES: dict[str, Callable[[], Any]] = {}


def _tried(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@case
def kinds() -> Any:
    return {
        f"{owner.__name__}.{name}": [
            getattr(owner, name).__name__,
            _tried(lambda source: str(inspect.signature(source)), getattr(owner, name)),
            getattr(owner, name) is getattr(owner, name),
            getattr(owner, name) == getattr(owner, name),
            inspect.isroutine(getattr(owner, name)),
            (getattr(owner, name).__doc__ or "")[:40],
        ]
        for owner, name in SOURCES
        if hasattr(owner, name)
    }


@case
def pickles() -> Any:
    shared = {"random", "getrandbits", "randint", "gauss", "choice", "seed", "getstate"}
    chosen = [(owner, name) for owner, name in SOURCES if owner is not random or name not in shared]
    values = [getattr(owner, name) for owner, name in chosen if hasattr(owner, name)]
    again = pickle.loads(pickle.dumps(values))
    moments = [
        Moment(2020, 1, 1),
        dt.datetime.now(dt.UTC),
        Moment.now(dt.UTC),
        dt.date(2020, 1, 1),
    ]
    return [
        [one is other for one, other in zip(values, again, strict=True)],
        pickle.loads(pickle.dumps(moments)) == moments,
        [type(moment).__name__ for moment in pickle.loads(pickle.dumps(moments))],
        [copy.deepcopy(value) == value for value in values],
    ]


@case
def a_pickled_generator_goes_on_alone() -> Any:
    random.seed(3)
    roll = pickle.loads(pickle.dumps(random.random))
    generator = copy.deepcopy(random._inst)
    shared = copy.deepcopy(random.random)
    return [roll(), roll(), random.random(), generator.random(), shared(), random.random()]


@case
def functions_as_attributes_of_a_class() -> Any:
    clock: Any = Clock()
    numbers = [clock.wall(), clock.ticks(), clock.precise(), clock.roll(), clock.bits(8)]
    return [[type(number).__name__ for number in numbers], len(clock.noise(4)), len(clock.text())]


@case
def wrong_calls() -> Any:
    return [
        _tried(time.time, 1),
        _tried(time.monotonic, 1),
        _tried(os.urandom),
        _tried(os.urandom, -1),
        _tried(random.random, 1),
        _tried(random.getrandbits, -1),
        _tried(time.ctime, "x"),
        _tried(random.Random(1).getrandbits, "x"),
    ]


@case
def sequences() -> Any:
    random.seed(7)
    state = random.getstate()
    found = [random.random(), random.getrandbits(70), random.randint(1, 9), random.gauss(0, 1)]
    found += [random.gauss(0, 1), random.choice("abc"), random.sample(range(9), 3), random.random()]
    random.setstate(state)
    return [found, random.random(), Dice(1).random(), Dice(1).randint(0, 99), Seeded().random()]


@case
def sequences_of_own_generators() -> Any:
    generator = random.Random("text")
    kept = pickle.loads(pickle.dumps(generator))
    plain = Seeded()
    plain.gauss(0, 1)
    return [
        generator.random() == kept.random(),
        sorted(vars(plain)),
        plain.gauss(1, 2),
        plain.getstate()[2],
    ]


@case
def classes_of_time() -> Any:
    now = dt.datetime.now(dt.UTC)
    return [
        type(now) is dt.datetime,
        dt.datetime.__module__,
        isinstance(now, dt.date),
        type(Moment.now()) is Moment,
        type(Moment.fromtimestamp(1)).__name__,
        abs(time.time() - now.timestamp()) < 5,
        dt.datetime.fromtimestamp(0, dt.UTC).isoformat(),
        time.strftime("%Y", time.gmtime(0)),
        sorted(name for name in sys.modules if name in {"pytest", "freezegun", "_pytest"}),
    ]


@case
def threads() -> Any:
    thread = threading.Thread(target=int, name="mine")
    attributes = sorted(vars(thread))
    thread.start()
    thread.join()
    caught: list[Any] = []
    threading.excepthook, kept = (
        lambda args: caught.append(args.exc_type.__name__),
        threading.excepthook,
    )
    failing = threading.Thread(target=int, args=("x",))
    failing.start()
    failing.join()
    threading.excepthook = kept
    return [attributes, caught, threading.current_thread().name, threading.main_thread().name]


def _in_child(queue: Any) -> None:
    queue.put([random.Random(1).random(), type(time.time()).__name__, sys.stdout is not None])


@case
def processes() -> Any:
    found = []
    for method in ("fork", "spawn"):
        context: Any = multiprocessing.get_context(method)
        queue = context.SimpleQueue()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            process = context.Process(target=_in_child, args=(queue,))
            process.start()
        found.append([queue.get(), process.join(), process.exitcode])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            stopped = context.Process(target=time.sleep, args=(60,))
            stopped.start()
        time.sleep(0.05 if method == "fork" else 0.0)
        stopped.terminate()
        found.append([stopped.join(), stopped.exitcode])
    return found


@case
def subprocesses() -> Any:
    code = "import sys; print(sys.argv, file=sys.stderr); print(sys.flags.optimize); sys.exit(3)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    mixed = subprocess.run(
        [sys.executable, "-c", "print('only this')"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    killed = subprocess.run(
        [sys.executable, "-c", "import os; os.kill(os.getpid(), 15)"], check=False
    )
    return [ran.returncode, ran.stdout, ran.stderr, mixed.stdout, killed.returncode]


@case
def signals() -> Any:
    seen: list[str] = []

    def own(number: int, frame: Any) -> None:
        seen.append(signal.Signals(number).name)

    present = signal.getsignal(signal.SIGTERM)
    before = signal.signal(signal.SIGTERM, own)
    os.kill(os.getpid(), signal.SIGTERM)
    mine = signal.getsignal(signal.SIGTERM) is own
    back = signal.signal(signal.SIGTERM, before) is own
    return [
        str(present),
        str(before),
        callable(before),
        seen,
        mine,
        back,
        str(signal.getsignal(signal.SIGTERM)),
    ]


@case
def signals_of_a_loop() -> Any:
    async def main() -> list[Any]:
        loop = asyncio.get_running_loop()
        came = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, came.set)
        os.kill(os.getpid(), signal.SIGTERM)
        await came.wait()
        return [loop.remove_signal_handler(signal.SIGTERM), str(signal.getsignal(signal.SIGTERM))]

    return asyncio.run(main())


@case
def logging_and_warnings() -> Any:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("own", stacklevel=1)
    return [
        [str(one.message) for one in caught],
        logging.getLogger().handlers,
        logging.getLogger().level,
        logging.getLevelName(logging.getLogger("own").getEffectiveLevel()),
        logging.getLogRecordFactory() is logging.LogRecord,
        logging.lastResort is not None,
        sys.stdout is sys.__stdout__,
        sys.stderr is sys.__stderr__,
        sys.excepthook is sys.__excepthook__,
        sys.getrecursionlimit(),
        sys.gettrace() is None,
        sys.getprofile() is None,
    ]


@case
def the_program_itself() -> Any:
    module = sys.modules["__main__"]
    return [__name__, module.__name__, sys.argv, str(Path.cwd()) == sys.path[0], sys.flags.dev_mode]


@case
def loops() -> Any:
    async def main() -> list[Any]:
        loop = asyncio.get_running_loop()
        tasks = [loop.create_task(asyncio.sleep(0, n)) for n in range(2)]
        policy = type(asyncio.get_event_loop_policy()).__name__
        methods = [inspect.ismethod(loop.create_task), loop.create_task.__name__]
        eager = getattr(asyncio, "eager_task_factory", None)
        if eager is not None:
            loop.set_task_factory(eager)
            tasks.append(asyncio.create_task(asyncio.sleep(0, 9)))
        return [await asyncio.gather(*tasks), policy, methods, loop.get_debug()]

    return asyncio.run(main())


@contextlib.contextmanager
def _within_a_request() -> Iterator[None]:
    """A SERVER span, where somebody makes spans; what the rest of the program knows nothing of."""
    if "opentelemetry.sdk.trace" not in sys.modules:
        yield
        return
    from opentelemetry import trace
    from opentelemetry.trace import SpanKind

    with trace.get_tracer("own").start_as_current_span("GET /", kind=SpanKind.SERVER):
        yield


def main() -> None:
    with _within_a_request():
        for name, function in CASES.items():
            SEEN[name] = _tried(function)
    sys.stdout.write(json.dumps(SEEN, default=functools.partial(str)))


if __name__ == "__main__":
    main()

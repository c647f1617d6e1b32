"""Exceptions are taken down without running anybody's code, and made again from a fixed table."""

# ruff: noqa: BLE001, TRY301 - raising and catching is the subject

from __future__ import annotations

import asyncio
import gc
import json
import sys
import weakref
from typing import Any

import msgspec
import pytest

from timetracer_otel.errors import ValueDecodingError
from timetracer_otel.interaction import Failure, RecordedError, decode_error, encode_error


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


class Hostile(Exception):
    """Every way an application's class can answer back."""

    def __str__(self) -> str:
        raise SystemExit("str")

    __repr__ = __str__

    @property
    def args(self) -> Any:  # type: ignore[override]
        raise KeyboardInterrupt

    def __getattr__(self, name: str) -> Any:
        raise SystemExit(name)

    @property
    def __cause__(self) -> Any:  # type: ignore[override]
        raise SystemExit("cause")


def test_nothing_of_a_hostile_class_is_called() -> None:
    recorded = encode_error(raised(Hostile("boom")), stage="execute")
    assert (recorded.type, recorded.args, recorded.stage) == ("Hostile", ["boom"], "execute")
    assert recorded.traceback.endswith("Hostile: boom\n")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x", 1, None),
        KeyError("k"),
        FileNotFoundError(2, "No such file", "/tmp/x"),
        ConnectionResetError(104, "reset"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
        SystemExit(3),
        asyncio.CancelledError("why"),
        StopIteration(5),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_exception_comes_back_as_it_was(error: BaseException) -> None:
    again = decode_error(encode_error(raised(error)))
    assert type(again) is type(error)
    assert (again.args, str(again), vars(again)) == (error.args, str(error), vars(error))


def test_members_of_a_group_come_back() -> None:
    group = ExceptionGroup("both", [ValueError("a"), ExceptionGroup("in", [KeyError("b")])])
    again = decode_error(encode_error(raised(group)))
    assert isinstance(again, ExceptionGroup)
    assert repr(again) == repr(group)


def test_cause_context_notes_and_suppression_come_back() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError as first:
            raise ValueError("second") from first
    except ValueError as second:
        second.add_note("a note")
        try:
            raise TypeError("third") from None
        except TypeError as third:
            again = decode_error(encode_error(third))
    assert again.__suppress_context__ and again.__cause__ is None
    middle = again.__context__
    assert repr(middle) == "ValueError('second')"
    assert middle is not None and middle.__notes__ == ["a note"]
    assert repr(middle.__cause__) == "KeyError('first')"


def test_links_that_go_round_in_a_circle_end() -> None:
    one, two = ValueError("one"), ValueError("two")
    one.__context__, two.__context__ = two, one
    recorded = encode_error(one)
    assert recorded.context is not None and recorded.context.context is None


def test_a_wide_and_deep_tree_is_bounded() -> None:
    group: BaseException = ValueError("leaf")
    for _ in range(60):
        group = ExceptionGroup("g", [group, *(ValueError(str(n)) for n in range(50))])  # type: ignore[list-item]
    assert len(msgspec.json.encode(encode_error(group))) < 20_000


def test_a_huge_traceback_is_bounded() -> None:
    def down(n: int) -> None:
        if n:
            down(n - 1)
        raise ValueError("deep")

    with pytest.raises(ValueError, match="deep") as caught:
        down(sys.getrecursionlimit() // 2)
    assert encode_error(caught.value).traceback.count("\n") < 300


def test_the_traceback_says_who_called() -> None:
    def the_caller() -> RecordedError:
        return encode_error(raised(ValueError("x")))

    text = the_caller().traceback
    assert "in the_caller" in text and "in raised" in text
    assert text.startswith("Traceback (most recent call last):\n")


def test_neither_the_exception_nor_its_frames_are_kept() -> None:
    class Big:
        pass

    def fail() -> tuple[Failure, weakref.ref[Big]]:
        big = Big()
        try:
            raise ValueError("x")
        except ValueError as error:
            return Failure.of(error), weakref.ref(big)

    failure, gone = fail()
    gc.collect()
    assert gone() is None
    assert failure.encode("x").type == "ValueError"


def test_a_class_of_a_function_is_recorded_and_refused_on_the_way_back() -> None:
    class Local(Exception):
        pass

    Local.__module__ = "builtins"
    recorded = encode_error(Local("x"))
    assert recorded.type.endswith("<locals>.Local")
    with pytest.raises(ValueDecodingError):
        decode_error(recorded)


@pytest.mark.parametrize(
    "recorded",
    [
        RecordedError(type="system", module="os"),
        RecordedError(type="loads", module="builtins"),
        RecordedError(type="print", module="builtins"),
        RecordedError(type="ValueError.with_traceback", module="builtins"),
        RecordedError(type="ProcessPoolExecutor", module="concurrent.futures"),
        RecordedError(type="ValueError", module="builtins", attributes={"__class__": 1}),
        RecordedError(type="ValueError", module="builtins", attributes={"__dict__": {}}),
        RecordedError(type="ValueError", module="builtins.evil"),
        RecordedError(type="", module="builtins"),
        RecordedError(type="ExceptionGroup", module="builtins", args=["no members"]),
        RecordedError(type="ValueError", module="builtins", args=[{"$nothing": 1}]),
    ],
    ids=lambda recorded: f"{recorded.module}.{recorded.type}",
)
def test_what_a_hostile_cassette_names_is_refused(recorded: RecordedError) -> None:
    before = set(sys.modules)
    with pytest.raises(ValueDecodingError):
        decode_error(recorded)
    assert set(sys.modules) == before


def test_causes_nested_beyond_reason_are_refused() -> None:
    text = '{"type":"ValueError","module":"builtins","cause":' * 100
    document = text + "null" + "}" * 100
    with pytest.raises(ValueDecodingError, match="deep"):
        decode_error(msgspec.json.decode(document, type=RecordedError))


def test_lone_surrogates_in_messages_and_notes_can_be_written() -> None:
    error = ValueError("\ud800")
    error.add_note("\ud801")
    json.loads(msgspec.json.encode(encode_error(raised(error))))

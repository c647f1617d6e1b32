"""What a WSGI application reads and answers, noted as it passes and passed on as it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Protocol

from timetracer_otel.interaction.body import Body
from timetracer_otel.recording import guarded

__all__ = ["Answering", "InputTee", "answer_tee", "is_file_wrapper", "note_file"]

_READ_BYTES = 256 * 1024


class InputTee:
    """``wsgi.input``, and a note of every byte that the application takes from it.

    `expected` is the Content-Length, None where the server says by an empty read that it was
    all. Nothing is read that the application does not ask for.
    """

    def __init__(self, inner: Any, body: Body, expected: int | None) -> None:
        self._inner = inner
        self._body = body
        self._expected = expected

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        # PEP 3333 asks for neither: frameworks look whether the server's stream has them
        if name == "read1":
            return partial(self._take, found)
        return partial(self._fill, found) if name == "readinto" else found

    def __repr__(self) -> str:
        return repr(self._inner)

    def _take(self, read: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        try:
            data = read(*args, **keywords)
        except BaseException:
            with guarded("wsgi input"):
                self._body.finish("aborted")
            raise
        with guarded("wsgi input"):
            self._note(data, at_end=not data and args[:1] != (0,))
        return data

    def _note(self, data: bytes, *, at_end: bool = False) -> None:
        if data:
            self._body.feed(data)
        if at_end or self._body.size == self._expected:
            self._body.finish()

    def read(self, *args: Any, **keywords: Any) -> Any:
        data = self._take(self._inner.read, *args, **keywords)
        if not args or args[0] is None or args[0] < 0:
            with guarded("wsgi input"):
                self._body.finish()
        return data

    def readline(self, *args: Any, **keywords: Any) -> Any:
        return self._take(self._inner.readline, *args, **keywords)

    def readlines(self, *args: Any) -> Any:
        lines = self._inner.readlines(*args)
        with guarded("wsgi input"):
            for line in lines:
                self._note(line)
        return lines

    def _fill(self, readinto: Callable[..., Any], buffer: Any) -> Any:
        size = readinto(buffer)
        with guarded("wsgi input"):
            if size is not None:
                self._note(bytes(memoryview(buffer).cast("B")[:size]), at_end=not size)
        return size

    def __iter__(self) -> Iterator[Any]:
        for line in self._inner:
            with guarded("wsgi input"):
                self._note(line)
            yield line
        with guarded("wsgi input"):
            self._body.finish()

    def __next__(self) -> Any:
        line = next(self._inner)
        with guarded("wsgi input"):
            self._note(line)
        return line


class Answering(Protocol):
    """Whoever hears of an answer as the server takes it."""

    def inside(self) -> AbstractContextManager[None]:
        """The request's context, for as long as the application's code runs."""

    def sent(self, chunk: Any) -> None:
        """One more chunk was handed to the server."""

    def all_sent(self) -> None:
        """The application has no more chunks."""

    def end(self, error: BaseException | None = None) -> None:
        """The request is over; only the first call counts."""


class _Chunks:
    """An iterator over the answer, each step of it in the request's context."""

    def __init__(self, inner: Any, answering: Answering) -> None:
        self._inner = inner
        self._answering = answering

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        answering = self._answering
        try:
            with answering.inside():
                chunk = next(self._inner)
        except StopIteration:
            with guarded("wsgi answer"):
                answering.all_sent()
            raise
        except BaseException as error:
            with guarded("wsgi answer"):
                answering.end(error)
            raise
        with guarded("wsgi answer"):
            answering.sent(chunk)
        return chunk


class _AnswerTee:
    """What the application returned: its chunks noted, its attributes its own."""

    def __init__(self, inner: Any, answering: Answering) -> None:
        self._inner = inner
        self._answering = answering

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __repr__(self) -> str:
        return repr(self._inner)

    def __iter__(self) -> Any:
        with self._answering.inside():
            chunks = iter(self._inner)
        return _Chunks(chunks, self._answering)

    def close(self) -> None:
        try:
            with self._answering.inside():
                if hasattr(self._inner, "close"):
                    self._inner.close()
        except BaseException as error:
            with guarded("wsgi close"):
                self._answering.end(error)
            raise
        with guarded("wsgi close"):
            self._answering.end()

    def __del__(self) -> None:
        with guarded("wsgi answer"):  # of a server that forgot to close it
            self._answering.end()


class _SizedTee(_AnswerTee):
    """Servers send a Content-Length of their own for what says that it has one chunk."""

    def __len__(self) -> int:
        return len(self._inner)


class _IteratorTee(_AnswerTee):
    """For a generator, whose chunks may be taken without asking for an iterator first."""

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        return next(_Chunks(self._inner, self._answering))


def answer_tee(result: Any, answering: Answering) -> Any:
    """`result` with a note of what passes.

    A list or tuple holds everything already: it is noted and given as it is.
    """
    if type(result) in {list, tuple}:
        with guarded("wsgi answer"):
            for chunk in result:
                answering.sent(chunk)
            answering.all_sent()
            answering.end()
        return result
    if hasattr(result, "__len__"):
        return _SizedTee(result, answering)
    return (_IteratorTee if hasattr(result, "__next__") else _AnswerTee)(result, answering)


def is_file_wrapper(result: Any, environ: Any) -> bool:
    """Whether `result` is the server's own way to send a file, past the interpreter."""
    wrapper = environ.get("wsgi.file_wrapper")
    return isinstance(wrapper, type) and isinstance(result, wrapper)


def note_file(wrapper: Any, answering: Answering) -> None:
    """Note the file in a server's `wrapper`, which stays the very object the server looks for.

    A real file is read when it has been sent, at its own place and without moving it; of any
    other one the chunks are noted as the server reads them. The request ends with `close`.
    """
    name = next((n for n in ("filelike", "file") if hasattr(wrapper, n)), "")
    file = getattr(wrapper, name, None)
    if file is None:  # a server's own, in C
        answering.end()
        return
    real = _RealFile.of(file)
    if real is None:
        setattr(wrapper, name, _FileTee(file, answering))
    # servers' wrappers keep the file's `close` as an attribute, or have a method of their own
    wrapper.close = _closing(getattr(wrapper, "close", None), answering, real)


def _closing(close: Any, answering: Answering, real: _RealFile | None) -> Callable[[], None]:
    def closing() -> None:
        try:
            with answering.inside():
                if close is not None:
                    close()
        finally:
            with guarded("wsgi file"):
                if real is not None:
                    real.note(answering)
                answering.end()

    return closing


class _RealFile:
    """A file descriptor of our own to what the kernel sends, with the place it is sent from."""

    def __init__(self, number: int, position: int) -> None:
        self._number = number
        self._position = position

    @classmethod
    def of(cls, file: Any) -> _RealFile | None:
        """None for what is no file of the operating system."""
        try:
            position = file.tell()
            return cls(os.dup(file.fileno()), position)
        except (AttributeError, OSError, ValueError):
            return None

    def note(self, answering: Answering) -> None:
        position = self._position
        while chunk := os.pread(self._number, _READ_BYTES, position):
            answering.sent(chunk)
            position += len(chunk)
        answering.all_sent()

    def __del__(self) -> None:
        os.close(self._number)


class _FileTee:
    """A file that only Python can read, and a note of what the server reads of it."""

    def __init__(self, file: Any, answering: Answering) -> None:
        self._file = file
        self._answering = answering

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __iter__(self) -> Any:
        return _Chunks(iter(self._file), self._answering)

    def read(self, *args: Any) -> Any:
        with self._answering.inside():
            chunk = self._file.read(*args)
        with guarded("wsgi file"):
            if chunk:
                self._answering.sent(chunk)
            else:
                self._answering.all_sent()
        return chunk

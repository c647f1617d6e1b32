"""WSGI applications that do what PEP 3333 allows, and some of what it does not."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from typing import Any


def plain(*more: tuple[str, str]) -> list[tuple[str, str]]:
    """Headers in a list of their own: servers add to it."""
    return [("Content-Type", "text/plain"), *more]


def a_list(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain(("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")))
    return [b"one", b"", b"two"]


def a_tuple(environ: Any, start_response: Any) -> Any:
    start_response("204 No Content", [])
    return ()


def a_generator(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())

    def chunks() -> Iterator[bytes]:
        try:
            yield b"one"
            yield b"two"
        finally:
            environ["log"].append("generator closed")

    return chunks()


def starts_late(environ: Any, start_response: Any) -> Any:
    environ["log"].append("called")
    start_response("202 Later", plain())
    yield b"late"


class Answer:
    """An iterable with a length and a `close` that counts."""

    def __init__(self, environ: Any) -> None:
        self.log = environ["log"]
        self.status_code = 200

    def __iter__(self) -> Iterator[bytes]:
        self.log.append("iterated")
        return iter([b"sized"])

    def close(self) -> None:
        self.log.append("closed")


class SizedAnswer(Answer):
    def __len__(self) -> int:
        return 1


class FailingClose(Answer):
    def close(self) -> None:
        raise OSError("cannot close")


def an_iterable(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())
    return Answer(environ)


def a_sized_iterable(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())
    return SizedAnswer(environ)


def fails_to_close(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())
    return FailingClose(environ)


def writes(environ: Any, start_response: Any) -> Any:
    write = start_response("200 OK", plain())
    write(b"written ")
    write(b"twice, ")
    return [b"then returned"]


def thinks_again(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())
    try:
        int("too soon")
    except ValueError:
        start_response("503 Sorry", plain(("Retry-After", "1")), sys.exc_info())
    return [b"sorry"]


def thinks_again_too_late(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())
    yield b"half"
    try:
        int("in the middle")
    except ValueError:
        start_response("500 Oh", plain(), exc_info=sys.exc_info())
    yield b"never"


def raises(environ: Any, start_response: Any) -> Any:
    raise LookupError("at once")


def raises_in_the_middle(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())

    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise LookupError("in the middle")

    return chunks()


def never_starts(environ: Any, start_response: Any) -> Any:
    return [b"no head"]


def sends_text(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())
    return iter(["not bytes"])


def a_real_file(environ: Any, start_response: Any) -> Any:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the server closes it
    file.write(b"skipped" + b"x" * 300_000)
    file.flush()
    file.seek(len(b"skipped"))
    start_response("200 OK", plain())
    return environ["wsgi.file_wrapper"](file, 65536)


def a_file_in_memory(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())
    return environ["wsgi.file_wrapper"](io.BytesIO(b"in memory" * 1000), 4096)


def reads_all(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())
    return [environ["wsgi.input"].read()]


def reads_by_length(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return [environ["wsgi.input"].read(length)]


def reads_in_every_way(environ: Any, start_response: Any) -> Any:
    stream = environ["wsgi.input"]
    buffer = bytearray(4)
    start_response("200 OK", plain())
    parts = [stream.readline(), stream.readline(3), stream.read(0), stream.read(2)]
    parts += [stream.read1(5), bytes(buffer[: stream.readinto(buffer)])]
    parts += [next(stream), *stream.readlines(4), *stream, stream.read(5), stream.read()]
    return parts


def reads_as_the_stream_lets_it(environ: Any, start_response: Any) -> Any:
    stream = environ["wsgi.input"]
    start_response("200 OK", plain())
    return [", ".join(way for way in ("read1", "readinto") if hasattr(stream, way)).encode()]


def reads_a_little(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())
    return [environ["wsgi.input"].read(4)]


def reads_nothing(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())
    return [b"read nothing"]


def reads_while_answering(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", plain())
    while chunk := environ["wsgi.input"].read(7):
        yield chunk


APPLICATIONS: dict[str, Any] = {
    name: found
    for name, found in list(globals().items())
    if callable(found)
    and getattr(found, "__module__", "") == __name__
    and name[0].islower()
    and name != "plain"
}

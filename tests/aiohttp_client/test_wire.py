"""A response by its bytes: readable in the cassette, and the same bytes again."""

from __future__ import annotations

from msgspec.structs import replace

from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.http import encode_response
from timetracer_otel.protocols.http_parts import HttpResponse
from timetracer_otel.protocols.http_wire import WireResponseRef, wire_reads

PLAIN = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
ODD = (
    b"HTTP/1.1 200 Fine\r\nX-Odd:no space\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"03\r\none\r\n0\r\n\r\n"
)


def _kept(*pieces: bytes) -> HttpResponse:
    body = Body(None, 10_000)
    for piece in pieces:
        body.feed(piece)
    body.finish()
    head = b"".join(pieces).partition(b"\r\n\r\n")[0].split(b"\r\n")
    lines = [line.partition(b":") for line in head[1:]]
    return encode_response(
        WireResponseRef(
            status=200,
            headers=[(name, value.strip()) for name, _, value in lines],
            body=body,
            reason=head[0].split(b" ")[2].decode(),
            reads=[len(piece) for piece in pieces],
        )
    )


def test_a_plain_response_is_kept_readable_and_nothing_besides() -> None:
    kept = _kept(PLAIN)
    assert (kept.body and kept.body.json, kept.extensions) == ({"a": 1}, {})
    assert wire_reads(kept, title="") == [PLAIN]


def test_chunks_come_again_in_the_pieces_that_were_waited_for() -> None:
    kept = _kept(CHUNKED[:50], CHUNKED[50:])
    assert kept.body is not None
    assert (kept.body.text, kept.body.chunks) == ("onetwo", [3, 3])
    assert kept.extensions == {"reads": [50, len(CHUNKED) - 50]}
    assert wire_reads(kept, title="") == [CHUNKED[:50], CHUNKED[50:]]


def test_what_nobody_would_spell_so_is_kept_beside() -> None:
    kept = _kept(ODD)
    assert sorted(kept.extensions) == ["head", "wire"]
    assert wire_reads(kept, title="") == [ODD]


def test_what_was_edited_by_hand_is_framed_anew() -> None:
    kept = _kept(PLAIN)
    assert kept.body is not None
    edited = replace(kept, body=replace(kept.body, json={"a": 1000}))
    assert wire_reads(edited, title="") == [
        PLAIN.replace(b"h: 7", b"h: 10").replace(b"1}", b"1000}")
    ]
    odd = _kept(ODD)
    assert odd.body is not None
    edited = replace(odd, status=503, body=replace(odd.body, text="other"))
    assert b"".join(wire_reads(edited, title="")) == (
        b"HTTP/1.1 503 Fine\r\nX-Odd: no space\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nother\r\n0\r\n\r\n"
    )


def test_where_a_chunk_broke_off_is_told_in_words() -> None:
    kept = _kept(CHUNKED[:60])
    assert kept.extensions == {"broken_chunk": [3, 2]}
    assert kept.body is not None
    broken = replace(kept, body=replace(kept.body, state="aborted"))
    assert b"".join(wire_reads(broken, title="")) == CHUNKED[:60]


def test_trailers_that_broke_off_do_so_again() -> None:
    cut = CHUNKED.removesuffix(b"\r\n") + b"X-Sum: 1\r\nX-Mo"
    kept = _kept(cut)
    assert kept.trailers == ["X-Sum: 1"]
    assert b"".join(wire_reads(kept, title="")) == cut


def test_an_answer_to_head_has_no_chunks_whatever_it_says() -> None:
    head = CHUNKED[: CHUNKED.index(b"3\r\n")]
    assert wire_reads(_kept(head), title="", method="HEAD") == [head]

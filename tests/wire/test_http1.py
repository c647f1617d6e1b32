"""HTTP/1 taken apart and put together again, wherever the network cut it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from timetracer_otel.protocols.http1 import HeadersToCome, head_bytes, request_head, split_head
from timetracer_otel.protocols.http1_framing import Chunked, chunked_pieces

CHUNKS = st.lists(st.binary(min_size=1, max_size=300), max_size=6)
CUTS = st.lists(st.integers(min_value=1, max_value=400), min_size=1, max_size=40)


def _fed(wire: bytes, cuts: list[int]) -> tuple[Chunked, list[bytes]]:
    found: list[bytes] = []
    framing = Chunked(found.append)
    at = 0
    for cut in cuts:
        framing.feed(wire[at : at + cut])
        at += cut
    framing.feed(wire[at:])
    return framing, found


@given(CHUNKS, CUTS)
def test_chunks_come_out_as_they_went_in(chunks: list[bytes], cuts: list[int]) -> None:
    wire = b"".join(chunked_pieces(chunks, [(b"X-Sum", b"1")], {}))
    framing, found = _fed(wire, cuts)
    assert found == chunks
    assert framing.ended
    assert framing.trailers == [(b"X-Sum", b"1")]


@given(CHUNKS, CUTS, st.floats(min_value=0, max_value=1))
def test_what_breaks_off_breaks_off_there_again(
    chunks: list[bytes], cuts: list[int], part: float
) -> None:
    wire = b"".join(chunked_pieces(chunks, [], {}))
    cut = wire[: int(len(wire) * part)]
    framing, found = _fed(cut, cuts)
    notes = framing.broken_off()
    again = b"".join(chunked_pieces(found, framing.trailers, notes))
    assert again == cut or framing.ended


def test_garbage_where_a_chunk_should_begin_is_kept() -> None:
    wire = b"3\r\nabc\r\nno size at all\r\nmore"
    framing, found = _fed(wire, [7])
    assert b"".join(chunked_pieces(found, [], framing.broken_off())) == wire


def test_headers_keep_order_case_folding_and_what_is_no_header() -> None:
    head = b"HTTP/1.1 200 OK\r\nX-B: 1\r\nx-b:\r\nX-Fold: a\r\n b\r\nno colon\r\nX-C: a: b"
    pairs = list(HeadersToCome(head))
    assert pairs == [
        (b"X-B", b"1"),
        (b"x-b", b""),
        (b"X-Fold", b"a\r\n b"),
        (b"", b"no colon"),
        (b"X-C", b"a: b"),
    ]
    assert head_bytes("HTTP/1.1 200 OK", pairs) == head.replace(b"x-b:", b"x-b: ") + b"\r\n\r\n"


def test_a_head_ends_where_http_client_ends_it() -> None:
    assert split_head(b"a\r\nb\r\n\r\nrest\r\n\r\n") == (b"a\r\nb", b"rest\r\n\r\n")
    assert split_head(b"a\nb\n\nrest") == (b"a\nb", b"rest")
    assert split_head(b"a\r\nb\r\n") is None


def test_the_size_of_a_request_is_what_its_head_says() -> None:
    def size(*lines: bytes) -> object:
        head = request_head(b"\r\n".join([b"POST /a b HTTP/1.1", *lines]))
        assert head is not None
        assert head.target == "/a b"
        return head.size

    assert size() == 0
    assert size(b"Content-Length: 12") == 12
    assert size(b"TRANSFER-ENCODING: gzip, Chunked", b"Content-Length: 12") is None
    assert size(b"X-Content-Length: 12") == 0
    assert request_head(b"PRI * HTTP/2.0") is None

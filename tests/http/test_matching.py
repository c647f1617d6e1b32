"""Which requests mean the same, and which never answer for each other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.http.requests import FORM, JSON, cassette, exchange, request
from timetracer_otel.errors import MissingRecording
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.http import HTTP, encode_request
from timetracer_otel.protocols.http_matching import cut_key, differences, key, loose_key
from timetracer_otel.protocols.http_parts import HttpInteraction, HttpRequest, HttpRequestRef
from timetracer_otel.replay.sessions import Session

ONE, OTHER = "0190b6f2-5b1c-7c3a-9a51-0f4f8f1e2d3c", "7b0e3a0c-4a4e-4d7e-9f3a-1f6a0a3c9f10"
MULTIPART = (
    b'--%b\r\nContent-Disposition: form-data; name="f"; filename="%b"\r\n\r\n%b\r\n--%b--\r\n'
)


def multipart(boundary: bytes, content: bytes = b"data", name: bytes = b"a.txt") -> HttpRequest:
    body = MULTIPART % (boundary, name, content, boundary)
    return request(body=body, kind=f"multipart/form-data; boundary={boundary.decode()}")


def graphql(query: str, rest: str = "") -> HttpRequest:
    import json

    body = f'{{"query": {json.dumps(query)}{rest}}}'.encode()
    return request("http://api.test/graphql", body, JSON)


SAME = {
    "default port": (request("http://api.test:80/items"), request("http://api.test/items")),
    "case of the host": (request("HTTP://API.test/items"), request("http://api.test/items")),
    "no path": (request("http://api.test"), request("http://api.test/")),
    "fragment": (request("http://api.test/#a"), request("http://api.test/")),
    "credentials": (request("http://u:p@api.test/"), request("http://api.test/")),
    "order of the query": (request("http://h/?a=1&b=2&a=0"), request("http://h/?b=2&a=0&a=1")),
    "spelling of the query": (request("http://h/?q=a%20b&x"), request("http://h/?q=a+b&x=")),
    "spelling of the path": (request("http://h/%7ea/%c3%bc"), request("http://h/~a/%C3%BC")),
    "order of JSON": (request(body=b'{"a":1,"b":2}'), request(body=b'{"b":2, "a":1}')),
    "spelling of JSON": (
        request(body=b'{"a":"\\u00fc"}', kind=JSON),
        request(body='{ "a" : "ü" }'.encode(), kind=JSON),
    ),
    "numbers of JSON": (
        request(body=b"[1, 1e3]", kind=JSON),
        request(body=b"[1.0,1000]", kind=JSON),
    ),
    "no content type": (
        request(body=b'{"a":1,  "b":2}'),
        request(body=b'{"a":1,"b":2}', kind=JSON),
    ),
    "order of a form": (request(body=b"a=1&b=2", kind=FORM), request(body=b"b=2&a=%31", kind=FORM)),
    "boundary": (multipart(b"one"), multipart(b"other")),
    "quoted boundary": (
        multipart(b"one"),
        request(
            body=MULTIPART % (b"x", b"a.txt", b"data", b"x"),
            kind='multipart/form-data; boundary="x"',
        ),
    ),
    "layout of GraphQL": (
        graphql("query A { a(x: 1) { b, c } }"),
        graphql("# asks\nquery A{a(x:1){b c}}\n", ', "variables": null, "operationName": null'),
    ),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_requests_that_mean_the_same_have_one_key(one: HttpRequest, other: HttpRequest) -> None:
    assert key(one) == key(other)
    assert differences(one, other) == []


DIFFERENT = {
    "method": (request(), request(method="PUT"), "$.method"),
    "scheme": (request("https://api.test/"), request("http://api.test/"), "$.url"),
    "port": (request("http://h:81/"), request("http://h/"), "$.url"),
    "path": (request("http://h/items/1"), request("http://h/items/2"), "$.url"),
    "case of the path": (request("http://h/A"), request("http://h/a"), "$.url"),
    "slash in a segment": (request("http://h/a%2Fb"), request("http://h/a/b"), "$.url"),
    "slash at the end": (request("http://h/a"), request("http://h/a/"), "$.url"),
    "query": (request("http://h/?page=1"), request("http://h/?page=2"), "$.query.page"),
    "query twice": (request("http://h/?a=1"), request("http://h/?a=1&a=1"), "$.query.a"),
    "query and none": (request("http://h/?a=1"), request("http://h/"), "$.query"),
    "bytes of a query that are no UTF-8": (
        request("http://h/?a=%FF"),
        request("http://h/?a=%FE"),
        "$.query.a",
    ),
    "value of JSON": (
        request(body=b'{"a":{"b":1}}'),
        request(body=b'{"a":{"b":2}}'),
        "$.body.json.a.b",
    ),
    "true and 1": (request(body=b'{"a":true}'), request(body=b'{"a":1}'), "$.body.json.a"),
    "null and none": (request(body=b'{"a":null}'), request(body=b"{}"), "$.body.json.a"),
    "number and text": (request(body=b'{"a":1}'), request(body=b'{"a":"1"}'), "$.body.json.a"),
    "order of an array": (request(body=b"[1,2]"), request(body=b"[2,1]"), "$.body.json[0]"),
    "large integers": (
        request(body=b"[12345678901234567890123]"),
        request(body=b"[12345678901234567890124]"),
        "$.body.json[0]",
    ),
    "field of a form": (
        request(body=b"a=1", kind=FORM),
        request(body=b"a=2", kind=FORM),
        "$.body.form.a",
    ),
    "order of one field": (
        request(body=b"a=1&a=2", kind=FORM),
        request(body=b"a=2&a=1", kind=FORM),
        "$.body.form.a[0]",
    ),
    "content of a part": (
        multipart(b"b", b"item A"),
        multipart(b"b", b"item B"),
        "$.body.multipart[0].content",
    ),
    "binary content of a part": (
        multipart(b"b", b"\x00\xff\r\n--"),
        multipart(b"b", b"\x00\xfe\r\n--"),
        "$.body.multipart[0].content",
    ),
    "name of a file": (
        multipart(b"b", name=b"a"),
        multipart(b"b", name=b"b"),
        "$.body.multipart[0].headers[0]",
    ),
    "bytes": (request(body=b"\xff\x01"), request(body=b"\xff\x02"), "$.body.content"),
    "text": (request(body=b"item A"), request(body=b"item B"), "$.body.content"),
    "body and none": (request(body=b"a"), request(), "$.body"),
    "operation of GraphQL": (
        graphql("query A {a}"),
        graphql("query B {a}"),
        "$.body.graphql.query",
    ),
    "string of GraphQL": (
        graphql('{a(x:"1  2")}'),
        graphql('{a(x:"1 2")}'),
        "$.body.graphql.query",
    ),
    "variables of GraphQL": (
        graphql("query($a:Int){a}", ', "variables": {"a": 1}'),
        graphql("query($a:Int){a}", ', "variables": {"a": 2}'),
        "$.body.graphql.variables.a",
    ),
    "chosen operation of GraphQL": (
        graphql("query A{a} query B{b}", ', "operationName": "A"'),
        graphql("query A{a} query B{b}", ', "operationName": "B"'),
        "$.body.graphql.operationName",
    ),
}


@pytest.mark.parametrize(("one", "other", "field"), DIFFERENT.values(), ids=DIFFERENT)
def test_requests_that_differ_have_two_keys_and_the_field_is_named(
    one: HttpRequest, other: HttpRequest, field: str
) -> None:
    assert key(one) != key(other)
    assert loose_key(one) != loose_key(other)
    assert differences(one, other)[0].partition(": ")[0] == field


@given(st.text(), st.text())
def test_two_contents_never_share_a_key(one: str, other: str) -> None:
    keys = {key(request(body=text.encode())) for text in (one, other)}
    assert len(keys) == len({one, other}) or _one_json(one, other)


def _one_json(one: str, other: str) -> bool:
    import json

    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


def streamed(*chunks: bytes, state: str = "complete", limit: int = 1000) -> HttpRequest:
    body = Body(None, limit)
    for chunk in chunks:
        body.feed(chunk)
    body.finish(state)  # type: ignore[arg-type]
    return encode_request(HttpRequestRef("POST", "http://api.test/items", [], body))


def test_a_body_that_came_in_pieces_is_the_body_that_came_at_once() -> None:
    assert key(streamed(b"one", b"two")) == key(request(body=b"onetwo"))


def test_what_was_sent_in_part_is_not_the_whole_that_begins_so() -> None:
    assert key(streamed(b"one", state="partial")) != key(streamed(b"one"))


def test_a_recorded_body_that_was_cut_is_found_by_its_size_and_hash() -> None:
    cut = streamed(b"x" * 600, b"y" * 600)
    assert cut.body is not None
    assert cut.body.truncated
    assert key(cut) == cut_key(request(body=b"x" * 600 + b"y" * 600))
    assert key(cut) != cut_key(request(body=b"x" * 600 + b"z" * 600))


def get(path: str) -> HttpRequest:
    return request(f"http://api.test{path}", method="GET")


def answered(session: Session, asked: HttpRequest) -> str:
    found = session.answer(HTTP, "httpx", _ref(asked), "trace")
    assert isinstance(found, HttpInteraction)
    assert found.response is not None
    assert found.response.body is not None
    return found.response.body.text


def _ref(asked: HttpRequest) -> HttpRequestRef:
    from timetracer_otel.protocols.bodies import body_bytes
    from timetracer_otel.protocols.http_parts import header_pairs

    body = body_bytes(asked.body) if asked.body is not None else b""
    return HttpRequestRef(asked.method, asked.url, header_pairs(asked.headers), Body.of(body))


def test_what_was_drawn_anew_is_matched_loosely_and_put_into_the_answer() -> None:
    session = Session(cassette(exchange(get(f"/orders/{ONE}"), f"made {ONE}")), "c")
    assert answered(session, get(f"/orders/{OTHER}")) == f"made {OTHER}"
    assert len(session.outcome.loose) == 1


FROM_OUTSIDE = {
    "the inbound request": {"entry": exchange(get(f"/shop/{ONE}"))},
    "an earlier answer": {"first": exchange(get("/list"), f'["{ONE}"]')},
}


@pytest.mark.parametrize("came", FROM_OUTSIDE.values(), ids=FROM_OUTSIDE)
def test_a_name_that_came_from_outside_never_stands_for_another(
    came: dict[str, HttpInteraction],
) -> None:
    first = [came["first"]] if "first" in came else []
    recorded = cassette(*first, exchange(get(f"/items/{ONE}"), "item A"), entry=came.get("entry"))
    with pytest.raises(MissingRecording, match=ONE):
        answered(Session(recorded, "c"), get(f"/items/{OTHER}"))


def test_of_two_recorded_items_neither_answers_for_the_other() -> None:
    recorded = cassette(
        exchange(get(f"/items/{ONE}"), "item A"), exchange(get(f"/items/{OTHER}"), "item B")
    )
    session = Session(recorded, "c")
    assert answered(session, get(f"/items/{OTHER}")) == "item B"
    with pytest.raises(MissingRecording):
        answered(session, get(f"/items/{OTHER}"))


def test_one_drawn_name_keeps_to_its_live_one() -> None:
    recorded = cassette(
        exchange(get(f"/orders/{ONE}"), f"made {ONE}"), exchange(get(f"/orders/{ONE}/pay"), "paid")
    )
    session = Session(recorded, "c")
    answered(session, get(f"/orders/{OTHER}"))
    with pytest.raises(MissingRecording):
        answered(session, get("/orders/11111111-2222-4333-8444-555555555555/pay"))
    assert answered(session, get(f"/orders/{OTHER}/pay")) == "paid"


VOLATILE = {
    "UUID": (ONE, OTHER),
    "ObjectId": ("65a1b2c3d4e5f60718293a4b", "65a1b2c3d4e5f60718293a4c"),
    "time": ("2026-01-05T10:00:00Z", "2026-01-06T11:00:00.5"),
    "compact time": ("20260105T100000Z", "20260106T100000Z"),
    "signature": ("a1" * 32, "b2" * 32),
    "token": ("Zk3VbbPq8T1mX0aLw5Rf9Q", "Qq3VbbPq8T1mX0aLw5Rf9Z"),
}


@pytest.mark.parametrize(("one", "other"), VOLATILE.values(), ids=VOLATILE)
def test_a_literal_that_runs_draw_anew_is_a_placeholder_in_the_loose_key(
    one: str, other: str
) -> None:
    assert loose_key(get(f"/a/{one}")) == loose_key(get(f"/a/{other}"))
    assert loose_key(get(f"/a?x={one}")) == loose_key(get(f"/a?x={other}"))


STEADY = {
    "numbers": ("1000000001", "1000000002"),
    "short hex": ("deadbeef", "deadbeee"),
    "slugs": ("how-we-grew-in-2024-and-what-came-of-it", "how-we-grew-in-2025-and-what-came-of-it"),
    "words": ("internationalization-of-everything", "nationalization-of-everything-else"),
    "days": ("2026-01-05", "2026-01-06"),
    "upper case codes": ("DE89370400440532013000", "DE89370400440532013001"),
}


@pytest.mark.parametrize(("one", "other"), STEADY.values(), ids=STEADY)
def test_a_literal_that_people_choose_stays_in_the_loose_key(one: str, other: str) -> None:
    assert loose_key(get(f"/a/{one}")) != loose_key(get(f"/a/{other}"))

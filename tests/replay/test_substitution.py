"""Live literals in the place of recorded ones, and nowhere else."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.replay.cassettes import a_body, get, select
from timetracer_otel.interaction.body import Body
from timetracer_otel.protocols.bodies import body_bytes, encode_body
from timetracer_otel.protocols.http_parts import BodyPart, HttpInteraction, HttpResponse
from timetracer_otel.protocols.sql import SqlInteraction, SqlResponse
from timetracer_otel.replay.substitution import spellings, with_live_values

OLD, NEW = "0d6f1f0e-5f0e-4f3c-9c1a-000000000001", "f47ac10b-58cc-4372-a567-0e02b2c3d479"
PAIRS = spellings({OLD: NEW})


def response_of(body: BodyPart, *headers: str) -> HttpResponse:
    changed = with_live_values(
        get("http://x/", response=HttpResponse(status=200, headers=list(headers), body=body)), PAIRS
    )
    assert isinstance(changed, HttpInteraction)
    assert changed.response is not None
    return changed.response


def test_a_json_body_stays_json_and_its_length_is_right() -> None:
    value = {"id": OLD, OLD: [f"/orders/{OLD}?a=1"], "n": 1}
    found = response_of(a_body(value), "Content-Length: 1", f"location: /orders/{OLD}")
    assert found.body is not None
    assert found.body.json == {"id": NEW, NEW: [f"/orders/{NEW}?a=1"], "n": 1}
    assert found.headers[1] == f"location: /orders/{NEW}"
    assert len(body_bytes(found.body)) == found.body.size


def test_a_literal_of_another_length_mends_what_is_said_of_the_length() -> None:
    old, new = "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456Z"
    body = BodyPart(text=f"at {old}!", size=len(old) + 4, chunks=[3, len(old) + 1])
    answer = HttpResponse(status=200, headers=["content-length: 24"], body=body)
    changed = with_live_values(get("http://x/", response=answer), {old: new})
    assert isinstance(changed, HttpInteraction)
    assert changed.response is not None
    assert changed.response.body == BodyPart(text=f"at {new}!", size=31)
    assert changed.response.headers == ["content-length: 31"]


@pytest.mark.parametrize(
    "body",
    [
        BodyPart(base64=base64.b64encode(b"\xff" + OLD.encode()).decode(), size=37),
        BodyPart(text=f"a{OLD}b", size=38),
        BodyPart(text=OLD.replace("-", "")[:31], size=31),
        BodyPart(text="nothing of that", size=15),
        BodyPart(text=f"{OLD} …", size=5_000, truncated=True, sha256="0" * 64),
    ],
    ids=["coded", "within other text", "a part of it", "absent", "cut"],
)
def test_what_is_no_whole_literal_is_left_alone(body: BodyPart) -> None:
    if "b" in body.text and body.text.startswith("a"):
        body = BodyPart(text="x" + OLD.replace("-", "") * 2, size=65)
    assert response_of(body).body == body


def test_a_compressed_body_is_compressed_anew() -> None:
    import gzip

    coded = gzip.compress(f'{{"id":"{OLD}"}}'.encode(), mtime=7)
    body = encode_body(Body.of(coded), [(b"content-encoding", b"gzip")])
    found = response_of(body, "content-encoding: gzip").body
    assert found is not None
    assert gzip.decompress(body_bytes(found)) == f'{{"id":"{NEW}"}}'.encode()


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (OLD, NEW),
        (OLD.replace("-", ""), NEW.replace("-", "")),
        ({"$uuid": OLD}, {"$uuid": NEW}),
        ({"$bytes": OLD}, {"$bytes": OLD}),
        (1, 1),
        (None, None),
    ],
)
def test_rows_have_the_live_value_in_either_spelling(cell: Any, expected: Any) -> None:
    answer = SqlResponse(columns=[["id", None]], rows=[[cell, "x"]], rowcount=1)
    changed = with_live_values(select("SELECT", response=answer), PAIRS)
    assert isinstance(changed, SqlInteraction)
    assert changed.response is not None
    assert changed.response.rows == [[expected, "x"]]


def test_what_has_none_is_the_very_same_interaction() -> None:
    interaction = get("http://x/", {"a": 1})
    assert with_live_values(interaction, PAIRS) is interaction
    assert with_live_values(interaction, {}) is interaction

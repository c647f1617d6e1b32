"""A cassette redacted: what stays, what is restored, what is known again."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from msgspec.structs import replace

from timetracer_otel.cassette import Cassette, Draws, merge_fragment, read_cassette, write_cassette
from timetracer_otel.errors import InvalidCassette, KeyMissing, MissingRecording
from timetracer_otel.keys import EnvironmentAndFile, Key, KeyRing
from timetracer_otel.protocols.bodies import body_bytes, encode_body
from timetracer_otel.protocols.http import HTTP
from timetracer_otel.protocols.http_parts import (
    HttpInteraction,
    HttpRequest,
    HttpRequestRef,
    HttpResponse,
)
from timetracer_otel.protocols.smtp import SMTP, SmtpInteraction, SmtpRequest, SmtpRequestRef
from timetracer_otel.protocols.sql import SqlInteraction, SqlRequest, SqlResponse
from timetracer_otel.recording import Body
from timetracer_otel.redaction.cassettes import Redactor
from timetracer_otel.redaction.hiding import Hider
from timetracer_otel.redaction.policy import DEFAULT, Policy
from timetracer_otel.redaction.scanning import leaks
from timetracer_otel.redaction.sealing import restored
from timetracer_otel.replay.redacted import Shown
from timetracer_otel.replay.sessions import Session

KEY = Key(b"k" * 32)
PERSON = {"id": 7, "email": "ada@lovelace.org", "password": "hunter2secret", "page": 3}


def http(
    value: Any, number: int = 0, url: str = "http://shop/login", **more: str
) -> HttpInteraction:
    raw = [(b"content-type", b"application/json")]
    part = encode_body(Body.of(json.dumps(value).encode()), raw)
    lines = ["content-type: application/json", f"content-length: {part.size}"]
    lines += [f"{name}: {text}" for name, text in more.items()]
    request = HttpRequest(method="POST", url=url, headers=lines, body=part)
    response = HttpResponse(status=200, headers=lines, body=part)
    return HttpInteraction(
        id=number, library="httpx", title="", start_us=0, request=request, response=response
    )


def cassette(*interactions: Any, entry: Any = None, draws: Any = ()) -> Cassette:
    return Cassette(
        timetracer=1,
        trace_id="a" * 32,
        root_span_id="b" * 16,
        recorded_at="2026-01-01T00:00:00.0Z",
        duration_us=1,
        entry=entry or http(PERSON),
        interactions=list(interactions),
        draws=list(draws),
    )


def redacted(
    before: Cassette, policy: Policy = DEFAULT, key: Key = KEY, **options: bool
) -> Cassette:
    """Written and read again, as files are."""
    after = Redactor(policy, key, **options).redact(before)
    return read_cassette(write_cassette(after), file="test")


def body(interaction: Any) -> Any:
    return interaction.request.body.json


def test_types_lengths_and_what_is_no_secret_stay() -> None:
    entry: Any = redacted(cassette()).entry
    shown = body(entry)
    assert shown["id"] == 7 and shown["page"] == 3
    assert shown["email"] != PERSON["email"] and shown["password"] != PERSON["password"]
    assert shown["email"].endswith(".example") or shown["email"].endswith(".test")
    assert len(body_bytes(entry.request.body)) == entry.request.body.size
    assert f"content-length: {entry.request.body.size}" in entry.request.headers


def test_one_value_is_one_pseudonym_in_every_cassette_and_protocol() -> None:
    query = SqlInteraction(
        id=1,
        library="sqlite3",
        title="",
        start_us=1,
        request=SqlRequest(
            operation="execute",
            system="sqlite",
            statement="SELECT mail AS told FROM people WHERE mail = ?",
            parameters={"$tuple": ["ada@lovelace.org"]},
        ),
        response=SqlResponse(columns=[{"$tuple": ["told"]}], rows=[["ada@lovelace.org"]]),
    )
    one, other = redacted(cassette(query)), redacted(cassette())
    mail = body(one.entry)["email"]
    sql: Any = one.interactions[0]
    assert body(other.entry)["email"] == mail
    assert sql.request.parameters == {"$tuple": [mail]} and sql.response.rows == [[mail]]


def test_a_value_without_a_name_is_known_by_the_field_it_was_in() -> None:
    log = http({"note": "login with hunter2secret failed"}, 1)
    assert "hunter2secret" not in write_cassette(redacted(cassette(log))).decode()


def test_json_laid_out_in_any_way_keeps_its_layout() -> None:
    text = '{ "password" :"hunter2secret",\n\t"page":3, "in": "{\\"pin\\":\\"83726154\\"}" }'
    made = Hider(DEFAULT.for_request(""), lambda _kind, value: "x" * len(value)).text(text)
    assert made == text.replace("hunter2secret", "x" * 13).replace("83726154", "x" * 8)


def test_the_key_restores_every_byte() -> None:
    before = cassette(http(PERSON, 1, authorization="Bearer abcdefgh12345678"))
    assert write_cassette(restored(redacted(before), KEY)) == write_cassette(before)


def test_another_key_restores_nothing() -> None:
    with pytest.raises(InvalidCassette):
        restored(redacted(cassette()), Key(b"x" * 32))


def test_a_seal_opens_for_its_own_trace_alone() -> None:
    moved = replace(redacted(cassette()), trace_id="c" * 32)
    with pytest.raises(InvalidCassette):
        restored(moved, KEY)


def test_what_was_edited_by_hand_stays_edited() -> None:
    edited = redacted(cassette())
    body(edited.entry)["email"] = "someone@else.example"
    again: Any = restored(edited, KEY).entry
    assert body(again)["email"] == "someone@else.example"
    assert body(again)["password"] == PERSON["password"]


def test_a_fragment_is_restored_with_its_trace() -> None:
    first, later = cassette(http(PERSON, 1)), cassette(http({"email": "b@lovelace.org"}, 1))
    whole = merge_fragment(redacted(first), redacted(later))
    found = restored(whole, KEY).interactions
    assert [body(each)["email"] for each in found] == ["ada@lovelace.org", "b@lovelace.org"]


def test_without_a_seal_nothing_is_kept() -> None:
    found = redacted(cassette(), seal=False)
    assert found.redaction.sealed == [] and found.redaction.policy == "default"


def test_a_key_that_does_not_last_seals_nothing() -> None:
    found = redacted(cassette(), key=Key(b"k" * 32, lasting=False))
    assert found.redaction.sealed == [] and found.redaction.key_id == ""


def test_what_is_redacted_already_stays_as_it_is() -> None:
    once = redacted(cassette(), seal=False)
    again = redacted(once, seal=False)
    assert body(again.entry) == body(once.entry)
    assert leaks(once, DEFAULT) == []


def test_a_scan_says_where_and_what_kind() -> None:
    found = {leak.place: leak.kinds for leak in leaks(cassette(), DEFAULT)}
    assert found["$.entry.request.body.json.email"] == ("e-mail address",)
    assert found["$.entry.request.body.json.password"] == ("password",)
    assert "$.entry.request.body.json.page" not in found


def test_a_draw_that_became_a_secret_is_replaced_by_what_makes_its_pseudonym() -> None:
    drawn = bytes(range(32))
    spelled = base64.urlsafe_b64encode(drawn).decode().rstrip("=")
    draws = Draws(
        source="os.urandom", values=[{"$bytes": {"base64": base64.b64encode(drawn).decode()}}]
    )
    found = redacted(cassette(http({"session_token": spelled}, 1), draws=[draws]))
    kept = base64.b64decode(found.draws[0].values[0]["$bytes"]["base64"])
    assert kept != drawn and len(kept) == 32
    again = base64.urlsafe_b64encode(kept).decode().rstrip("=")
    assert body(found.interactions[0])["session_token"] == again


def test_without_the_key_a_live_secret_meets_the_pseudonym_in_its_place() -> None:
    call = http(
        {"api_key": "live-secret-of-then", "sku": "mug"},
        1,
        url="http://pay/charge?token=t0ken-of-then",
    )
    found = redacted(cassette(call), seal=False)
    session = Session(found, "test", shown=Shown(DEFAULT, found))
    headers = [(b"content-type", b"application/json")]
    asked = json.dumps({"api_key": "another-secret-now!", "sku": "mug"}).encode()
    url = "http://pay/charge?token=t0ken-of-now1"
    ref = HttpRequestRef("POST", url, headers, Body.of(asked))
    answer = session.answer(HTTP, "httpx", ref, "trace")
    assert answer.id == 1 and "another-secret" not in str(session.outcome.loose)
    other = Body.of(asked.replace(b"mug", b"lamp"))
    with pytest.raises(MissingRecording) as missed:
        session.answer(HTTP, "httpx", HttpRequestRef("POST", url, headers, other), "trace")
    assert "another-secret" not in str(missed.value) and "t0ken-of-now1" not in str(missed.value)


def test_own_fields_patterns_values_and_routes() -> None:
    policy = Policy(
        fields=("loyalty", "customer.note", "memo @ ^POST /login"),
        patterns=("INV-[0-9]{6}",),
        allow=("support_email", r"/@shop\.example$/"),
        function="tests.redaction.test_cassettes:is_own",
    )
    value = {
        "loyalty": "gold-1234",
        "customer": {"note": "likes tea", "other": "kept"},
        "note": "kept",
        "memo": "said here",
        "bill": "see INV-123456",
        "support_email": "help@somewhere.org",
        "mail": "team@shop.example",
        "code_name": "OWN-SECRET",
    }
    elsewhere = http(value, url="http://shop/other")
    shown = body(redacted(cassette(entry=http(value)), policy).entry)
    same = {name for name in value if shown[name] == value[name]}
    assert same == {"note", "support_email", "mail"}
    assert shown["customer"]["other"] == "kept" and "INV-123456" not in shown["bill"]
    assert body(redacted(cassette(entry=elsewhere), policy).entry)["memo"] == "said here"


def is_own(_name: str, text: str) -> bool:
    return text.startswith("OWN-")


def test_keys_come_from_the_environment_or_a_file_of_the_users_own(tmp_path: Any) -> None:
    given = base64.b64encode(b"e" * 32).decode()
    assert EnvironmentAndFile({"TIMETRACER_KEY": given}).current() == Key(b"e" * 32)
    home = {"HOME": str(tmp_path)}
    made = EnvironmentAndFile(home).current()
    file = tmp_path / ".config" / "timetracer" / "key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert EnvironmentAndFile(home).current() == made
    both = KeyRing([EnvironmentAndFile({**home, "TIMETRACER_KEY": given})])
    assert both.named(made.id) == made
    with pytest.raises(KeyMissing, match="0123456789ab"):
        both.named("0123456789ab")


def test_where_nothing_can_be_kept_the_key_ends_with_the_process(
    tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    keys = EnvironmentAndFile({"HOME": str(tmp_path / "file")})
    assert not keys.current().lasting and keys.current() is keys.current()
    assert len(caplog.records) == 1


def test_the_header_that_asks_for_a_recording_is_hidden() -> None:
    headers = {"X-Timetracer-Debug": "let-me-in-4711"}
    asked = http(PERSON, 0, "http://shop/x", **headers)
    assert b"let-me-in-4711" not in write_cassette(redacted(cassette(entry=asked)))


@pytest.mark.parametrize("seal", [True, False])
def test_bytes_that_redaction_removes_are_told(seal: bool) -> None:
    framed = http(PERSON)
    assert framed.response is not None
    framed.response.extensions["wire"] = {"chunks": [1, 2]}
    after = redacted(cassette(framed), seal=seal)
    told = [(each.what, each.why, each.count) for each in after.dropped]
    assert told == [("framing of HTTP's bodies", "redacted", 1)]
    assert not seal or restored(after, KEY) == cassette(framed)


def test_mail_is_hidden_with_all_that_says_who_sent_it() -> None:
    """Credentials, addresses, the message: whatever they look like."""
    plain = base64.b64encode(b"\0ada\0tiger-7").decode()
    message = ["Subject: Dinner", "To: Bo <bo@home.org>", "", "See you at nine", "."]
    sent = [["AUTH LOGIN"], ["YWRh"], [f"AUTH PLAIN {plain}"], ["MAIL FROM:<ada@home.org> size=99"]]
    sent += [["RCPT TO:<bo@home.org>"], ["data"], message]
    calls = [
        SmtpInteraction(
            id=n, library="smtplib", title="", start_us=0, request=SmtpRequest(sent=lines)
        )
        for n, lines in enumerate(sent)
    ]
    before = cassette(*calls)
    after = redacted(before)
    kept = write_cassette(after).decode()
    for secret in (plain, "YWRh", "ada@home", "bo@home", "See you"):
        assert secret not in kept
    hidden = [call.request.sent for call in after.interactions if isinstance(call, SmtpInteraction)]
    assert [len(lines) for lines in hidden] == [1, 1, 1, 1, 1, 1, 5]
    assert hidden[5] == ["data"]
    session = Session(after, "test", shown=Shown(DEFAULT, after))
    for call in calls:
        ref = SmtpRequestRef("send", "".join(f"{each}\r\n" for each in call.request.sent).encode())
        assert session.answer(SMTP, "smtplib", ref, "trace").id == call.id

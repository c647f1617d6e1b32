"""What applications do with a client, and what becomes of it. Here the client is smtplib."""

from __future__ import annotations

import email.utils
import os
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from tests.redis_client.caller import plain

__all__ = ["CASES", "Caller", "message", "port", "trusting"]

Case = Callable[["Caller"], Any]
CASES: dict[str, dict[str, Case]] = {"smtplib": {}, "aiosmtplib": {}}
"""By client and name; a module each enters them."""


def case(function: Case) -> Case:
    """Enter `function` under its name."""
    CASES["smtplib"][function.__name__] = function
    return function


class Caller:
    """What a case has seen so far."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def note(self, value: Any) -> None:
        """Add to what the two runs are compared by."""
        self.seen.append(plain(value))

    def do(self, call: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """One call, its result or its error noted."""
        try:
            result = call(*args, **keywords)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
            self.note([error, error.__context__])
            return None
        self.note(result if not isinstance(result, smtplib.SMTP) else type(result).__name__)
        return result

    @contextmanager
    def connected(self, kind: type[smtplib.SMTP] = smtplib.SMTP) -> Iterator[smtplib.SMTP]:
        with kind("127.0.0.1", port("SMTP"), timeout=10) as client:
            yield client


def port(name: str) -> int:
    return int(os.environ[f"{name}_PORT"])


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=os.environ["CA_FILE"])


def message(subject: str = "Welcome", text: str = "Grüße\n.\n..and more\n") -> EmailMessage:
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = subject, "shop@a.test", "ada@b.test"
    made["Date"], made["Message-ID"] = email.utils.formatdate(), email.utils.make_msgid()
    made.set_content(text)
    made.add_alternative(f"<p>{text}</p>", subtype="html")
    return made


@case
def a_message_with_two_forms(at: Caller) -> None:
    with at.connected() as client:
        at.do(client.send_message, message())
        at.do(client.send_message, message("Twice"))
        at.note([client.ehlo_resp, client.esmtp_features, client.does_esmtp])


@case
def text_of_the_application_s_own(at: Caller) -> None:
    with at.connected() as client:
        at.do(client.sendmail, "a@a.test", "b@b.test", "Subject: hi\n\n.dot\nend")
        at.do(client.sendmail, "a@a.test", ["b@b.test"], b"Subject: \xff\r\n\r\n\x00")


@case
def some_recipients_are_refused(at: Caller) -> None:
    with at.connected() as client:
        at.do(client.sendmail, "a@a.test", ["b@b.test", "nobody@b.test"], "hello")


@case
def all_recipients_are_refused(at: Caller) -> None:
    with at.connected() as client:
        at.do(client.sendmail, "a@a.test", ["nobody@b.test"], "hello")
        at.do(client.sendmail, "a@a.test", ["b@b.test"], "hello")


@case
def the_sender_is_refused(at: Caller) -> None:
    with at.connected() as client:
        at.do(client.sendmail, "spammer@a.test", ["b@b.test"], "hello")


@case
def the_message_is_refused(at: Caller) -> None:
    with at.connected() as client:
        at.do(client.sendmail, "a@a.test", ["b@b.test"], "viagra")


@case
def the_server_hangs_up(at: Caller) -> None:
    client = smtplib.SMTP("127.0.0.1", port("SMTP"), timeout=10)
    at.do(client.sendmail, "dropped@a.test", ["b@b.test"], "hello")
    at.do(client.noop)
    other = smtplib.SMTP("127.0.0.1", port("SMTP"), timeout=10)
    at.do(other.sendmail, "a@a.test", ["b@b.test"], "hang up")


@case
def other_commands(at: Caller) -> None:
    with at.connected() as client:
        for call in (client.noop, client.help, client.rset, client.helo):
            at.do(call)
        at.do(client.verify, "ada")
        at.do(client.docmd, "XYZ", "1")
        at.do(client.starttls)


@case
def somebody_logs_in(at: Caller) -> None:
    with at.connected() as client:
        at.do(client.login, "ada", "secret")
        at.do(client.login, "ada", "wrong")


@case
def addresses_that_are_no_ascii(at: Caller) -> None:
    with at.connected() as client:
        made = message()
        del made["To"]
        made["To"] = "zoë@b.test"
        at.do(client.send_message, made)


@case
def connected_later(at: Caller) -> None:
    client = smtplib.SMTP()
    at.do(client.noop)
    at.do(client.connect, f"127.0.0.1:{port('SMTP')}")
    at.do(client.quit)


@case
def starttls(at: Caller) -> None:
    with smtplib.SMTP("localhost", port("TLS"), timeout=10) as client:
        at.do(client.starttls, context=trusting())
        at.do(client.login, "ada", "secret")
        at.do(client.send_message, message())


@case
def starttls_of_somebody_unknown(at: Caller) -> None:
    client = smtplib.SMTP("localhost", port("TLS"), timeout=10)
    at.do(client.starttls, context=ssl.create_default_context())
    client.close()


@case
def encrypted_from_the_start(at: Caller) -> None:
    with smtplib.SMTP_SSL("localhost", port("SSL"), timeout=10, context=trusting()) as client:
        at.do(client.send_message, message())
    at.do(smtplib.SMTP_SSL, "localhost", port("SSL"), context=ssl.create_default_context())


@case
def nobody_listens(at: Caller) -> None:
    at.do(smtplib.SMTP, "127.0.0.1", port("REFUSED"))
    at.do(smtplib.SMTP, "no.such.host.invalid", 25)


@case
def nobody_answers(at: Caller) -> None:
    at.do(smtplib.SMTP, "127.0.0.1", port("DEAF"), timeout=0.3)
    at.do(smtplib.SMTP, "127.0.0.1", port("DEAF"), timeout=0)


@case
def lmtp(at: Caller) -> None:
    with at.connected(smtplib.LMTP) as client:
        at.do(client.sendmail, "a@a.test", ["b@b.test"], "hello")


@case
def a_long_message(at: Caller) -> None:
    made = message()
    made.add_attachment(bytes(range(256)) * 800, maintype="image", subtype="png", filename="é.png")
    with at.connected() as client:
        at.do(client.send_message, made)

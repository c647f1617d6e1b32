"""What applications do with aiosmtplib, and what becomes of it."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import aiosmtplib
from aiosmtplib import SMTP

from tests.smtp.cases import CASES, Caller, message, port, trusting

Case = Callable[[Caller], Awaitable[None]]


def case(function: Case) -> Case:
    """Enter `function` under its name."""
    CASES["aiosmtplib"][function.__name__] = function
    return function


async def do(at: Caller, call: Awaitable[Any]) -> Any:
    """One call, its result or its error noted."""
    try:
        result = await call
    except Exception as error:  # noqa: BLE001 - whatever it is, it is compared
        at.note([error, error.__cause__])
        return None
    at.note(result)
    return result


def client(**options: Any) -> SMTP:
    return SMTP(**{"hostname": "127.0.0.1", "port": port("SMTP"), "timeout": 10, **options})


@case
async def sent_in_one_call(at: Caller) -> None:
    await do(at, aiosmtplib.send(message(), hostname="127.0.0.1", port=port("SMTP")))
    text = "Subject: hi\n\n.dot\nend"
    await do(
        at,
        aiosmtplib.send(
            text,
            sender="a@a.test",
            recipients=["b@b.test", "nobody@b.test"],
            hostname="127.0.0.1",
            port=port("SMTP"),
            username="ada",
            password="secret",
        ),
    )


@case
async def a_message_with_two_forms(at: Caller) -> None:
    async with client() as smtp:
        await do(at, smtp.send_message(message()))
        await do(at, smtp.send_message(message("Twice")))
        at.note([smtp.is_ehlo_or_helo_needed, smtp.supported_auth_methods])
        at.note([smtp.get_transport_info("sslcontext"), smtp.is_connected])
    at.note(smtp.is_connected)


@case
async def refusals(at: Caller) -> None:
    async with client() as smtp:
        for sender, recipients, text in (
            ("a@a.test", ["b@b.test", "nobody@b.test"], "hello"),
            ("a@a.test", ["nobody@b.test"], "hello"),
            ("spammer@a.test", ["b@b.test"], "hello"),
            ("a@a.test", ["b@b.test"], "viagra"),
            ("a@a.test", ["b@b.test"], "hello"),
        ):
            await do(at, smtp.sendmail(sender, recipients, text))


@case
async def the_server_hangs_up(at: Caller) -> None:
    for sender, text in (("dropped@a.test", "hello"), ("a@a.test", "hang up")):
        smtp = client()
        await do(at, smtp.connect())
        await do(at, smtp.sendmail(sender, ["b@b.test"], text))
        at.note(smtp.is_connected)
        await do(at, smtp.noop())
        smtp.close()


@case
async def other_commands(at: Caller) -> None:
    async with client() as smtp:
        for call in (smtp.noop, smtp.help, smtp.rset, smtp.helo):
            await do(at, call())
        await do(at, smtp.vrfy("ada"))
        await do(at, smtp.execute_command(b"XYZ", b"1"))
        await do(at, smtp.starttls())
        await do(at, smtp.execute_command(b"A\r\nB"))
        await do(at, smtp.connect())


@case
async def somebody_logs_in(at: Caller) -> None:
    async with client() as smtp:
        await do(at, smtp.login("ada", "secret"))
        await do(at, smtp.login("ada", "wrong"))


@case
async def connected_later_and_again(at: Caller) -> None:
    smtp = SMTP()
    await do(at, smtp.noop())
    for _ in range(2):
        await do(at, smtp.connect(hostname="127.0.0.1", port=port("SMTP")))
        await do(at, smtp.quit())
    await do(at, smtp.quit())


@case
async def a_socket_of_the_application_s_own(at: Caller) -> None:
    connected = socket.socket()
    await asyncio.get_running_loop().sock_connect(connected, ("127.0.0.1", port("SMTP")))
    smtp = SMTP(hostname=None, port=None, sock=connected)
    await do(at, smtp.connect())
    await do(at, smtp.noop())
    await do(at, smtp.quit())


@case
async def tls(at: Caller) -> None:
    for options in (
        {"port": port("TLS"), "start_tls": True},
        {"port": port("TLS")},  # because the server offers it
        {"port": port("SSL"), "use_tls": True},
    ):
        smtp = client(hostname="localhost", tls_context=trusting(), **options)
        await do(at, smtp.connect())
        at.note(isinstance(smtp.get_transport_info("sslcontext"), ssl.SSLContext))
        await do(at, smtp.login("ada", "secret"))
        await do(at, smtp.send_message(message()))
        await do(at, smtp.quit())


@case
async def tls_of_somebody_unknown(at: Caller) -> None:
    for options in (
        {"port": port("TLS"), "start_tls": True},
        {"port": port("SSL"), "use_tls": True},
    ):
        smtp = client(hostname="localhost", **options)
        await do(at, smtp.connect())
        at.note(smtp.is_connected)


@case
async def nobody_listens(at: Caller) -> None:
    await do(at, client(port=port("REFUSED")).connect())
    await do(at, client(hostname="no.such.host.invalid").connect())


@case
async def nobody_answers(at: Caller) -> None:
    await do(at, client(port=port("DEAF"), timeout=0.3).connect())
    with_patience = asyncio.wait_for(client(port=port("DEAF")).connect(), 0.3)
    await do(at, with_patience)


@case
async def two_at_once(at: Caller) -> None:
    async def send(subject: str) -> Any:
        async with client() as smtp:
            return await smtp.send_message(message(subject, f"{subject}\n" * 20))

    at.note(await asyncio.gather(*map(send, ("first", "second", "third"))))


@case
async def a_long_message(at: Caller) -> None:
    made = message()
    made.add_attachment(bytes(range(256)) * 800, maintype="image", subtype="png", filename="é.png")
    async with client() as smtp:
        await do(at, smtp.send_message(made))

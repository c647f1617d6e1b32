"""Cards, accounts, wallets."""

from __future__ import annotations

import re

from timetracer_otel.redaction.kinds.kind import Kind, stdnum
from timetracer_otel.redaction.kinds.wallets import wallet
from timetracer_otel.redaction.pseudonyms import Noise, alike, digits

__all__ = ["PAYMENT"]

_CARD = re.compile(
    r"4\d{15}|4\d{12}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14}"
)
"""Numbers that networks give out: Visa, Mastercard, American Express, Discover, Diners, JCB,
UnionPay. A moment in milliseconds, microseconds or nanoseconds is none of them."""

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn_rest(number: str) -> int:
    """0 for a number whose last digit is Luhn's check digit."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        total += _DOUBLED[int(digit)] if place % 2 else int(digit)
    return total % 10


def _is_card(value: str) -> bool:
    number = re.sub(r"[ -]", "", value)
    return bool(_CARD.fullmatch(number)) and luhn_rest(number) == 0 and len(set(number)) > 1


_KEPT = 6
"""Issuer and network stay: an application may route by them."""


def _card(value: str, noise: Noise) -> str:
    places = [at for at, letter in enumerate(value) if letter.isdigit()]
    made = list(value)
    for at in places[_KEPT:-1]:
        made[at] = str(noise.byte() % 10)
    made[places[-1]] = "0"
    rest = luhn_rest("".join(made[at] for at in places))
    made[places[-1]] = str(-rest % 10)
    return "".join(made)


def _iban(value: str, noise: Noise) -> str:
    """Country and layout stay, the check digits are made right."""
    made = list(value[:2] + "00" + alike(value[4:], noise))
    bare = "".join(letter for letter in made if letter.isalnum())
    moved = bare[4:] + bare[:4]
    number = "".join(str(int(letter, 36)) for letter in moved)
    made[2:4] = f"{98 - int(number) % 97:02d}"
    return "".join(made)


def _is_iban(value: str) -> bool:
    """By its checksum; countries are many, and whether one knows their bank codes is no matter."""
    bare = value.replace(" ", "")
    if not 15 <= len(bare) <= 34 or not bare.isalnum() or not bare.isascii():  # noqa: PLR2004
        return False
    number = "".join(str(int(letter, 36)) for letter in bare[4:] + bare[:4])
    return int(number) % 97 == 1


PAYMENT = (
    Kind(
        "card number",
        "personal",
        words=(
            *("card number", "cardnumber", "card no", "credit card", "creditcard", "cc number"),
            *("credit card number", "debit card", "pan", "primary account number", "ccnum"),
        ),
        shapes=(
            *("9" * 13, "9" * 14, "9" * 15, "9" * 16),
            *("9999 9999 9999 9999", "9999-9999-9999-9999", "9999 999999 99999"),
            *("9999-999999-99999", "9999 999999 9999"),
        ),
        check=_is_card,
        shape=_card,
    ),
    Kind(
        "card security code",
        "personal",
        words=("cvv", "cvc", "cvv2", "cvc2", "cid code", "card security code", "csc", "card code"),
        shape=digits,
    ),
    Kind(
        "card expiry",
        "personal",
        words=("card expiry", "exp date", "expiry date", "card expiration", "cc exp"),
        shape=digits,
    ),
    Kind(
        "IBAN",
        "personal",
        words=("iban", "iban number"),
        needs=("",),
        pattern=r"[A-Z]{2}[0-9]{2}"
        r"(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,4})?)(?![A-Za-z0-9])",
        check=_is_iban,
        shape=_iban,
    ),
    Kind(
        "bank account",
        "personal",
        words=(
            *("account number", "bank account", "bank account number", "account no"),
            *("routing number", "sort code", "bic", "swift code", "clabe", "aba number"),
        ),
        shape=alike,
    ),
    Kind(
        "bitcoin address",
        "personal",
        words=("bitcoin address", "btc address"),
        needs=("bc1", "1", "3"),
        pattern=r"(?:bc1[ac-hj-np-z02-9]{11,71}|[13][a-km-zA-HJ-NP-Z1-9]{25,34})(?![A-Za-z0-9])",
        check=stdnum("bitcoin"),
        shape=wallet,
    ),
    Kind(
        "ethereum address",
        "personal",
        words=("ethereum address", "eth address", "wallet address", "wallet"),
        needs=("0x",),
        pattern=r"0x(?P<s>[0-9a-fA-F]{40})(?![A-Za-z0-9])",
    ),
)

"""Who somebody is, where, and how to reach them."""

from __future__ import annotations

import ipaddress
import re
from importlib import import_module
from typing import Any

from timetracer_otel.redaction.kinds.kind import Kind
from timetracer_otel.redaction.pseudonyms import Noise, alike, date, digits, email

__all__ = ["EMAIL", "PEOPLE"]

EMAIL = Kind(
    "e-mail address",
    "personal",
    words=(
        *("email", "e mail", "mail", "email address", "e mail address", "mail address", "mailto"),
        *("emails", "recipient email", "sender email", "email addresses"),
    ),
    needs=("@",),
    anchor="@",
    pattern=r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9@])",
    shape=email,
)

_LEAST_DIGITS, _MOST_DIGITS = 7, 15


def _is_phone(value: str) -> bool:
    """By Google's library, which knows the numbering plan of every country."""
    phonenumbers: Any = import_module("phonenumbers")
    if not _LEAST_DIGITS <= sum(letter.isdigit() for letter in value) <= _MOST_DIGITS + 2:
        return False
    plus = "+" + value[2:] if value.startswith("00") else value
    try:
        number = phonenumbers.parse(plus, None if plus.startswith("+") else "US")
    except phonenumbers.NumberParseException:
        return False
    return bool(phonenumbers.is_valid_number(number))


_SUBSCRIBER = 6


def _phone(value: str, noise: Noise) -> str:
    """Country and area stay: the numbering plan has its say about them."""
    total = sum(letter.isdigit() for letter in value)
    kept, seen, made = max(0, total - _SUBSCRIBER), 0, []
    for letter in value:
        if not letter.isdigit():
            made.append(letter)
            continue
        made.append(letter if seen < kept else str(noise.byte() % 10))
        seen += 1
    return "".join(made)


def _is_public(value: str) -> bool:
    """Whether it may be a person's: loopback and private networks are nobody's."""
    try:
        return ipaddress.ip_address(value).is_global
    except ValueError:
        return False


def _ipv4(value: str, noise: Noise) -> str:
    """As many digits in each part."""
    return ".".join(
        str(1 + noise.byte() % 9)
        if len(part) == 1
        else str(10 + noise.byte() % 90)
        if len(part) == 2  # noqa: PLR2004
        else str(100 + noise.byte() % 156)
        for part in value.split(".")
    )


def _ipv6(value: str, noise: Noise) -> str:
    head, mark, rest = value.partition(":")
    other = re.sub("[0-9a-fA-F]", lambda found: _hex_digit(found[0], noise), rest)
    return f"{head}{mark}{other}"


def _hex_digit(letter: str, noise: Noise) -> str:
    made = "123456789abcdef"[noise.byte() % 15]
    return made.upper() if letter.isupper() else made


def _mac(value: str, noise: Noise) -> str:
    return re.sub("[0-9a-fA-F]", lambda found: _hex_digit(found[0], noise), value)


PEOPLE = (
    EMAIL,
    Kind(
        "phone number",
        "personal",
        words=(
            *("phone", "phone number", "telephone", "telephone number", "mobile", "mobile number"),
            *("mobile phone", "cell phone", "cellphone", "tel", "fax", "fax number", "msisdn"),
            *("phonenumber", "mobilephone", "whatsapp", "contact number", "phones", "telefon"),
        ),
        needs=("+", "(", "00", "tel", "hone"),
        pattern=r"(?:(?:\+|00)[1-9](?:[ .()/-]{0,2}[0-9]){6,14}(?![0-9A-Za-z])"
        r"|\([2-9][0-9]{2}\) ?[0-9]{3}[-. ][0-9]{4}(?![0-9A-Za-z-]))",
        not_after="+.-",
        check=_is_phone,
        shape=_phone,
    ),
    Kind(
        "IPv4 address",
        "personal",
        words=(
            *("ip", "ip address", "ipaddress", "remote addr", "client ip", "remote ip", "user ip"),
            *("x forwarded for", "x real ip", "cf connecting ip", "true client ip", "ip addr"),
        ),
        needs=(".",),
        pattern=r"[0-9][0-9]{0,2}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?![A-Za-z0-9_-]|\.[0-9])",
        not_after="./_-",
        check=_is_public,
        shape=_ipv4,
    ),
    Kind(
        "IPv6 address",
        "personal",
        words=("ipv6", "ipv6 address"),
        needs=(":",),
        pattern=r"[0-9a-fA-F][0-9a-fA-F]{0,3}:(?:[0-9a-fA-F]{0,4}:){1,6}[0-9a-fA-F]{1,4}(?![A-Za-z0-9:.])",
        not_after=":.",
        check=_is_public,
        shape=_ipv6,
    ),
    Kind(
        "MAC address",
        "personal",
        words=("mac address", "macaddress"),
        needs=(":", "-"),
        pattern=r"[0-9a-fA-F][0-9a-fA-F](?:(?::[0-9a-fA-F]{2}){5}|(?:-[0-9A-F]{2}){5})(?![A-Za-z0-9:-])",
        not_after=":-",
        shape=_mac,
    ),
    Kind(
        "IMEI",
        "personal",
        words=("imei", "imei number"),
        shapes=("999999999999999", "99-999999-999999-9"),
        near=("imei",),
        shape=digits,
    ),
    Kind(
        "date of birth",
        "personal",
        words=(
            *("birth date", "birthdate", "date of birth", "dateofbirth", "dob", "birthday"),
            *("birth day", "born", "born on", "geburtsdatum", "birth year"),
        ),
        shape=date,
    ),
    Kind(
        "name of a person",
        "personal",
        words=(
            *("first name", "firstname", "last name", "lastname", "full name", "fullname"),
            *("surname", "given name", "family name", "middle name", "maiden name", "nickname"),
            *("cardholder name", "cardholder", "card holder", "account holder", "name on card"),
            *("recipient name", "contact name", "customer name", "patient name", "legal name"),
            *("vorname", "nachname", "forename", "beneficiary name", "employee name"),
        ),
        shape=alike,
    ),
    Kind(
        "user name",
        "personal",
        words=("username", "user name", "login name", "screen name", "userid name"),
        shape=alike,
    ),
    Kind(
        "postal address",
        "personal",
        words=(
            *("address", "address line", "street", "street address", "address1", "address2"),
            *("addressline1", "addressline2", "home address", "billing address", "strasse"),
            *("shipping address", "mailing address", "street name", "house number", "street line"),
            *("postal address", "delivery address"),
        ),
        shape=alike,
    ),
    Kind(
        "postal code",
        "personal",
        words=("postal code", "postcode", "zip code", "zip", "zipcode", "post code", "plz"),
        shape=alike,
    ),
    Kind(
        "place on earth",
        "personal",
        words=("latitude", "longitude", "geo location", "gps", "gps coordinates"),
        shape=digits,
    ),
)

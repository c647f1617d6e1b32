"""Numbers that states and their services give to people: each with its check, where it has one."""

from __future__ import annotations

from timetracer_otel.redaction.kinds.kind import Kind, stdnum
from timetracer_otel.redaction.pseudonyms import Noise, alike, digits

__all__ = ["NATIONAL"]


def _consonants(noise: Noise) -> str:
    return "".join("BCDFGHJKLMNPQRSTVWXYZ"[noise.byte() % 21] for _ in range(3))


def _month(month: str, noise: Noise) -> str:
    """Some countries add 20, 40, … to it for another century."""
    return f"{int(month) // 20 * 20 + 1 + noise.byte() % 12:02d}"


def _year_first(value: str, noise: Noise) -> str:
    """Another day of birth, year first, in two digits or four; and another number."""
    century = value[:-11] if value[6:8].isdigit() and value[8:9] == "-" else ""
    rest = value[len(century) :]
    born = f"{50 + noise.byte() % 50}{_month(rest[2:4], noise)}{1 + noise.byte() % 28:02d}"
    return century + born + alike(rest[6:], noise)


def _day_first(value: str, noise: Noise) -> str:
    """Another day of birth, day first; and another number."""
    born = f"{1 + noise.byte() % 28:02d}{_month(value[2:4], noise)}{50 + noise.byte() % 50}"
    return (
        born + value[6:7] + alike(value[7:], noise)
        if len(value) > _SIGNED
        else born + alike(value[6:], noise)
    )


_SIGNED = 10


def _belgian(value: str, noise: Noise) -> str:
    day = f"{50 + noise.byte() % 50}.{_month(value[3:5], noise)}.{1 + noise.byte() % 28:02d}"
    return day + digits(value[8:], noise)


NATIONAL = (
    Kind(
        "US social security number",
        "personal",
        words=("ssn", "social security number", "social security", "ssn number"),
        shapes=("999-99-9999",),
        check=stdnum("us.ssn"),
        shape=digits,
    ),
    Kind(
        "US taxpayer number",
        "personal",
        words=("itin", "tax id", "taxpayer id", "tin", "tax number", "tax identification number"),
        shapes=("999-99-9999",),
        check=stdnum("us.itin"),
        shape=digits,
    ),
    Kind(
        "British national insurance number",
        "personal",
        words=("nino", "national insurance number", "ni number"),
        shapes=("AA999999A", "AA 99 99 99 A"),
        check=lambda value: (
            value[0] not in "DFIQUV"
            and value[1] not in "DFIQUVO"
            and value[-1] in "ABCD"
            and value[:2] not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}
        ),
        shape=alike,
    ),
    Kind(
        "British health number",
        "personal",
        words=("nhs number", "nhs no"),
        shapes=("999 999 9999", "9999999999"),
        near=("nhs",),
        check=stdnum("gb.nhs"),
        shape=digits,
    ),
    Kind(
        "German tax number",
        "personal",
        words=("steuer id", "steueridnr", "steuer identifikationsnummer", "idnr"),
        shapes=("99999999999", "99 999 999 999"),
        near=("steuer", "steuerid", "idnr", "steuer-id", "tax"),
        check=stdnum("de.idnr"),
        shape=digits,
    ),
    Kind(
        "French social security number",
        "personal",
        words=("nir", "numero de securite sociale", "numero securite sociale"),
        shapes=("999999999999999", "9 99 99 99 999 999 99"),
        check=stdnum("fr.nir"),
        shape=digits,
    ),
    Kind(
        "Spanish identity number",
        "personal",
        words=("dni", "nie", "nif"),
        shapes=("99999999A", "99999999-A", "A9999999A", "A-9999999-A"),
        check=lambda value: (
            stdnum("es.nie")(value) if value[0].isalpha() else stdnum("es.dni")(value)
        ),
        shape=lambda value, noise: (
            (value[0] if value[0].isalpha() else "")
            + alike(value[1:] if value[0].isalpha() else value, noise)
        ),
    ),
    Kind(
        "Italian fiscal code",
        "personal",
        words=("codice fiscale", "fiscal code"),
        shapes=("AAAAAA99A99A999A",),
        check=stdnum("it.codicefiscale"),
        shape=lambda value, noise: (
            alike(value[:8], noise)
            + "ABCDEHLMPRST"[noise.byte() % 12]
            + f"{1 + noise.byte() % 28:02d}"
            + alike(value[11:], noise)
        ),
    ),
    Kind(
        "Dutch citizen number",
        "personal",
        words=("bsn", "burgerservicenummer", "sofinummer"),
        shapes=("999999999",),
        near=("bsn", "burgerservicenummer"),
        check=stdnum("nl.bsn"),
        shape=digits,
    ),
    Kind(
        "Belgian national number",
        "personal",
        words=("rijksregisternummer", "numero national", "insz"),
        shapes=("99.99.99-999.99",),
        check=stdnum("be.nn"),
        shape=_belgian,
    ),
    Kind(
        "Polish PESEL",
        "personal",
        words=("pesel",),
        shapes=("99999999999",),
        near=("pesel",),
        check=stdnum("pl.pesel"),
        shape=_year_first,
    ),
    Kind(
        "Swedish personal number",
        "personal",
        words=("personnummer", "personal identity number"),
        shapes=("999999-9999", "99999999-9999"),
        check=stdnum("se.personnummer"),
        shape=_year_first,
    ),
    Kind(
        "Finnish personal number",
        "personal",
        words=("hetu", "henkilotunnus"),
        shapes=("999999-999A", "999999-9999", "999999A999A", "999999A9999"),
        check=stdnum("fi.hetu"),
        shape=_day_first,
    ),
    Kind(
        "Danish personal number",
        "personal",
        words=("cpr", "cpr number"),
        shapes=("999999-9999",),
        near=("cpr",),
        check=stdnum("dk.cpr"),
        shape=_day_first,
    ),
    Kind(
        "Norwegian national number",
        "personal",
        words=("fodselsnummer", "fnr"),
        shapes=("99999999999", "999999 99999"),
        check=stdnum("no.fodselsnummer"),
        shape=_day_first,
    ),
    Kind(
        "Swiss insurance number",
        "personal",
        words=("ahv", "avs", "ahv nummer", "ssn ch"),
        shapes=("999.9999.9999.99",),
        check=stdnum("ch.ssn"),
        shape=lambda value, noise: value[:4] + digits(value[4:], noise),
    ),
    Kind(
        "Brazilian CPF",
        "personal",
        words=("cpf",),
        shapes=("999.999.999-99",),
        check=stdnum("br.cpf"),
        shape=digits,
    ),
    Kind(
        "Indian Aadhaar",
        "personal",
        words=("aadhaar", "aadhar", "aadhaar number"),
        shapes=("9999 9999 9999", "999999999999"),
        near=("aadhaar", "aadhar"),
        check=stdnum("in_.aadhaar"),
        shape=digits,
    ),
    Kind(
        "Indian PAN",
        "personal",
        words=("pan number", "permanent account number"),
        shapes=("AAAAA9999A",),
        check=stdnum("in_.pan"),
        shape=lambda value, noise: alike(value[:3], noise) + value[3] + alike(value[4:], noise),
    ),
    Kind(
        "Canadian social insurance number",
        "personal",
        words=("sin number", "social insurance number"),
        shapes=("999-999-999", "999 999 999"),
        near=("sin", "social insurance"),
        check=stdnum("ca.sin"),
        shape=digits,
    ),
    Kind(
        "Australian tax file number",
        "personal",
        words=("tfn", "tax file number"),
        shapes=("999 999 999", "999999999"),
        near=("tfn", "tax file"),
        check=stdnum("au.tfn"),
        shape=digits,
    ),
    Kind(
        "Mexican CURP",
        "personal",
        words=("curp",),
        shapes=("AAAA999999AAAAAA99", "AAAA999999AAAAAAA9"),
        check=stdnum("mx.curp"),
        shape=lambda value, noise: (
            alike(value[0], noise)
            + value[1]
            + alike(value[2:4], noise)
            + _year_first(value[4:10], noise)
            + value[10:13]
            + _consonants(noise)
            + alike(value[16:17], noise)
            + digits(value[17:], noise)
        ),
    ),
    Kind(
        "Chinese resident number",
        "personal",
        words=("resident identity card", "ric number"),
        shapes=("999999999999999999", "99999999999999999A"),
        check=stdnum("cn.ric"),
        shape=lambda value, noise: (
            value[:8]
            + _year_first(value[8:14], noise)
            + digits(value[14:17], noise)
            + "0123456789X"[noise.byte() % 11]
        ),
    ),
    Kind(
        "Korean resident number",
        "personal",
        words=("rrn", "jumin"),
        shapes=("999999-9999999",),
        check=stdnum("kr.rrn"),
        shape=_year_first,
    ),
    Kind(
        "South African identity number",
        "personal",
        words=("said number", "sa id number"),
        shapes=("9999999999999",),
        near=("south africa", "rsa id", "sa id"),
        check=stdnum("za.idnr"),
        shape=_year_first,
    ),
    Kind(
        "passport number",
        "personal",
        words=("passport", "passport number", "passport no", "passportnumber"),
        shape=alike,
    ),
    Kind(
        "driving licence",
        "personal",
        words=(
            *("driving licence", "drivers license", "driver license", "license plate"),
            *("drivers license number", "driver licence", "licence number", "number plate"),
        ),
        shape=alike,
    ),
    Kind(
        "national identity number",
        "personal",
        words=(
            *("national id", "national id number", "national identification number"),
            *("identity number", "id card number", "identity card", "citizen id", "id number"),
        ),
        shape=alike,
    ),
    Kind(
        "health record",
        "personal",
        words=("medical record number", "mrn", "health insurance number", "medicare number"),
        shape=alike,
    ),
)

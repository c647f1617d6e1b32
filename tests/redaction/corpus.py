"""True and false examples of every kind, and a corpus made of them: labelled, without a network.

What has a checksum is made with it by the libraries that check it (Faker, python-stdnum); what
has none is drawn in the shape that its maker documents.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import random
import string
from collections.abc import Callable
from dataclasses import dataclass

from faker import Faker

__all__ = ["EXAMPLES", "Example", "false_texts"]

_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"
Draw = Callable[[random.Random], str]


def _of(letters: str, length: int) -> Draw:
    return lambda rng: "".join(rng.choices(letters, k=length))


def _after(prefix: str, letters: str, length: int, end: str = "") -> Draw:
    return lambda rng: prefix + "".join(rng.choices(letters, k=length)) + end


def _faked(locale: str, method: str) -> Draw:
    def draw(rng: random.Random) -> str:
        fake = Faker(locale)
        fake.seed_instance(rng.random())
        return str(getattr(fake, method)())

    return draw


def _luhn(prefix: str, length: int) -> Draw:
    def draw(rng: random.Random) -> str:
        from stdnum import luhn

        body = prefix + "".join(rng.choices(string.digits, k=length - len(prefix) - 1))
        return body + luhn.calc_check_digit(body)

    return draw


def _checked(module: str, make: Draw) -> Draw:
    """Drawn until python-stdnum says that it is valid."""

    def draw(rng: random.Random) -> str:
        from importlib import import_module

        check = import_module(f"stdnum.{module}").is_valid
        while True:
            found = make(rng)
            if check(found):
                return found

    return draw


def _digits(pattern: str) -> Draw:
    """9 is any digit, A any capital letter."""

    def draw(rng: random.Random) -> str:
        places = {"9": string.digits, "A": string.ascii_uppercase}
        return "".join(rng.choice(places[p]) if p in places else p for p in pattern)

    return draw


def _born(pattern: str) -> Draw:
    """Y, M and D are of a day of birth; the rest as `_digits`."""

    def draw(rng: random.Random) -> str:
        day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(1950, 1999)
        text = pattern.replace("YYYY", f"{year}").replace("YY", f"{year % 100:02d}")
        text = text.replace("MM", f"{month:02d}").replace("DD", f"{day:02d}")
        return "".join(
            rng.choice(string.digits) if mark == "#" else letter
            for letter, mark in zip(text, text, strict=True)
        )

    return draw


def _jwt(rng: random.Random) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    signature = base64.urlsafe_b64encode(rng.randbytes(32)).decode().rstrip("=")
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part({'sub': str(rng.random())})}.{signature}"


def _pem(rng: random.Random) -> str:
    body = base64.b64encode(rng.randbytes(300)).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----"


_BCRYPT = _of("./" + _ALNUM, 53)


def _bcrypt(rng: random.Random) -> str:
    return f"$2b$12${_BCRYPT(rng)}"


@dataclass(frozen=True)
class Example:
    """How examples of a kind are made.

    `secret` gives the part of a true one that must not be seen, all of it by default; `field`
    is the name of the field it stands in where its look alone does not say what it is.
    """

    kind: str
    true: Draw
    false: tuple[str, ...]
    field: str = ""
    before: str = ""
    secret: Callable[[str], str] = dataclasses.field(default=lambda value: value)


def _behind(mark: str) -> Callable[[str], str]:
    return lambda value: value.split(mark, 1)[1]


def _fiscal(rng: random.Random) -> str:
    from stdnum.it import codicefiscale

    letters = "".join(rng.choices("BCDFGHLMNPRSTV", k=6))
    born = f"{rng.randint(50, 99)}{rng.choice('ABCDEHLMPRST')}{rng.randint(1, 28):02d}"
    body = f"{letters}{born}H501"
    return body + codicefiscale.calc_check_digit(body)


def _nir(rng: random.Random) -> str:
    from stdnum.fr import nir

    body = f"{rng.choice('12')}{rng.randint(30, 99):02d}{rng.randint(1, 12):02d}75"
    body += f"{rng.randint(100, 999)}{rng.randint(100, 999)}"
    return body + nir.calc_check_digits(body)


def _belgian(rng: random.Random) -> str:
    born = _born("YYMMDD")(rng)
    serial = f"{rng.randint(1, 997):03d}"
    check = 97 - int(born + serial) % 97
    return f"{born[:2]}.{born[2:4]}.{born[4:]}-{serial}.{check:02d}"


EXAMPLES: tuple[Example, ...] = (
    Example(
        "private key",
        _pem,
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",),
        secret=lambda v: v.splitlines()[1],
    ),
    Example(
        "JWT", _jwt, ("eyJust a word.about.nothing", "a.b.c"), secret=lambda v: v.rpartition(".")[2]
    ),
    Example("password hash", _bcrypt, ("$2 for a mug", "price: $2.50"), secret=lambda v: v[29:]),
    Example(
        "URL with a password",
        lambda r: f"postgresql://shop:{_of(_ALNUM, 12)(r)}@db.internal:5432/shop",
        ("https://example.com:8443/a", "postgresql://db.internal/shop"),
        secret=lambda v: v.split(":")[2].split("@")[0],
    ),
    Example(
        "bearer token",
        lambda r: "Bearer " + _of(_ALNUM, 32)(r),
        ("the bearer of bad news", "Bearer token"),
        secret=_behind(" "),
    ),
    Example(
        "basic credentials",
        lambda r: "Basic " + base64.b64encode(b"alice:" + _of(_ALNUM, 9)(r).encode()).decode(),
        ("Basic understanding", "basic plan"),
        secret=_behind(" "),
    ),
    Example("one-time password", _digits("999999"), ("shipping: 12",), field="otp"),
    Example("password", _of(_ALNUM, 10), ("password_changed_at",), field="password"),
    Example("session", _of(_HEX, 32), ("session of the parliament",), field="sessionid"),
    Example("CSRF token", _of(_ALNUM, 32), (), field="csrftoken"),
    Example("API key", _of(_ALNUM, 24), (), field="x-api-key"),
    Example("token", _of(_ALNUM, 24), (), field="refreshToken"),
    Example("secret", _of(_ALNUM, 24), (), field="client_secret"),
    Example("signature", _of(_HEX, 64), (), field="X-Amz-Signature"),
    Example(
        "AWS access key",
        _after("AKIA", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
        ("AKIA", "AKIAlowercaseletters"),
        secret=lambda v: v[4:],
    ),
    Example(
        "AWS secret key",
        lambda r: "aws_secret_access_key = " + _of(_ALNUM + "/+", 40)(r),
        ("aws_region = eu-west-1",),
        secret=_behind(" = "),
    ),
    Example(
        "AWS signature",
        lambda r: (
            "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-1/s3/aws4_request, "
            f"SignedHeaders=host, Signature={_of(_HEX, 64)(r)}"
        ),
        (),
        secret=_behind("Signature="),
    ),
    Example("GitHub token", _after("ghp_", _ALNUM, 36), ("ghp_short",), secret=lambda v: v[4:]),
    Example(
        "GitHub fine-grained token",
        lambda r: "github_pat_" + _of(_ALNUM, 22)(r) + "_" + _of(_ALNUM, 59)(r),
        ("github_pat_",),
        secret=lambda v: v[11:],
    ),
    Example("GitLab token", _after("glpat-", _ALNUM, 20), ("glpat-x",), secret=lambda v: v[6:]),
    Example(
        "Slack token",
        lambda r: f"xoxb-{_digits('999999999999')(r)}-{_of(_ALNUM, 24)(r)}",
        ("xoxb-",),
        secret=lambda v: v[5:],
    ),
    Example(
        "Slack webhook",
        lambda r: (
            f"https://hooks.slack.com/services/T{_of(_ALNUM, 8)(r)}/B{_of(_ALNUM, 8)(r)}"
            f"/{_of(_ALNUM, 24)(r)}"
        ),
        ("https://hooks.slack.com/docs",),
        secret=_behind("services/"),
    ),
    Example(
        "Stripe key",
        _after("sk_live_", _ALNUM, 24),
        ("sk_live_", "pk_live_abcdefghijklmnop1234"),
        secret=lambda v: v[8:],
    ),
    Example("webhook secret", _after("whsec_", _ALNUM, 32), ("whsec_1",), secret=lambda v: v[6:]),
    Example(
        "Google API key", _after("AIza", _ALNUM + "-_", 34, "x"), ("AIza",), secret=lambda v: v[4:]
    ),
    Example("Google OAuth token", _after("ya29.", _ALNUM, 60), ("ya29.",), secret=lambda v: v[5:]),
    Example(
        "Azure storage key",
        lambda r: (
            f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={base64.b64encode(r.randbytes(64)).decode()};"
        ),
        ("AccountKey=",),
        secret=lambda v: v.split("AccountKey=")[1][:-3],
    ),
    Example(
        "Azure SAS signature",
        lambda r: f"https://x.blob.core.windows.net/c?sv=2024-01-01&sig={_of(_ALNUM, 43)(r)}%3D",
        (),
        secret=lambda v: v.split("sig=")[1][:43],
    ),
    Example("Twilio key", _after("SK", _HEX, 32), ("SK12",), secret=lambda v: v[2:]),
    Example(
        "SendGrid key",
        lambda r: f"SG.{_of(_ALNUM, 22)(r)}.{_of(_ALNUM, 43)(r)}",
        ("SG.1",),
        secret=lambda v: v[3:],
    ),
    Example("Mailgun key", _after("key-", _HEX, 32), ("key-ring",), secret=lambda v: v[4:]),
    Example(
        "Mailchimp key", _after("", _HEX, 32, "-us14"), ("about-us14",), secret=lambda v: v[:32]
    ),
    Example("npm token", _after("npm_", _ALNUM, 36), ("npm_config_cache",), secret=lambda v: v[4:]),
    Example(
        "PyPI token",
        _after("pypi-AgEIcHlwaS5vcmc", _ALNUM, 80),
        ("pypi-server",),
        secret=lambda v: v[21:],
    ),
    Example(
        "Docker token", _after("dckr_pat_", _ALNUM, 27), ("dckr_pat_",), secret=lambda v: v[9:]
    ),
    Example(
        "DigitalOcean token", _after("dop_v1_", _HEX, 64), ("dop_v1_",), secret=lambda v: v[7:]
    ),
    Example(
        "OpenAI key", _after("sk-proj-", _ALNUM, 48), ("sk-ip to the end",), secret=lambda v: v[8:]
    ),
    Example("Anthropic key", _after("sk-ant-api03-", _ALNUM, 60), (), secret=lambda v: v[13:]),
    Example("Hugging Face token", _after("hf_", _ALNUM, 34), ("hf_hub",), secret=lambda v: v[3:]),
    Example(
        "Telegram bot token",
        lambda r: f"{_digits('999999999')(r)}:AA{_of(_ALNUM, 33)(r)}",
        ("12:AA",),
        secret=_behind(":"),
    ),
    Example(
        "Discord token",
        lambda r: f"https://discord.com/api/webhooks/{_digits('9' * 18)(r)}/{_of(_ALNUM, 68)(r)}",
        ("https://discord.com/api/webhooks/",),
        secret=lambda v: v.rpartition("/")[2],
    ),
    Example("Shopify token", _after("shpat_", _HEX, 32), ("shpat_",), secret=lambda v: v[6:]),
    Example("Square token", _after("sq0atp-", _ALNUM, 22), ("sq0",), secret=lambda v: v[7:]),
    Example("Databricks token", _after("dapi", _HEX, 32), ("dapi",), secret=lambda v: v[4:]),
    Example("Vault token", _after("hvs.", _ALNUM, 24), ("hvs.",), secret=lambda v: v[4:]),
    Example(
        "New Relic key",
        _after("NRAK-", string.ascii_uppercase + string.digits, 27),
        ("NRAK-",),
        secret=lambda v: v[5:],
    ),
    Example("Grafana token", _after("glsa_", _ALNUM, 41), ("glsa_",), secret=lambda v: v[5:]),
    Example("Linear key", _after("lin_api_", _ALNUM, 40), ("lin_api_",), secret=lambda v: v[8:]),
    Example(
        "Postman key",
        lambda r: f"PMAK-{_of(_HEX, 24)(r)}-{_of(_HEX, 34)(r)}",
        ("PMAK-",),
        secret=lambda v: v[5:],
    ),
    Example("Doppler token", _after("dp.pt.", _ALNUM, 43), ("dp.pt.",), secret=lambda v: v[6:]),
    Example("Notion token", _after("ntn_", _ALNUM, 46), ("ntn_",), secret=lambda v: v[4:]),
    Example("Sentry token", _after("sntrys_", _ALNUM, 60), ("sntrys_",), secret=lambda v: v[7:]),
    Example(
        "PayPal token",
        lambda r: f"access_token$production${_of(_HEX, 16)(r)}${_of(_HEX, 32)(r)}",
        ("access_token$",),
        secret=lambda v: v.rpartition("$")[2],
    ),
    Example(
        "age key",
        _after("AGE-SECRET-KEY-1", string.ascii_uppercase + string.digits, 58),
        ("AGE-SECRET-KEY-",),
        secret=lambda v: v[16:],
    ),
    Example(
        "card number",
        _luhn("4", 16),
        ("4111111111111112", "1732532585123", "1234567890123456"),
        secret=lambda v: v[6:],
    ),
    Example("card security code", _digits("999"), (), field="cvv"),
    Example(
        "card expiry", lambda r: f"{r.randint(10, 12)}/{r.randint(27, 40)}", (), field="cardExpiry"
    ),
    Example(
        "IBAN", _faked("de_DE", "iban"), ("DE00123456781234567890", "GB29"), secret=lambda v: v[4:]
    ),
    Example("bank account", _digits("9999999999"), (), field="accountNumber"),
    Example(
        "bitcoin address",
        lambda r: r.choice(
            (
                "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
                "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
                "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            )
        ),
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3",),
        secret=lambda v: v[3:],
    ),
    Example("ethereum address", _after("0x", _HEX, 40), ("0x7f3a9c",), secret=lambda v: v[2:]),
    Example(
        "US social security number",
        _checked("us.ssn", _digits("999-99-9999")),
        ("000-12-3456", "2026-01-1234"),
    ),
    Example("US taxpayer number", _checked("us.itin", _digits("999-99-9999")), ("1-2-3",)),
    Example(
        "British national insurance number",
        lambda r: f"AB{_digits('999999')(r)}C",
        ("DF123456C", "AB12345C"),
    ),
    Example(
        "British health number",
        _checked("gb.nhs", _digits("999 999 9999")),
        ("order 943 476 5910",),
        before="NHS ",
    ),
    Example(
        "German tax number",
        _checked("de.idnr", _digits("99999999999")),
        ("order 12345678901",),
        field="steuerId",
    ),
    Example("French social security number", _nir, ("123456789012345",)),
    Example("Spanish identity number", _checked("es.dni", _digits("99999999A")), ("12345678A",)),
    Example("Italian fiscal code", _fiscal, ("RCCMNL83S18D969A",)),
    Example(
        "Dutch citizen number",
        _checked("nl.bsn", _digits("999999999")),
        ("order 123456789",),
        before="BSN ",
    ),
    Example("Belgian national number", _belgian, ("85.07.30-033.00",)),
    Example(
        "Polish PESEL",
        _checked("pl.pesel", _born("YYMMDD#####")),
        ("order 44051401350",),
        before="PESEL ",
    ),
    Example(
        "Swedish personal number",
        _checked("se.personnummer", _born("YYMMDD-####")),
        ("850709-9806",),
    ),
    Example(
        "Finnish personal number",
        _checked(
            "fi.hetu",
            lambda r: _born("DDMMYY-###")(r) + r.choice("0123456789ABCDEFHJKLMNPRSTUVWXY"),
        ),
        ("311280-888Z",),
    ),
    Example(
        "Danish personal number",
        _checked("dk.cpr", _born("DDMMYY-####")),
        ("order 211062-5629",),
        before="CPR ",
    ),
    Example(
        "Norwegian national number",
        _checked("no.fodselsnummer", _born("DDMMYY#####")),
        ("15108695089",),
    ),
    Example(
        "Swiss insurance number",
        _checked("ch.ssn", lambda r: "756." + _digits("9999.9999.99")(r)),
        ("756.9217.0769.84",),
    ),
    Example("Brazilian CPF", _checked("br.cpf", _digits("999.999.999-99")), ("390.533.447-06",)),
    Example(
        "Indian Aadhaar",
        _checked("in_.aadhaar", _digits("9999 9999 9999")),
        ("order 2341 2341 2347",),
        before="Aadhaar ",
    ),
    Example(
        "Indian PAN",
        _checked("in_.pan", lambda r: _digits("AAA")(r) + "P" + _digits("A9999A")(r)),
        ("ABCDE1234F0",),
    ),
    Example(
        "Canadian social insurance number",
        _checked("ca.sin", _digits("999-999-999")),
        ("order 123-456-789",),
        before="SIN ",
    ),
    Example(
        "Australian tax file number",
        _checked("au.tfn", _digits("999 999 999")),
        ("order 123 456 789",),
        before="TFN ",
    ),
    Example(
        "Mexican CURP",
        lambda r: r.choice(("BOXW310820HNERXN09", "HEGG560427MVZRRL04")),
        ("BOXW310820HNERXN08",),
    ),
    Example(
        "Chinese resident number",
        _checked(
            "cn.ric",
            lambda r: "360426" + _born("YYYYMMDD")(r) + _digits("999")(r) + r.choice("0123456789X"),
        ),
        ("360426199101010072",),
    ),
    Example(
        "Korean resident number", _checked("kr.rrn", _born("YYMMDD-1######")), ("971013-9019903",)
    ),
    Example(
        "South African identity number",
        _checked(
            "za.idnr", lambda r: _born("YYMMDD")(r) + _digits("9999")(r) + "08" + _digits("9")(r)
        ),
        ("order 7503305044080",),
        before="South Africa ID ",
    ),
    Example("passport number", _digits("A99999999"), (), field="passportNumber"),
    Example("driving licence", _digits("A9999999"), (), field="driver_license"),
    Example("national identity number", _digits("99999999"), (), field="nationalId"),
    Example("health record", _digits("99999999"), (), field="medical_record_number"),
    Example(
        "e-mail address",
        _faked("en_US", "email"),
        ("user@localhost", "@handle", "a @ b.c", "3@2x."),
    ),
    Example(
        "phone number", lambda r: "+49 176 " + _digits("99999999")(r), ("+1.5e10", "1+123456789")
    ),
    Example(
        "IPv4 address",
        lambda r: f"81.{r.randint(10, 200)}.{r.randint(10, 200)}.{r.randint(10, 200)}",
        ("127.0.0.1", "10.0.0.7", "Chrome/120.0.6099.71", "192.168.1.1", "1.2.3"),
    ),
    Example(
        "IPv6 address",
        lambda r: f"2a02:8109:{r.randint(0x1000, 0xFFFF):x}:{r.randint(0x1000, 0xFFFF):x}:1:2:3:4",
        ("12:30:45", "::1"),
    ),
    Example(
        "MAC address",
        lambda r: ":".join(f"{r.randint(16, 255):02x}" for _ in range(6)),
        ("12:30:45", "aa:bb:cc"),
    ),
    Example("IMEI", _luhn("35", 15), ("order 123456789012345",), before="IMEI "),
    Example("date of birth", _born("YYYY-MM-DD"), (), field="birthDate"),
    Example("name of a person", _faked("en_US", "last_name"), (), field="lastName"),
    Example("user name", _faked("en_US", "user_name"), (), field="username"),
    Example("postal address", _faked("en_US", "street_address"), (), field="streetAddress"),
    Example("postal code", _digits("99999"), (), field="postalCode"),
    Example("place on earth", lambda r: f"{r.uniform(10, 80):.6f}", (), field="latitude"),
)

_PRODUCTS = ("mug", "poster", "sticker", "lamp", "chair", "notebook")


def false_texts(rng: random.Random, count: int) -> list[tuple[str, str]]:
    """Fields and values that nobody has to hide: prices, numbers of orders, moments, digests."""
    makers: list[tuple[str, Draw]] = [
        ("price", lambda r: f"{r.uniform(1, 999):.2f}"),
        ("sku", lambda r: f"{r.choice(_PRODUCTS)}-{r.randint(1, 9999)}"),
        (
            "created_at",
            lambda r: (
                f"2026-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}"
                f"T11:0{r.randint(0, 9)}:05.123456Z"
            ),
        ),
        ("timestamp", lambda r: str(r.randint(1_600_000_000_000, 1_900_000_000_000))),
        ("order_number", lambda r: f"ORD-2026-{r.randint(0, 999999):06d}"),
        ("commit", _of(_HEX, 40)),
        (
            "id",
            lambda r: "-".join(
                (
                    _of(_HEX, 8)(r),
                    _of(_HEX, 4)(r),
                    "4" + _of(_HEX, 3)(r),
                    "a" + _of(_HEX, 3)(r),
                    _of(_HEX, 12)(r),
                )
            ),
        ),
        ("page", lambda r: str(r.randint(1, 99))),
        ("status", lambda r: r.choice(("open", "paid", "shipped"))),
        ("name", lambda r: f"{r.choice(_PRODUCTS)} {r.choice(('red', 'green'))}"),
        ("next_token", lambda r: str(r.randint(1, 999))),
        ("etag", lambda r: f'W/"{_of(_HEX, 32)(r)}"'),
        (
            "user_agent",
            lambda r: (
                f"Mozilla/5.0 (X11; Linux x86_64) Chrome/1{r.randint(10, 40)}.0.0.0 Safari/537.36"
            ),
        ),
        ("version", lambda r: f"{r.randint(1, 9)}.{r.randint(0, 30)}.{r.randint(0, 9)}"),
        ("password_changed_at", lambda r: f"2026-{r.randint(1, 12):02d}-01"),
        ("email_verified", lambda r: r.choice(("yes", "no"))),
        ("max_tokens", lambda r: str(r.randint(100, 9000))),
        ("total", lambda r: f"{r.randint(1, 10_000_000)}"),
        ("traceparent", lambda r: f"00-{_of(_HEX, 32)(r)}-{_of(_HEX, 16)(r)}-01"),
        (
            "description",
            lambda r: (
                f"{r.randint(1, 9)} {r.choice(_PRODUCTS)}s, {r.randint(10, 99)} x "
                f"{r.randint(10, 99)} cm, item no. {r.randint(10000, 99999)}"
            ),
        ),
        (
            "url",
            lambda r: (
                f"https://shop.example/items/{r.randint(1, 99999)}"
                f"?page={r.randint(1, 9)}&sort=price"
            ),
        ),
        ("object_id", _of(_HEX, 24)),
        ("duration_ms", lambda r: f"{r.uniform(0, 5000):.3f}"),
        ("isbn", lambda r: f"978-3-16-1484{r.randint(10, 99)}-{r.randint(0, 9)}"),
        ("token_type", lambda r: "bearer"),
        ("address_count", lambda r: str(r.randint(1, 9))),
    ]
    return [(name, make(rng)) for name, make in rng.choices(makers, k=count)]

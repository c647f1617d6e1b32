"""Passwords, tokens, keys: what lets somebody in, whoever made it."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from timetracer_otel.redaction.kinds.kind import Kind
from timetracer_otel.redaction.pseudonyms import Noise, alike, token

__all__ = ["CREDENTIALS"]


def _segment(text: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None


def _is_jwt(value: str) -> bool:
    head = _segment(value.partition(".")[0])
    return isinstance(head, dict) and ("alg" in head or "enc" in head)


def _jwt(value: str, noise: Noise) -> str:
    """Header and claims stay readable; whoever made it must find it forged.

    What the claims say of people is replaced where they are walked, not here.
    """
    signed, _, signature = value.rpartition(".")
    return f"{signed}.{token(signature, noise)}"


def _pem(value: str, noise: Noise) -> str:
    """Its lines stay, so that it is still taken for what it was."""
    lines = value.splitlines(keepends=True)
    if len(lines) == 1:  # escaped line ends, as JSON has them
        lines = [part + "\\n" for part in value.split("\\n")]
        lines[-1] = lines[-1].removesuffix("\\n")
    return "".join(
        line
        if "-----" in line or ": " in line
        else alike(line, noise)
        if not line.endswith("\\n")
        else alike(line.removesuffix("\\n"), noise) + "\\n"
        for line in lines
    )


def _password_hash(value: str, noise: Noise) -> str:
    """Algorithm and costs stay."""
    head, mark, rest = value.rpartition("$")
    if value.startswith("$2"):
        return f"{head}{mark}{alike(rest, noise)}"
    more, mark_2, salt = head.rpartition("$")
    return f"{more}{mark_2}{alike(salt, noise)}{mark}{alike(rest, noise)}"


def _is_pair(value: str) -> bool:
    try:
        return b":" in base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False


def _pair(value: str, noise: Noise) -> str:
    """User and password, each another; still base64 of a pair."""
    try:
        user, mark, password = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, ValueError):
        return alike(value, noise)
    one, other = token(user, noise.about(user)), token(password, noise.about(password))
    return base64.b64encode(f"{one}{mark}{other}".encode()).decode()


_LONG = 20


def _is_token(value: str) -> bool:
    """``the bearer of`` is followed by words."""
    return not value.isalpha() or len(value) > _LONG


CREDENTIALS = (
    Kind(
        "private key",
        "secret",
        words=("private key", "signing key", "privatekey", "ssh key", "pem"),
        needs=("PRIVATE KEY",),
        pattern=r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----(?P<s>[^-]{10,20000})"
        r"(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?",
        shape=_pem,
    ),
    Kind(
        "JWT",
        "secret",
        words=("jwt", "id token"),
        needs=("eyJ",),
        pattern=r"eyJ(?<![A-Za-z0-9_-]eyJ)[A-Za-z0-9_-]{8,8000}+\.[A-Za-z0-9_-]{2,16000}\.[A-Za-z0-9_-]{0,2000}",
        check=_is_jwt,
        shape=_jwt,
    ),
    Kind(
        "password hash",
        "secret",
        words=("password hash", "passwd hash", "hashed password", "password digest"),
        needs=("$2", "$argon2", "pbkdf2", "$scrypt", "scrypt:", "$6$", "$5$", "$1$", "$y$"),
        pattern=r"(?:\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}"
        r"|\$argon2(?:id|i|d)\$v=\d{1,3}\$m=\d{1,8},t=\d{1,4},p=\d{1,4}\$[A-Za-z0-9+/]{8,90}\$[A-Za-z0-9+/]{16,180}"
        r"|pbkdf2_sha(?:1|256|512)\$\d{1,8}\$[A-Za-z0-9./+=]{1,64}\$[A-Za-z0-9./+=]{20,120}"
        r"|(?:scrypt|pbkdf2):[A-Za-z0-9:]{1,40}\$[A-Za-z0-9]{1,40}\$[0-9a-f]{32,160}"
        r"|\$(?:scrypt|y|[156])\$[./A-Za-z0-9=,$]{20,200})",
        shape=_password_hash,
    ),
    Kind(
        "URL with a password",
        "secret",
        needs=("://",),
        pattern=r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:@/?#\"'<>]{0,80}:(?P<s>[^\s@/?#\"'<>]{1,120})@"
        r"(?=[^\s/?#\"'@]{1,120})",
        shape=token,
    ),
    Kind(
        "bearer token",
        "secret",
        needs=("earer ", "BEARER "),
        pattern=r"[Bb](?:earer|EARER) (?P<s>[A-Za-z0-9._~+/-]{8,4000}=*)",
        check=_is_token,
        shape=token,
    ),
    Kind(
        "basic credentials",
        "secret",
        words=("authorization", "proxy authorization", "auth header", "authentication"),
        needs=("asic ",),
        pattern=r"[Bb]asic (?P<s>[A-Za-z0-9+/]{8,600}={0,2})(?![A-Za-z0-9+/=])",
        check=_is_pair,
        shape=_pair,
    ),
    Kind(
        "one-time password",
        "secret",
        words=(
            *("otp", "totp", "one time password", "one time code", "verification code"),
            *("mfa code", "2fa code", "sms code", "otp secret", "totp secret", "recovery code"),
            *("backup code", "security code", "pin", "pin code", "passcode"),
        ),
        needs=("otpauth://",),
        pattern=r"otpauth://[^\s\"'<>]{3,200}[?&]secret=(?P<s>[A-Za-z2-7]{8,128})",
    ),
    Kind(
        "password",
        "secret",
        words=(
            *("password", "passwd", "passphrase", "pwd", "userpass", "passwort"),
            *("mot de passe", "contrasena", "senha", "wachtwoord", "parola", "kennwort"),
            *("passwordconfirm", "passwordconfirmation", "currentpassword", "newpassword"),
            "mysql pwd",
        ),
    ),
    Kind(
        "session",
        "secret",
        words=(
            *("session id", "sessionid", "session token", "session key", "session cookie"),
            *("phpsessid", "jsessionid", "connect sid", "asp net sessionid", "sessid"),
            *("cookie", "set cookie", "cookies", "session secret"),
        ),
    ),
    Kind(
        "CSRF token",
        "secret",
        words=(
            *("csrf", "csrf token", "xsrf token", "csrfmiddlewaretoken", "csrftoken"),
            *("x csrf token", "x xsrf token", "authenticity token", "csrf nonce"),
        ),
    ),
    Kind(
        "API key",
        "secret",
        words=(
            *("api key", "apikey", "x api key", "app key", "application key", "access key"),
            *("accesskey", "subscription key", "license key", "licence key", "master key"),
            *("account key", "auth key", "service key", "shared access key", "function key"),
            *("encryption key", "deploy key", "api secret", "x functions key", "key secret"),
            *("timetracer debug",),
        ),
    ),
    Kind(
        "token",
        "secret",
        words=(
            *("token", "access token", "refresh token", "auth token", "accesstoken", "bearer"),
            *("refreshtoken", "authtoken", "x auth token", "api token", "oauth token", "x token"),
            *("reset token", "invite token", "device token", "push token", "registration token"),
            *("verification token", "activation token", "unsubscribe token", "magic token"),
            *("security token", "x amz security token", "client assertion", "assertion"),
            *("saml response", "samlresponse", "authorization code", "auth code", "code verifier"),
            *(
                "x vault token",
                "private token",
                "job token",
                "personal access token",
                "nonce token",
            ),
        ),
    ),
    Kind(
        "secret",
        "secret",
        words=(
            *("secret", "client secret", "clientsecret", "app secret", "shared secret"),
            *("secret key", "secretkey", "webhook secret", "consumer secret", "signing secret"),
            *("credential", "credentials", "secret access key", "hmac key", "salt", "pepper"),
            *(
                "secret hash",
                "security answer",
                "secret answer",
                "mother maiden name",
                "seed phrase",
            ),
            *("mnemonic", "recovery phrase", "x amz credential"),
        ),
    ),
    Kind(
        "signature",
        "secret",
        words=(
            *("signature", "x amz signature", "x goog signature", "x hub signature", "hmac", "sig"),
            *("stripe signature", "x signature", "x slack signature", "x twilio signature"),
        ),
    ),
)

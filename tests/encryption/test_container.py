"""The container: standard, authenticated to the last bit, clear in its header alone."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey

from tests.encryption.conftest import KEYS
from timetracer_otel.encryption import Clear, decrypted, encrypted, is_encrypted, read_header
from timetracer_otel.errors import CassetteError, InvalidCassette
from timetracer_otel.keys import WrappingKey

ONE, OTHER = (WrappingKey(key.id, key.derived("cassettes")) for key in KEYS[:2])
CLEAR = Clear(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", method="POST", route="/checkout")
LIMIT = 1_000_000


def opened(data: bytes, key: WrappingKey = ONE) -> bytes:
    return decrypted(data, lambda _id, _wrapped: key, file="it", limit=LIMIT)[1]


@given(content=st.binary(max_size=5000), packed=st.booleans())
def test_what_goes_in_comes_out(content: bytes, packed: bool) -> None:
    data = encrypted(content, ONE, CLEAR, packed=packed)
    assert is_encrypted(data)
    assert opened(data) == content
    assert read_header(data, file="it").timetracer == CLEAR


WHOLE = encrypted(b'{"card": "4111 1111 1111 1111"}\n' * 7, ONE, CLEAR)


@settings(max_examples=500)
@given(at=st.integers(0, len(WHOLE) * 8 - 1))
def test_any_flipped_bit_is_an_error(at: int) -> None:
    data = bytearray(WHOLE)
    data[at // 8] ^= 1 << (at % 8)
    with pytest.raises(CassetteError):
        opened(bytes(data))


def test_every_truncation_is_an_error() -> None:
    for length in range(len(WHOLE)):
        with pytest.raises(InvalidCassette):
            opened(WHOLE[:length])


@given(more=st.binary(min_size=1, max_size=8))
def test_what_stands_behind_it_is_an_error(more: bytes) -> None:
    with pytest.raises(InvalidCassette):
        opened(WHOLE + more)


@given(secret=st.binary(min_size=12, max_size=200), packed=st.booleans())
def test_nothing_of_the_content_is_in_the_file(secret: bytes, packed: bool) -> None:
    data = encrypted(secret, ONE, CLEAR, packed=packed)
    parts = [base64.urlsafe_b64decode(part + b"==") for part in data.split(b".")]
    for shown in (data, *parts):
        assert all(secret[at : at + 6] not in shown for at in range(len(secret) - 6))


def test_the_same_content_never_gives_the_same_bytes() -> None:
    one, other = (encrypted(b"x" * 100, ONE, CLEAR).split(b".") for _ in range(2))
    assert all(a != b for a, b in zip(one, other, strict=True))


def test_another_key_of_the_same_name_is_said_to_be_one() -> None:
    with pytest.raises(InvalidCassette, match=f"or the key {ONE.id} is another one by now"):
        opened(WHOLE, OTHER)


def test_a_header_of_another_file_does_not_fit() -> None:
    other = encrypted(b"{}", ONE, Clear(trace_id="f" * 32))
    swapped = b".".join([other.split(b".")[0], *WHOLE.split(b".")[1:]])
    with pytest.raises(InvalidCassette, match="changed or cut off"):
        opened(swapped)


def test_what_is_compressed_is_not_unpacked_beyond_the_limit() -> None:
    data = encrypted(bytes(50 * LIMIT), ONE, CLEAR, packed=True)
    assert len(data) < LIMIT
    assert len(opened(data)) == LIMIT + 1


class Large(JWERegistry):
    """joserfc's limits are those of tokens."""

    max_ciphertext_length = 10_000_000
    max_protected_header_length = 10_000


@pytest.mark.parametrize("packed", [False, True])
def test_an_independent_implementation_opens_it_and_is_opened(packed: bool) -> None:
    content = b'{"some": "thing"}' * 5000
    registry = Large(algorithms=["A256GCMKW", "A256GCM", "DEF"], strict_check_header=False)
    key = OctKey.import_key(ONE.secret)
    data = encrypted(content, ONE, CLEAR, packed=packed)
    assert jwe.decrypt_compact(data, key, registry=registry).plaintext == content

    header: dict[str, Any] = {
        "alg": "A256GCMKW",
        "enc": "A256GCM",
        "kid": ONE.id,
        "typ": "timetracer",
        "cty": "json",
        "timetracer": {"trace_id": CLEAR.trace_id},
        **({"zip": "DEF"} if packed else {}),
    }
    theirs = jwe.encrypt_compact(header, content, key, registry=registry)
    assert opened(theirs.encode()) == content


@pytest.mark.parametrize("name", ["alg", "enc"])
def test_no_other_algorithm_is_accepted(name: str) -> None:
    header, *rest = WHOLE.split(b".")
    text = base64.urlsafe_b64decode(header + b"==").replace(
        f'"{name}":"A256GCM'.encode(), f'"{name}":"A128GCM'.encode()
    )
    changed = base64.urlsafe_b64encode(text).rstrip(b"=")
    with pytest.raises(InvalidCassette, match="A128GCM"):
        opened(b".".join([changed, *rest]))

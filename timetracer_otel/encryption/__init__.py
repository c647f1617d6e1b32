"""Encryption at rest: a cassette as a JWE (RFC 7516), and back."""

from timetracer_otel.encryption.container import (
    SUFFIX,
    Clear,
    Header,
    decrypted,
    encrypted,
    is_encrypted,
    read_header,
)

__all__ = [
    "SUFFIX",
    "Clear",
    "Header",
    "decrypted",
    "encrypted",
    "is_encrypted",
    "read_header",
]

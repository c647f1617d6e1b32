"""Keys: for pseudonyms, for what redaction seals, and for encrypted cassettes."""

from timetracer_otel.keys.key import Key, Keys, Place, Service, WrappingKey
from timetracer_otel.keys.ring import KeyRing, absolute, keys_in_force, wraps
from timetracer_otel.keys.sources import ENVIRONMENT, EnvironmentAndFile, new_key

__all__ = [
    "ENVIRONMENT",
    "EnvironmentAndFile",
    "Key",
    "KeyRing",
    "Keys",
    "Place",
    "Service",
    "WrappingKey",
    "absolute",
    "keys_in_force",
    "new_key",
    "wraps",
]

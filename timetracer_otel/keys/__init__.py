"""Keys: what pseudonyms are made with and originals are sealed with."""

from timetracer_otel.keys.key import Key, Keys
from timetracer_otel.keys.sources import ENVIRONMENT, EnvironmentAndFile, keys_in_force, new_key

__all__ = ["ENVIRONMENT", "EnvironmentAndFile", "Key", "Keys", "keys_in_force", "new_key"]

"""Reading a foreign cassette: which format it is of, and what its text says."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

from timetracer_otel.cassette import MAX_CASSETTE_BYTES, Cassette
from timetracer_otel.cli import imported_v1, imported_vcrpy
from timetracer_otel.errors import InvalidCassette, StoreError

__all__ = ["imported"]


def imported(path: Path) -> tuple[Cassette, list[str]]:
    """The cassette that `path` makes, and what a replay of it cannot give, as sentences.

    Raises `CassetteError` for what is no cassette of a known kind, `StoreError` for what cannot
    be read.
    """
    document = _document(path)
    try:
        if imported_v1.is_one(document):
            return imported_v1.cassette_of(document)
        if imported_vcrpy.is_one(document):
            return imported_vcrpy.cassette_of(document, _changed_at(path))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidCassette(
            file=str(path), path="$", reason=f"{type(error).__name__}: {error}"
        ) from error
    reason = "neither a cassette of vcrpy (version 1) nor one of timetracer 1"
    raise InvalidCassette(file=str(path), path="$", reason=reason)


def _document(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_CASSETTE_BYTES:
            raise InvalidCassette(file=str(path), path="$", reason="more than a cassette may have")
        data = path.read_bytes()
        if path.name.endswith(".gz"):
            data = gzip.decompress(data)
        if path.name.endswith((".yaml", ".yml")):
            return _from_yaml(data, path)
        return json.loads(data)
    except (OSError, EOFError, zlib.error) as error:
        raise StoreError(path=str(path), reason=str(error)) from error
    except (ValueError, RecursionError) as error:
        raise InvalidCassette(file=str(path), path="$", reason=str(error)) from error


def _from_yaml(data: bytes, path: Path) -> Any:
    """By a loader that makes plain values and nothing else."""
    try:
        import yaml  # type: ignore[import-untyped]  # no types of its own
    except ImportError:
        hint = "pip install pyyaml"
        raise StoreError(path=str(path), reason="reading YAML needs PyYAML", hint=hint) from None
    try:
        return yaml.load(data, Loader=_loader(yaml))  # noqa: S506 - a safe one
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _loader(yaml: Any) -> Any:
    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """With what older versions of vcrpy wrote for text, tuples and files."""

    prefix = "tag:yaml.org,2002:python/"
    for tag in ("str", "unicode"):
        Loader.add_constructor(prefix + tag, lambda loader, node: loader.construct_scalar(node))
    Loader.add_constructor(
        prefix + "tuple", lambda loader, node: list(loader.construct_sequence(node))
    )
    Loader.add_constructor(prefix + "object/new:_io.BytesIO", _content_of_file)
    return Loader


def _content_of_file(loader: Any, node: Any) -> Any:
    state = loader.construct_mapping(node, deep=True).get("state") or [b""]
    return state[0]


def _changed_at(path: Path) -> dt.datetime:
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)

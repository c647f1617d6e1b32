"""What is wrong with a file that should be a cassette."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timetracer_otel.cassette import Cassette, Interaction
from timetracer_otel.errors import (
    CassetteError,
    InvalidCassette,
    OpaqueValueError,
    StoreError,
    ValueDecodingError,
)
from timetracer_otel.exporters.files import read
from timetracer_otel.interaction.parts import RecordedError
from timetracer_otel.protocols.bodies import body_bytes
from timetracer_otel.protocols.http_parts import BodyPart, HttpInteraction
from timetracer_otel.protocols.registry import protocol_of
from timetracer_otel.protocols.sql import SqlInteraction
from timetracer_otel.values import decode

__all__ = ["Fault", "faults"]


@dataclass(frozen=True, slots=True)
class Fault:
    """`place` is a JSON path. What is not `fatal` only fails the replay that needs the value."""

    place: str
    reason: str
    fatal: bool = True


def faults(path: Path) -> list[Fault]:
    """Everything wrong with the file; empty for a good cassette."""
    try:
        cassette = read(path)
    except InvalidCassette as error:
        return [Fault(error.path, error.reason)]
    except (CassetteError, StoreError) as error:
        return [Fault("$", str(error).removeprefix(f"{path}: "))]
    found = [fault for place, value in _places(cassette) for fault in _of_value(place, value)]
    for name in ("answers", "interactions", "bootstrap"):
        for index, interaction in enumerate(getattr(cassette, name)):
            say = protocol_of(interaction).faults
            for place, reason in say(interaction) if say is not None else ():
                found.append(Fault(f"$.{name}[{index}].{place}", reason))
    return found


def _of_value(place: str, value: Any) -> Iterator[Fault]:
    try:
        if isinstance(value, BodyPart):
            body_bytes(value)
        else:
            decode(value)
    except OpaqueValueError as error:
        yield Fault(place, error.reason, fatal=False)
    except ValueDecodingError as error:
        yield Fault(place, error.reason)
    except ValueError as error:
        yield Fault(place, f"the body cannot be restored: {error}")


def _places(cassette: Cassette) -> Iterator[tuple[str, Any]]:
    """Every encoded value and every body, with its JSON path."""
    if cassette.entry is not None:
        yield from _of_interaction("$.entry", cassette.entry)
    for name in ("answers", "interactions", "bootstrap"):
        for index, interaction in enumerate(getattr(cassette, name)):
            yield from _of_interaction(f"$.{name}[{index}]", interaction)
    for index, draws in enumerate(cassette.draws):
        for number, value in enumerate(draws.values):
            yield f"$.draws[{index}].values[{number}]", value


def _of_interaction(place: str, interaction: Interaction) -> Iterator[tuple[str, Any]]:
    if isinstance(interaction, HttpInteraction):
        yield from _of_http(place, interaction)
    elif isinstance(interaction, SqlInteraction):
        yield from _of_sql(place, interaction)
    if interaction.error is not None:
        yield from _of_error(f"{place}.error", interaction.error)


def _of_http(place: str, interaction: HttpInteraction) -> Iterator[tuple[str, Any]]:
    for name in ("request", "response"):
        part = getattr(interaction, name)
        if part is not None and part.body is not None and not part.body.truncated:
            yield f"{place}.{name}.body", part.body


def _of_sql(place: str, interaction: SqlInteraction) -> Iterator[tuple[str, Any]]:
    yield f"{place}.request.parameters", interaction.request.parameters
    response = interaction.response
    if response is None:
        return
    for number, row in enumerate(response.rows):
        for column, value in enumerate(row):
            yield f"{place}.response.rows[{number}][{column}]", value
    yield f"{place}.response.lastrowid", response.lastrowid
    for name, value in response.extra.items():
        yield f"{place}.response.extra.{name}", value


def _of_error(place: str, error: RecordedError) -> Iterator[tuple[str, Any]]:
    for number, value in enumerate(error.args):
        yield f"{place}.args[{number}]", value
    for name, value in error.attributes.items():
        yield f"{place}.attributes.{name}", value

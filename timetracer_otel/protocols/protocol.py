"""What a protocol has to say about its interactions: the one shape of this folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from timetracer_otel.interaction.parts import InteractionBase, Part

__all__ = ["Protocol"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """A family of interactions with one shape.

    `encode_request` and `encode_response` turn a capture module's references into the parts of
    the cassette; they run on the worker, and in a replay on a live call, so that one function
    says what a request means. `key` is the match key of an encoded request without its path;
    `loose_key` the same with volatile literals as placeholders; `title` its one line.
    `differences` names what differs between two requests, most telling first.
    """

    name: str
    interaction: type[InteractionBase]
    encode_request: Callable[[Any], Part]
    encode_response: Callable[[Any], Part]
    title: Callable[[Any], str]
    key: Callable[[Any], str]
    loose_key: Callable[[Any], str]
    differences: Callable[[Any, Any], list[str]]

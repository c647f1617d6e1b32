"""What a protocol has to say about its interactions: the one shape of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from timetracer_otel.interaction.parts import InteractionBase, Part
from timetracer_otel.protocols.hiding import Hide, hidden_whole

__all__ = ["Protocol"]


def _no_pairs(_recorded: Any, _live: Any) -> dict[str, str]:
    return {}


def _no_key(_request: Any) -> str:
    return ""


def _nothing(_request: Any) -> None:
    return None


def _as_it_is(recorded: Any, _live: Any) -> Any:
    return recorded


@dataclass(frozen=True, slots=True)
class Protocol:
    """A family of interactions with one shape.

    `encode_request` and `encode_response` turn a capture module's references into the parts of
    the cassette; they run on the worker, and in a replay on a live call, so that one function
    says what a request means. `key` is the match key of an encoded request without its path;
    `loose_key` the same with volatile literals as placeholders; `title` its one line.
    `cut_key` is the key that a request would have if the recording had cut it; empty for none.
    `differences` names what differs between two requests, most telling first. For two requests
    that match loosely, `volatile_pairs` maps the recorded literals to the live ones.
    `self_evident` gives the response to a request that needs no recording to be answered.
    `fitted` is a recorded interaction as the answer to a live request that matches it loosely.

    For people: `outcome` is a response in a word or two, `asked` and `answered` are request and
    response as lines. `faults` names what of an interaction could not be given to a client, by
    its place in it. A protocol without them is shown by the command line's own means.

    `refs` are the classes of those references: dataclasses of plain values, which may be handed
    to another process of ours and encoded there. Without them that happens in the application.

    `is_personal`: what it carries is to be hidden whatever it looks like.
    `hidden` is an interaction in which `Hide` has replaced what is to be hidden; itself where
    that is nothing. A protocol that says nothing of it is walked by the names of its fields.
    """

    name: str
    interaction: type[InteractionBase]
    encode_request: Callable[[Any], Part]
    encode_response: Callable[[Any], Part]
    title: Callable[[Any], str]
    key: Callable[[Any], str]
    loose_key: Callable[[Any], str]
    differences: Callable[[Any, Any], list[str]]
    refs: tuple[type, ...] = ()
    hidden: Callable[[Any, Hide], Any] = field(default=hidden_whole)
    is_personal: bool = False
    cut_key: Callable[[Any], str] = field(default=_no_key)
    volatile_pairs: Callable[[Any, Any], dict[str, str]] = field(default=_no_pairs)
    self_evident: Callable[[Any], Part | None] = field(default=_nothing)
    fitted: Callable[[Any, Any], Any] = field(default=_as_it_is)
    outcome: Callable[[Any], str] | None = None
    asked: Callable[[Any], list[str]] | None = None
    answered: Callable[[Any], list[str]] | None = None
    faults: Callable[[Any], Iterable[tuple[str, str]]] | None = None

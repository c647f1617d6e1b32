"""A cassette as a page: headings and blocks of lines, cut to what a screen holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.text import Text

__all__ = ["Block", "fitted"]

_LEAST = 3


@dataclass(slots=True)
class Block:
    """A heading with what belongs below it.

    `keep_end`: of a traceback the end tells most. `first`: takes what it needs before others do.
    """

    heading: Text
    lines: list[Text] = field(default_factory=list)
    keep_end: bool = False
    first: bool = False
    hint: str = ""

    def shown(self, room: int) -> list[Text]:
        """The block in at most `room` lines, heading and a word about what is left out included."""
        if len(self.lines) < room:
            return [self.heading, *self.lines]
        kept = max(0, room - 2)
        left = len(self.lines) - kept
        more = Text(f"  … {left} more line{'s' * (left != 1)}", style="dim")
        more.append(f": {self.hint}" if self.hint else "")
        if self.keep_end:
            return [self.heading, more, *self.lines[len(self.lines) - kept :]]
        return [self.heading, *self.lines[:kept], more]


def fitted(blocks: list[Block], room: int) -> list[Text]:
    """Blocks with an empty line before each, in at most `room` lines.

    Short blocks stay whole and long ones share what is left; those that no room is left for are
    counted in the last line.
    """
    first = [block for block in blocks if block.first]
    others = [block for block in blocks if not block.first]
    page = _shared(first, room - (1 if others else 0))
    room -= len(page)
    fitting = others[: max(0, (room - 1) // _LEAST)]
    left_out = len(others) - len(fitting)
    page += _shared(fitting, room - (1 if left_out else 0))
    if left_out:
        calls = f"… and {left_out} more: --interaction N, or --full"
        page += [Text(), Text(calls, style="dim")] if room > 1 else [Text(calls, style="dim")]
    return page


def _shared(blocks: list[Block], room: int) -> list[Text]:
    """Blocks that share `room`, the empty lines before them included."""
    shares = _shares([len(block.lines) + 1 for block in blocks], room - len(blocks))
    page: list[Text] = []
    for block, share in zip(blocks, shares, strict=True):
        page += [Text(), *block.shown(max(1, share))]
    return page


def _shares(wanted: list[int], room: int) -> list[int]:
    """Divide `room`: nobody gets more than wanted, what the short leave goes to the long."""
    shares = [0] * len(wanted)
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    for position, i in enumerate(order):
        shares[i] = max(0, min(wanted[i], room // (len(order) - position)))
        room -= shares[i]
    return shares

"""A cassette as a page: headings and blocks of lines, cut to what a screen holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.text import Text

__all__ = ["Block", "fitted"]

_LEAST = 3


@dataclass(slots=True)
class Block:
    """A heading with what belongs below it. `keep_end`: of a traceback the end tells most."""

    heading: Text
    lines: list[Text] = field(default_factory=list)
    keep_end: bool = False
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
    shown = blocks[: max(1, (room - 1) // (_LEAST + 1))]
    left_out = len(blocks) - len(shown)
    spare = room - len(shown) - (1 if left_out else 0)
    page: list[Text] = []
    for block, lines in zip(shown, _shares([len(b.lines) + 1 for b in shown], spare), strict=True):
        page += [Text(), *block.shown(lines)]
    if left_out:
        page.append(Text(f"… and {left_out} more: --interaction N, or --full", style="dim"))
    return page


def _shares(wanted: list[int], room: int) -> list[int]:
    """Divide `room`: nobody gets more than wanted, what the short leave goes to the long."""
    shares = [0] * len(wanted)
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    for position, i in enumerate(order):
        shares[i] = min(wanted[i], room // (len(order) - position))
        room -= shares[i]
    return shares

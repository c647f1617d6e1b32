"""What a detached task did later joins the cassette of its trace."""

from __future__ import annotations

from msgspec.structs import replace

from timetracer_otel.cassette.model import Cassette, ClockReads, Redaction

__all__ = ["merge_fragment"]


def merge_fragment(whole: Cassette, fragment: Cassette) -> Cassette:
    """`whole` with the fragment's interactions behind its own, numbered and timed with them."""
    shift_ns = fragment.recorded_ns - whole.recorded_ns
    shift_us = max(0, shift_ns // 1000)
    later = [
        replace(interaction, id=number, start_us=interaction.start_us + shift_us)
        for number, interaction in enumerate(
            fragment.interactions, start=len(whole.interactions) + 1
        )
    ]
    longer = len(fragment.bootstrap) > len(whole.bootstrap)
    return replace(
        whole,
        duration_us=max(whole.duration_us, shift_us + fragment.duration_us),
        interactions=[*whole.interactions, *later],
        bootstrap=fragment.bootstrap if longer else whole.bootstrap,
        draws=[*whole.draws, *fragment.draws],
        clock=[*whole.clock, *(_shifted(reads, shift_ns) for reads in fragment.clock)],
        dropped=[*whole.dropped, *fragment.dropped],
        redaction=_redaction(whole, fragment, longer=longer),
    )


def _redaction(whole: Cassette, fragment: Cassette, *, longer: bool) -> Redaction:
    """What was sealed of the fragment stands behind what was sealed of the whole."""
    one, other = whole.redaction, fragment.redaction
    before = (len(whole.interactions), len(whole.draws))
    moved = [
        replace(
            sealed, interactions=sealed.interactions + before[0], draws=sealed.draws + before[1]
        )
        for sealed in other.sealed
    ]
    return replace(
        one,
        key_id=one.key_id or other.key_id,
        pseudonyms=one.pseudonyms + other.pseudonyms,
        sealed=[*one.sealed, *moved],
        sealed_bootstrap=other.sealed_bootstrap if longer else one.sealed_bootstrap,
    )


def _shifted(reads: ClockReads, shift_ns: int) -> ClockReads:
    """Wall-clock reads count from the whole trace's start; monotonic ones from their own."""
    if reads.clock != "time":
        return reads
    return replace(reads, offsets_ns=[offset + shift_ns for offset in reads.offsets_ns])

"""``timetracer show``: one cassette, readable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from timetracer_otel.cli.wording import examples

if TYPE_CHECKING:
    from timetracer_otel.cassette import Cassette, Interaction

__all__ = ["EXAMPLES", "show"]

EXAMPLES = examples(
    "timetracer show cassettes/2026-01-02/POST_checkout_500_4bf92f3577b3.json",
    "timetracer show CASSETTE --interaction 3",
    "timetracer show CASSETTE --full | less -R",
)


def show(
    cassette: Annotated[Path, typer.Argument(help="The file of a cassette.", metavar="CASSETTE")],
    interaction: Annotated[
        int | None,
        typer.Option(
            "-i",
            "--interaction",
            metavar="N",
            help="One call, with its headers; 0: the request.",
        ),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Everything, however long.")] = False,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="What is hidden, too: needs the cassette's key.")
    ] = False,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
) -> int:
    """Show one recorded request, its calls over time, their payloads.

    At most a screenful, unless told otherwise.
    """
    from timetracer_otel.exporters.files import read

    recorded = _revealed(read(cassette)) if reveal else read(cassette)
    chosen = _chosen(recorded, interaction)
    if form == "json":
        _print_json(recorded if chosen is None else chosen)
    else:
        _print_page(recorded, cassette, chosen, full=full)
    return 0


def _revealed(cassette: Cassette) -> Cassette:
    """As it was recorded. Raises `KeyMissing`."""
    from timetracer_otel.redaction.applying import unsealed
    from timetracer_otel.redaction.sealing import is_sealed

    return unsealed(cassette) if is_sealed(cassette) else cassette


def _chosen(cassette: Cassette, number: int | None) -> Interaction | None:
    if number is None:
        return None
    for interaction in (cassette.entry, *cassette.interactions):
        if interaction is not None and interaction.id == number:
            return interaction
    last = len(cassette.interactions)
    raise typer.BadParameter(f"there is no interaction {number}; they are numbered 1 to {last}")


def _print_json(part: Cassette | Interaction) -> None:
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(part), indent=2).decode())


def _print_page(cassette: Cassette, file: Path, chosen: Interaction | None, *, full: bool) -> None:
    from timetracer_otel.cli.pages import cassette_page, interaction_page
    from timetracer_otel.cli.terminal import height, output, print_lines

    console = output()
    if chosen is not None:
        lines = interaction_page(chosen, height=height(), full=full)
    else:
        lines = cassette_page(cassette, file, width=console.width, height=height(), full=full)
    print_lines(console, lines)

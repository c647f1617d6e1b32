"""``timetracer switch``: recording off and on in programs that are running."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from timetracer_otel.cli.wording import examples

__all__ = ["EXAMPLES", "switch"]

EXAMPLES = examples(
    "timetracer switch off recording.switch",
    "timetracer switch on recording.switch",
)


class _To(StrEnum):
    ON = "on"
    OFF = "off"


def switch(
    to: Annotated[_To, typer.Argument(help="What recording is from now on.")],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="The switch file, if not that of the settings."),
    ] = None,
) -> int:
    """Turn recording off, or on again, in every program that looks at a switch file.

    They look once a second: those that were started with the setting `switch_file`.
    """
    from timetracer_otel.errors import StoreError
    from timetracer_otel.settings import read_settings

    chosen = str(file or read_settings().switch_file)
    if not chosen or chosen == ".":
        raise typer.BadParameter("no FILE, and no setting `switch_file`")
    path = Path(chosen).absolute()
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_text(f"{to.value}\n", encoding="utf-8")
        draft.replace(path)  # never seen half written
    except OSError as error:
        raise StoreError(path=str(path), reason=error.strerror or str(error)) from None
    print(f"recording is {to.value} within a second, where the switch file is {path}")
    return 0

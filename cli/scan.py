"""``timetracer scan``: what in cassettes can be read that should not."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from timetracer_otel.cli.wording import examples

__all__ = ["EXAMPLES", "scan"]

EXAMPLES = examples(
    "timetracer scan cassettes",
    "timetracer scan tests/cassettes --format json",
)


def scan(
    cassettes: Annotated[
        list[str], typer.Argument(metavar="CASSETTE", help="Files, folders or patterns.")
    ],
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
) -> int:
    """Look for secrets and personal data that can be read in cassettes, for CI.

    By the policy in force. Where something is, and of which kind, is said; what it is, is not.
    Exit code 0: nothing. 1: something. 2: nothing could be looked at.
    """
    from timetracer_otel.cli.cassettes import located
    from timetracer_otel.exporters.files import read
    from timetracer_otel.redaction.policy import policy_of
    from timetracer_otel.redaction.scanning import leaks
    from timetracer_otel.settings import read_settings

    policy = policy_of(read_settings())
    found = [(path, leak) for path in located(cassettes) for leak in leaks(read(path), policy)]
    if form == "json":
        import json

        told = [
            {"file": str(path), "place": leak.place, "kinds": list(leak.kinds)}
            for path, leak in found
        ]
        print(json.dumps({"leaks": told}, indent=2))
    else:
        _tell([f"{path}: {leak.place}: {', '.join(leak.kinds)}" for path, leak in found])
    return 1 if found else 0


def _tell(lines: list[str]) -> None:
    from timetracer_otel.cli.terminal import output
    from timetracer_otel.cli.wording import count

    console = output()
    for line in lines:
        console.print(line, style="red", soft_wrap=True)
    if lines:
        console.print(f"{count(len(lines), 'value')} can be read; `timetracer redact` hides them")
    else:
        console.print("nothing to hide", style="green")

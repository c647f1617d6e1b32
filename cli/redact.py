"""``timetracer redact``: the policy in force applied to cassettes that were written before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from timetracer_otel.cli.wording import examples
from timetracer_otel.errors import KeyMissing

if TYPE_CHECKING:
    from timetracer_otel.cassette import Cassette

__all__ = ["EXAMPLES", "redact"]

EXAMPLES = examples(
    "timetracer redact cassettes",
    "timetracer redact cassettes --no-seal --output for-the-supplier",
)


def redact(
    cassettes: Annotated[
        list[str], typer.Argument(metavar="CASSETTE", help="Files, folders or patterns.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where to, if the files are not to be replaced."),
    ] = None,
    no_seal: Annotated[
        bool,
        typer.Option("--no-seal", help="Keep nothing of what is hidden, not even encrypted."),
    ] = False,
) -> int:
    """Hide secrets and personal data in cassettes, by the policy and the key in force.

    What was sealed in them is opened first where its key is here, so that a new policy and a
    new key hold for all of it. Each file is replaced as a whole or not at all.
    """
    from timetracer_otel.cassette.files import put_whole
    from timetracer_otel.cli.cassettes import located
    from timetracer_otel.cli.terminal import output as console
    from timetracer_otel.cli.wording import count
    from timetracer_otel.exporters.files import read
    from timetracer_otel.exporters.rewriting import Rewriting
    from timetracer_otel.keys import keys_in_force
    from timetracer_otel.redaction.cassettes import Redactor
    from timetracer_otel.redaction.policy import policy_of
    from timetracer_otel.settings import read_settings

    settings = read_settings()
    seal = settings.seal and not no_seal
    redactor = Redactor(policy_of(settings), keys_in_force().current(), seal=seal)
    rewriting = Rewriting(settings)
    changed = 0
    files = located(cassettes)
    for path in files:
        before = read(path)
        after = redactor.redact(_opened(before, path, seal=seal))
        changed += after != before
        content = rewriting.content_as(path, after)
        put_whole(path if output is None else output / path.name, content)
    console().print(f"{count(len(files), 'cassette')} redacted, {changed} changed")
    return 0


def _opened(cassette: Cassette, path: Path, *, seal: bool) -> Cassette:
    """As it was recorded where that can be had; else as it is, its seals taken off if need be."""
    from msgspec.structs import replace

    from timetracer_otel.cli.terminal import errors
    from timetracer_otel.redaction.applying import unsealed
    from timetracer_otel.redaction.sealing import is_sealed

    if is_sealed(cassette):
        try:
            return unsealed(cassette)
        except KeyMissing as error:
            told = f"{path}: {error}; what was hidden in it stays as it is"
            errors().print(told, style="yellow", soft_wrap=True)
    if seal:
        return cassette
    bare = replace(cassette.redaction, sealed=[], sealed_bootstrap="")
    return replace(cassette, redaction=bare)

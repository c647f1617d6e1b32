"""``timetracer encrypt`` and ``timetracer decrypt``: what is there already, file by file."""

from __future__ import annotations

from typing import Annotated

import typer

from timetracer_otel.cli.wording import examples

__all__ = ["DECRYPT_EXAMPLES", "ENCRYPT_EXAMPLES", "decrypt", "encrypt"]

ENCRYPT_EXAMPLES = examples(
    "timetracer encrypt cassettes",
    "TIMETRACER_KEYS=vault-transit:shop timetracer encrypt cassettes/2026-01-02",
)
DECRYPT_EXAMPLES = examples(
    "timetracer decrypt cassettes/2026-01-02/POST_checkout_500_4bf92f3577b3.json.jwe",
    "timetracer decrypt --keep CASSETTE",
)

_Cassettes = Annotated[
    list[str], typer.Argument(metavar="CASSETTE", help="Files, folders or patterns.")
]
_Keep = Annotated[bool, typer.Option("--keep", help="Leave the file that was there as well.")]


def encrypt(cassettes: _Cassettes, keep: _Keep = False) -> int:
    """Encrypt cassettes with the current key, in place.

    Each plain file goes when its encrypted one has been written and read back.
    Exit code 0: all are encrypted. 1: some could not be, each named. 2: none could be.
    """
    from timetracer_otel.cli.rewriting import rewrite
    from timetracer_otel.exporters.rewriting import Rewriting
    from timetracer_otel.settings import read_settings

    made = Rewriting(read_settings())
    return rewrite(cassettes, lambda path: made.encrypt(path, keep=keep), "encrypted")


def decrypt(cassettes: _Cassettes, keep: _Keep = False) -> int:
    """Write encrypted cassettes as plain files again, in place.

    The commands read encrypted cassettes themselves: this is for other tools.
    Exit code 0: all are decrypted. 1: some could not be, each named. 2: none could be.
    """
    from timetracer_otel.cli.rewriting import rewrite
    from timetracer_otel.exporters.rewriting import Rewriting
    from timetracer_otel.settings import read_settings

    made = Rewriting(read_settings())
    return rewrite(cassettes, lambda path: made.decrypt(path, keep=keep), "decrypted")

"""``timetracer debug-header``: a header that has its request recorded, whatever the rules say."""

from __future__ import annotations

from typing import Annotated

import typer

from timetracer_otel.cli.wording import examples

__all__ = ["EXAMPLES", "debug_header"]

EXAMPLES = examples(
    "timetracer debug-header",
    "timetracer debug-header --seconds 60",
    'curl -H "$(timetracer debug-header)" http://localhost:8000/checkout',
)

_DAY_S = 24 * 60 * 60


def debug_header(
    seconds: Annotated[
        int, typer.Option(metavar="N", min=1, max=_DAY_S, help="How long it is valid.")
    ] = 600,
) -> int:
    """Print a signed header; a request that carries it is recorded whatever the rules say.

    Signed with the setting `debug_key`, which the recorded program must have as well.
    """
    import time

    from timetracer_otel.sampling.debug_header import DEBUG_HEADER, signed
    from timetracer_otel.settings import read_settings

    key = read_settings().debug_key
    if not key:
        raise typer.BadParameter("no setting `debug_key`: TIMETRACER_DEBUG_KEY is one place for it")
    print(f"{DEBUG_HEADER}: {signed(key, int(time.time()) + seconds)}")
    return 0

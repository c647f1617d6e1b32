"""``timetracer demo``: a request that went wrong, recorded, replayed, mended."""

from __future__ import annotations

from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from timetracer_otel.cli.wording import examples
from timetracer_otel.errors import CannotReplay

if TYPE_CHECKING:
    from timetracer_otel.cli.demo_shop import Shop
    from timetracer_otel.cli.narration import Narrator

__all__ = ["EXAMPLES", "demo"]

EXAMPLES = examples("timetracer demo", "timetracer demo --keep shop-demo")

_NEEDED = ("fastapi", "httpx", "sqlalchemy", "uvicorn")


def demo(
    keep: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Work in this new folder, and leave it behind."),
    ] = None,
) -> int:
    """See it happen: a checkout fails, is replayed, is mended.

    A small shop runs on loopback and is recorded; it and all it asks are stopped, its database
    is moved away; then the failed request is replayed, before and after the mistake is mended.
    Nothing is left running, and nothing behind unless --keep says so.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise CannotReplay(
            subject="the demo",
            reason=f"its shop is made with {', '.join(missing)}, not installed here",
            hint="pip install 'timetracer-otel[fastapi,httpx,sqlalchemy,uvicorn]'",
        )
    from timetracer_otel.cli.demo_shop import open_shop
    from timetracer_otel.cli.narration import Narrator

    with ExitStack() as stack:
        shop = stack.enter_context(open_shop(keep))
        return _play(shop, Narrator(shop.folder), kept=keep is not None)


def _play(shop: Shop, tell: Narrator, *, kept: bool) -> int:
    tell.title(
        "A request that went wrong, kept with everything it asked of the outside world; and the "
        "same code run against that, with the outside world switched off."
    )
    _open(shop, tell)
    failed = _record(shop, tell)
    _switch_off(shop, tell)
    tell.step("Look at it")
    tell.run("list")
    tell.run("show", str(failed), lines=48)
    tell.note("Linus is a member no longer. What did the partners say of him?")
    tell.run("show", str(failed), "--interaction", str(shop.telling_call(failed)))
    tell.step("Replay it: no database, no partners, no network")
    same = tell.run("replay", str(failed), "--app", "shop.main:app")
    tell.note("The same incident, the same second: time and randomness are replayed, too.")
    _mend(shop, tell)
    tell.step("Replay it against the mended code")
    mended = tell.run("replay", str(failed), "--app", "shop.main:app", "--expect", "different")
    return _conclude(tell, shop, same=same, mended=mended, kept=kept)


def _open(shop: Shop, tell: Narrator) -> None:
    tell.step("A shop with a database, and two partners it asks over HTTP")
    tell.command(f"cd {shop.folder}")
    tell.command("python -m shop.seed")
    shop.seed()
    tell.command(f"uvicorn shop.upstream:app --port {shop.partners_port} &")
    shop.start_partners()


def _record(shop: Shop, tell: Narrator) -> Path:
    tell.step("Record it: three words before the command that starts it")
    tell.command(f"timetracer record -- uvicorn shop.main:app --port {shop.port} &")
    tell.output(shop.start())
    for basket in shop.baskets():
        tell.command(f"curl localhost:{shop.port}/checkout --json '{basket}'")
        status, answer = shop.buy(basket)
        tell.answer(status, answer)
    shop.stop()
    return shop.failed_checkout()


def _switch_off(shop: Shop, tell: Narrator) -> None:
    tell.step("Switch everything off")
    shop.stop_partners()
    tell.note("The shop and its partners are stopped.")
    tell.command("mv shop.db shop.db.away")
    shop.move_database_away()


def _mend(shop: Shop, tell: Narrator) -> None:
    tell.step("Mend it")
    tell.command("cp shop/loyalty_fixed.py shop/loyalty.py")
    tell.diff(shop.mend())


def _conclude(tell: Narrator, shop: Shop, *, same: int, mended: int, kept: bool) -> int:
    if same or mended:
        raise CannotReplay(
            subject="the demo's own recording",
            reason="the verdicts are not what they should be",
            hint="please report this with the lines above",
        )
    tell.step("That was it")
    tell.note("Your own service: timetracer record -- COMMAND, then timetracer list.")
    if kept:
        tell.note(f"The shop and its cassettes are in {shop.folder}: go on by hand.")
    return 0

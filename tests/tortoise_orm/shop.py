"""An application on Tortoise: every kind of field and relation, in an ASGI service."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import enum
import json
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tortoise import Tortoise, connections, fields
from tortoise.exceptions import DoesNotExist, IntegrityError
from tortoise.expressions import F, Q, Subquery
from tortoise.functions import Count, Sum
from tortoise.models import Model
from tortoise.transactions import in_transaction

__all__ = ["PAGES", "app"]


class Kind(enum.StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Tournament(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=50)
    created = fields.DatetimeField(auto_now_add=True)
    events: Any


class Team(Model):
    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=50, unique=True)
    members = fields.IntField(default=3)


class Event(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=50)
    modified = fields.DatetimeField(auto_now=True)
    prize = fields.DecimalField(max_digits=10, decimal_places=2, null=True)
    kind = fields.CharEnumField(Kind, default=Kind.OPEN)
    tournament: Any = fields.ForeignKeyField("models.Tournament", related_name="events")
    teams: Any = fields.ManyToManyField("models.Team", related_name="events", through="plays")


class Address(Model):
    event: Any = fields.OneToOneField("models.Event", primary_key=True, related_name="address")
    city = fields.CharField(max_length=40)


class Everything(Model):
    id = fields.BigIntField(primary_key=True)
    big = fields.BigIntField(null=True)
    binary = fields.BinaryField(null=True)
    boolean = fields.BooleanField(null=True)
    char = fields.CharField(max_length=20, null=True)
    date = fields.DateField(null=True)
    moment = fields.DatetimeField(null=True)
    decimal = fields.DecimalField(max_digits=12, decimal_places=4, null=True)
    float = fields.FloatField(null=True)
    json: Any = fields.JSONField(null=True)
    small = fields.SmallIntField(null=True)
    text = fields.TextField(null=True)
    span = fields.TimeDeltaField(null=True)
    uuid = fields.UUIDField(null=True)


async def fill() -> Any:
    async with in_transaction():
        tournament = await Tournament.create(name="Open")
        teams = [await Team.create(name=f"T{number}", members=number) for number in range(4)]
        for number in range(5):
            event = await Event.create(
                name=f"E{number}",
                tournament=tournament,
                prize=decimal.Decimal(number) + decimal.Decimal("0.25"),
                kind=Kind.CLOSED if number % 2 else Kind.OPEN,
            )
            await event.teams.add(teams[number % 4], teams[(number + 1) % 4])
        await Address.create(event=await Event.get(name="E4"), city="Bonn")
    await Tournament.bulk_create([Tournament(name=f"more {number}") for number in range(3)])
    return [team.id for team in teams]


async def reads() -> Any:
    events, one = Event.all().order_by("id"), Event.get(name="E1")
    whole = await one.prefetch_related("teams", "tournament")
    deep = await Tournament.all().prefetch_related("events__teams").order_by("id")
    closed = Event.filter(kind=Kind.CLOSED)
    totals = Tournament.annotate(n=Count("events"), s=Sum("events__prize")).order_by("id")
    address = await Address.get(city="Bonn").select_related("event")
    missing: list[str] = []
    try:
        await Event.get(name="none")
    except DoesNotExist as error:
        missing = [type(error).__name__, str(error)]
    return [
        [event.name for event in await events],
        [whole.tournament.name, sorted(team.name for team in whole.teams)],
        [
            [event.name, event.tournament.name]
            for event in await Event.filter(prize__gt=1)
            .select_related("tournament")
            .order_by("-id")
        ],
        [
            [t.name, sorted([e.name, *sorted(team.name for team in e.teams)] for e in t.events)]
            for t in deep
        ],
        await events.values("id", "name", "tournament__name", "kind"),
        await events.values_list("name", "prize"),
        await Event.filter(Q(name="E1") | Q(name__startswith="E2")).count(),
        await Event.filter(name__in={"E1", "E2", "E3"}).order_by("id").values_list("name"),
        await totals.values("name", "n", "s"),
        await Team.filter(events__kind=Kind.CLOSED).distinct().order_by("name").values_list("name"),
        await Event.filter(id__in=Subquery(closed.values("id"))).order_by("id").values_list("name"),
        [await Event.exists(name="none"), await Event.get_or_none(name="none"), missing],
        address.event.name,
    ]


async def writes() -> Any:
    event = await Event.get(name="E0")
    event.name, event.prize = "E0b", decimal.Decimal("9.99")
    await event.save()
    await event.refresh_from_db()
    found: list[Any] = [event.name, event.prize]
    found.append(await Event.filter(kind=Kind.OPEN).update(prize=F("prize") + 1))
    found.append((await Team.get_or_create(name="T9", defaults={"members": 9}))[1])
    found.append((await Team.update_or_create(name="T9", defaults={"members": 10}))[1])
    events = await Event.all().order_by("id")
    for one in events:
        one.prize = decimal.Decimal(5)
    found.append(await Event.bulk_update(events, fields=["prize", "name"]))
    found.append(await Team.filter(name="T9").delete())
    try:
        await Team.create(name="T1")
    except IntegrityError as error:
        found.append([type(error).__name__, str(error), repr(error.__cause__)])
    try:
        async with in_transaction():
            await Team.create(name="gone")
            async with in_transaction():
                await Team.create(name="gone as well")
            raise KeyError("back")  # noqa: TRY301 - what rolls both back
    except KeyError:
        found.append(await Team.filter(name__startswith="gone").exists())
    await event.teams.clear()
    found.append(await event.teams.all().count())
    rows = await connections.get("default").execute_query_dict(
        "SELECT name FROM team ORDER BY name"
    )
    return [*found, [dict(row) for row in rows]]


async def gathered() -> Any:
    async def one(number: int) -> Any:
        event = await Event.get(id=number % 5 + 1)
        return number, event.name, await event.teams.all().order_by("name").values_list("name")

    return await asyncio.gather(*(one(number) for number in range(8)))


async def every_field() -> Any:
    await Everything.create(
        big=2**60,
        binary=b"\x00\xff",
        boolean=True,
        char="ä",
        date=dt.date(2024, 2, 29),
        moment=dt.datetime(2024, 2, 29, 1, 2, 3, 456, tzinfo=dt.UTC),
        decimal=decimal.Decimal("12.3400"),
        float=0.1 + 0.2,
        json={"a": [1, None], "ä": True},
        small=-3,
        text="long " * 50,
        span=dt.timedelta(days=1, microseconds=5),
        uuid=uuid.uuid4(),
    )
    await Everything.create()
    found = await Everything.all().order_by("id")
    return [{name: repr(getattr(o, name)) for name in sorted(o._meta.db_fields)} for o in found]


PAGES = {page.__name__: page for page in (fill, reads, writes, gathered, every_field)}


def _page(asked: Callable[[], Awaitable[Any]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return Response(json.dumps(await asked(), default=str), media_type="application/json")

    return answer


@asynccontextmanager
async def _open(_: Starlette) -> AsyncIterator[None]:
    await Tortoise.init(
        db_url=os.environ["DB_URL"],
        modules={"models": ["tests.tortoise_orm.shop"]},
        use_tz=True,
        _enable_global_fallback=True,  # the requests' tasks are not the one that opens it
    )
    await Tortoise.generate_schemas()
    yield
    await connections.close_all()


app = Starlette(
    routes=[Route(f"/{name}", _page(page)) for name, page in PAGES.items()], lifespan=_open
)

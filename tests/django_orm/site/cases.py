"""What views ask of the ORM: each function is a page at its own name, and gives what is shown."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.models import (
    Avg,
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import (
    Coalesce,
    Concat,
    ExtractYear,
    JSONObject,
    Lag,
    Length,
    Lower,
    Now,
    Rank,
    RowNumber,
    TruncMonth,
    Upper,
)

from tests.django_orm.site.models import (
    Author,
    Book,
    Everything,
    Profile,
    Publisher,
    Tag,
    Tagging,
)

__all__ = ["CASES"]


def fill(_: Any) -> Any:
    """The shelves, in one transaction; objects are made in each of the ways there are."""
    with transaction.atomic():
        house = Publisher.objects.create(name="Faber")
        other = Publisher(name="Reclam")
        other.save()
        authors = Author.objects.bulk_create(
            [
                Author(name=n, born=dt.date(1900 + i, 1, 1))
                for i, n in enumerate(["Ada", "Bé", "Çi"])
            ]
        )
        Profile.objects.create(author=authors[0], about="first")
        tags = [Tag.objects.get_or_create(word=word)[0] for word in ("old", "new", "odd")]
        for number in range(6):
            book = Book.objects.create(
                title=f"Book {number}",
                price=Decimal(number) + Decimal("0.50"),
                pages=100 * number + 1,
                publisher=house if number % 2 else other,
            )
            book.authors.set([authors[number % 3], authors[(number + 1) % 3]])
            book.tags.add(tags[number % 3], through_defaults={"weight": number / 3})
    return [str(author.pk) for author in authors] + [book.pk]


def relations(_: Any) -> Any:
    joined = Book.objects.select_related("publisher").order_by("pk")
    prefetched = Book.objects.prefetch_related(
        "authors", Prefetch("tags", Tag.objects.order_by("word"), to_attr="words")
    ).order_by("pk")
    ada = Author.objects.select_related("profile").get(name="Ada")
    return [
        [(book.title, book.publisher.name) for book in joined],
        [
            (book.title, sorted(a.name for a in book.authors.all()), [t.word for t in book.words])
            for book in prefetched
        ],
        (ada.profile.about, [b.title for b in ada.books.order_by("-pk")]),
        list(Publisher.objects.filter(books__tags__word="odd").distinct().values("name")),
        _raised(lambda: Author.objects.get(name="Bé").profile),
    ]


def aggregates(_: Any) -> Any:
    books = Book.objects.all()
    return [
        books.aggregate(Sum("price"), Avg("pages"), Max("price"), Min("price"), n=Count("pk")),
        books.aggregate(none=Sum("price", filter=Q(pk__lt=0))),
        list(Publisher.objects.annotate(n=Count("books")).order_by("name").values("name", "n")),
        list(books.values("publisher__name").annotate(total=Sum("pages")).order_by("total")),
        books.filter(Q(price__gt=2) | ~Q(title__contains="1"), pages__in=[101, 201]).count(),
        books.filter(price__range=(1, 4)).exists(),
        list(books.order_by("pk").values_list("title", flat=True)[1:3]),
        sorted(books.in_bulk(list(books.values_list("pk", flat=True)[:2]))),
        [b.title for b in (books.earliest("pk"), books.latest("pk"))],
    ]


def expressions(_: Any) -> Any:
    cheaper = Book.objects.filter(publisher=OuterRef("pk")).order_by("price")
    return [
        list(
            Book.objects.annotate(
                vat=ExpressionWrapper(
                    F("price") * Decimal("1.19"),
                    models.DecimalField(max_digits=9, decimal_places=4),
                ),
                kind=Case(When(pages__gt=200, then=Value("thick")), default=Value("thin")),
                loud=Upper("title"),
                soft=Lower(Concat("title", Value("!"))),
                length=Length("title"),
            )
            .order_by("pk")
            .values("vat", "kind", "loud", "soft", "length")
        ),
        list(
            Publisher.objects.annotate(
                cheapest=Subquery(cheaper.values("title")[:1]),
                any=Exists(Book.objects.filter(publisher=OuterRef("pk"), price__gt=5)),
            )
            .order_by("pk")
            .values("name", "cheapest", "any")
        ),
        list(
            Book.objects.annotate(
                place=Window(RowNumber(), partition_by="publisher", order_by="price"),
                before=Window(Lag("price"), order_by="pk"),
                rank=Window(Rank(), order_by=F("pages").desc()),
                about=JSONObject(title="title", pages="pages"),
            )
            .order_by("pk")
            .values("title", "place", "before", "rank", "about")
        ),
        Book.objects.annotate(y=ExtractYear("created"), m=TruncMonth("created"))
        .filter(created__lte=Now())
        .values_list("y", "m")
        .order_by("pk")
        .first(),
        list(
            Book.objects.filter(pages__lt=200)
            .values_list("title")
            .union(Book.objects.filter(pages__gt=400).values_list("title"))
            .order_by("title")
        ),
        Book.objects.aggregate(c=Coalesce(Sum("price", filter=Q(pk=-1)), Decimal(7))),
    ]


def writes(_: Any) -> Any:
    book = Book.objects.order_by("pk")[0]
    found: list[Any] = [Book.objects.filter(pk=book.pk).update(pages=F("pages") + 5)]
    book.refresh_from_db()
    found.append(book.pages)
    several = list(Book.objects.order_by("pk")[:3])
    for one in several:
        one.price += 1
    found.append(Book.objects.bulk_update(several, ["price"], batch_size=2))
    found += [
        Tag.objects.update_or_create(word="old", defaults={"word": "older"})[1],
        Tag.objects.get_or_create(word="fresh")[1],
        [
            t.word
            for t in Tag.objects.bulk_create(
                [Tag(word="fresh"), Tag(word="rare")], ignore_conflicts=True
            )
        ],
        Tagging.objects.filter(book=book).delete(),
        Tag.objects.get(word="rare").delete(),
        Tag.objects.order_by("pk").values_list("word", flat=True),
    ]
    book.authors.clear()
    book.authors.add(*Author.objects.order_by("name"))
    book.authors.remove(Author.objects.get(name="Ada"))
    return [*found, book.authors.count(), book.changed > book.created]


def transactions(_: Any) -> Any:
    told: list[Any] = []
    with transaction.atomic():
        Tag.objects.create(word="kept")
        transaction.on_commit(lambda: told.append("committed"))
        try:
            with transaction.atomic():
                Tag.objects.create(word="lost")
                transaction.on_commit(lambda: told.append("never"))
                raise KeyError("back")  # noqa: TRY301 - what rolls it back
        except KeyError:
            told.append("rolled back")
        point = transaction.savepoint()
        Tag.objects.create(word="lost as well")
        transaction.savepoint_rollback(point)
        point = transaction.savepoint()
        transaction.savepoint_commit(point)
        told.append(connection.in_atomic_block)
        list(Book.objects.select_for_update().filter(pages__gt=300)) if _locks() else None
    told.append(_raised(_conflict))
    told.append(_raised(_negative))
    with transaction.atomic():
        try:
            with transaction.atomic():
                _conflict()
        except IntegrityError as error:
            told.append(type(error.__cause__).__qualname__)
        told.append(Tag.objects.filter(word__startswith="lost").count())
        transaction.set_rollback(True)
    told.append(_raised(lambda: Tag.objects.raw("SELECT nothing FROM nowhere")[0]))
    return told


def _locks() -> bool:
    return bool(connection.features.has_select_for_update)


def _conflict() -> None:
    Tag.objects.create(word="kept")


def _negative() -> None:
    Book.objects.create(title="No", price=-1, publisher=Publisher.objects.get(name="Faber"))


def _raised(call: Any) -> Any:
    try:
        return call()
    except (DatabaseError, ObjectDoesNotExist) as error:
        cause = error.__cause__
        told = [type(error).__qualname__, str(error), type(cause).__qualname__, _diagnosis(cause)]
        return [*told, list(map(str, getattr(cause, "args", ())))]


def _diagnosis(cause: Any) -> Any:
    diagnosis = getattr(cause, "diag", None)
    if diagnosis is None:
        return [getattr(cause, "sqlite_errorname", None)]
    return [diagnosis.sqlstate, diagnosis.constraint_name, diagnosis.table_name]


def raw(_: Any) -> Any:
    books = Book.objects.raw("SELECT * FROM shop_book WHERE pages > %s ORDER BY id", [200])
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, title, price FROM shop_book ORDER BY id")
        names = [column[0] for column in cursor.description]
        first, two, rest = cursor.fetchone(), cursor.fetchmany(2), cursor.fetchall()
        cursor.execute("UPDATE shop_book SET pages = pages WHERE id > %s", [0])
        changed = cursor.rowcount
        cursor.executemany(
            "UPDATE shop_tag SET word = %s WHERE word = %s", [("x", "y"), ("z", "q")]
        )
    return [[b.title for b in books], books.columns, names, first, two, rest, changed]


def streamed(_: Any) -> Any:
    """Server-side cursors where there are any; chunks elsewhere."""
    books = Book.objects.order_by("pk")
    found = [book.title for book in books.iterator(chunk_size=2)]
    tagged = books.prefetch_related("tags").iterator(chunk_size=4)
    found += [f"{b.title} {[t.word for t in b.tags.all()]}" for b in tagged]
    for book in books.iterator(chunk_size=2):  # left before its end
        found.append(book.title)
        break
    with transaction.atomic():
        found += books.values_list("title", flat=True).iterator(chunk_size=3)
    return found


def every_field(_: Any) -> Any:
    made = Everything.objects.create(
        big=2**62,
        binary=b"\x00\xff",
        boolean=True,
        char="ä\U0001f40d",
        date=dt.date(2024, 2, 29),
        moment=dt.datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=dt.UTC),
        decimal=Decimal("12345678901234.567890"),
        duration=dt.timedelta(days=3, seconds=5, microseconds=7),
        email="a@example.com",
        file="some/file.txt",
        path="/etc/hosts",
        float=0.1 + 0.2,
        ip="2001:db8::1",
        integer=-7,
        json={"a": [1, None, {"b": 1.5}], "ä": True},
        positive_big=2**60,
        positive=5,
        positive_small=3,
        slug="a-b",
        small=-3,
        text="long " * 50,
        time=dt.time(23, 59, 59, 999999),
        url="https://example.com/?a=1",
        uuid=uuid.UUID(int=5),
    )
    Everything.objects.create()
    found = Everything.objects.filter(pk=made.pk)
    deep = Everything.objects.filter(json__a__0=1, json__has_key="ä")
    return [
        [
            {name: _plain(value) for name, value in row.items()}
            for row in Everything.objects.values()
        ],
        found.filter(uuid=uuid.UUID(int=5), decimal__gt=1, moment__year=2024).count(),
        found.filter(duration__gt=dt.timedelta(1), binary=b"\x00\xff", boolean=True).exists(),
        [one.json for one in deep],
        list(found.values_list("json__a__2__b", flat=True)),
    ]


def _plain(value: Any) -> Any:
    return [type(value).__name__, repr(bytes(value) if isinstance(value, memoryview) else value)]


def drawn(_: Any) -> Any:
    """Keys and moments that the request makes come back in later statements."""
    author = Author.objects.create(name="Drawn")
    again = Author.objects.get(pk=author.pk)
    Profile.objects.create(author=again, about=str(uuid.uuid4()))
    Author.objects.filter(pk=author.pk).delete()
    return [str(author.pk), again.name]


def cached(request: Any) -> Any:
    cache.set("a", {"n": 1, "who": request.META["REQUEST_METHOD"]}, 300)
    return [
        cache.get("a"),
        cache.get("none", 5),
        cache.get_or_set("b", lambda: [1]),
        cache.incr("n") if cache.add("n", 1) else cache.get("n"),
        cache.get_many(["a", "b"]),
        cache.delete("a"),
    ]


def sessions(request: Any) -> Any:
    request.session["visits"] = request.session.get("visits", 0) + 1
    request.session.setdefault("seen", []).append(str(dt.date(2024, 1, 1)))
    return [request.session["visits"], request.user.is_authenticated, str(request.user)]


def types(_: Any) -> Any:
    return [
        sorted(ContentType.objects.get_for_models(Book, Tag, Author), key=str) != [],
        [str(t) for t in ContentType.objects.order_by("app_label", "model")],
        User.objects.get(username="ada").has_perm("shop.add_book"),
    ]


CASES = {
    case.__name__: case
    for case in (
        fill,
        relations,
        aggregates,
        expressions,
        writes,
        transactions,
        raw,
        streamed,
        every_field,
        drawn,
        cached,
        sessions,
        types,
    )
}

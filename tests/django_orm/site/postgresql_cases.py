"""What views ask of PostgreSQL's own fields and searches."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg, JSONBAgg, StringAgg
from django.contrib.postgres.search import (
    SearchQuery,
    SearchRank,
    SearchVector,
    TrigramSimilarity,
)
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange, NumericRange
from django.db.models import Value

from tests.django_orm.site.cases import _plain
from tests.django_orm.site.models import Book, Postgresql

__all__ = ["POSTGRESQL_CASES"]


def p_fields(_: Any) -> Any:
    made = Postgresql.objects.create(
        words=["a", "b ä"],
        grid=[[1, None], [3, 4]],
        numbers=NumericRange(1, 10),
        big=NumericRange(None, 2**60),
        decimals=NumericRange(Decimal("1.5"), Decimal("2.5"), "[]"),
        days=DateRange(dt.date(2024, 1, 1), dt.date(2024, 2, 1)),
        moments=DateTimeTZRange(dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None),
        pairs={"a": "1", "b": None},
        text="A cat sat on the mat",
    )
    found = Postgresql.objects.filter(pk=made.pk)
    return [
        [{n: _plain(v) for n, v in row.items()} for row in found.values()],
        found.filter(words__contains=["a"], words__len=2, words__0="a").exists(),
        found.filter(numbers__contains=5, days__overlap=(dt.date(2024, 1, 15), None)).exists(),
        found.filter(pairs__a="1", pairs__has_keys=["b"]).count(),
        list(found.values_list("numbers__startswith", "words__1", "pairs__a")),
    ]


def p_search(_: Any) -> Any:
    Postgresql.objects.update(vector=SearchVector("text"))
    vector, query = SearchVector("text", weight="A"), SearchQuery("cat | dog", search_type="raw")
    return [
        list(
            Postgresql.objects.annotate(rank=SearchRank(vector, query))
            .filter(vector=SearchQuery("cat"))
            .order_by("-rank")
            .values("text", "rank", "vector")
        ),
        Postgresql.objects.filter(text__search="mat").count(),
        Book.objects.aggregate(
            titles=ArrayAgg("title", order_by="title"),
            joined=StringAgg("title", Value("; "), order_by="title"),
            json=JSONBAgg("pages", order_by="pages"),
        ),
        list(
            Book.objects.annotate(like=TrigramSimilarity("title", "Book 1"))
            .order_by("-like", "pk")
            .values_list("title", "like")[:2]
        ),
        list(Book.objects.filter(title__unaccent__icontains="BOOK 2").values_list("title")),
    ]


POSTGRESQL_CASES = {case.__name__: case for case in (p_fields, p_search)}

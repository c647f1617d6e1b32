"""The same of the ORM's asynchronous face: each coroutine function is a page at its own name."""

from __future__ import annotations

import asyncio
from typing import Any

from asgiref.sync import sync_to_async
from django.db import transaction
from django.db.models import Count, F

from tests.django_orm.site.models import Author, Book, Profile, Publisher, Tag

__all__ = ["ASYNC_CASES"]


async def a_reads(_: Any) -> Any:
    first = await Book.objects.select_related("publisher").aget(title="Book 0")
    return [
        first.publisher.name,
        [book.title async for book in Book.objects.order_by("pk")],
        [b.title async for b in Book.objects.order_by("pk").aiterator(chunk_size=2)],
        await Book.objects.acount(),
        await Book.objects.aaggregate(n=Count("pk")),
        [a.name async for a in first.authors.order_by("name")],
        await Book.objects.filter(pages__gt=10**6).aexists(),
        (await Book.objects.order_by("-pk").afirst()).title,  # type: ignore[union-attr]
    ]


async def a_writes(_: Any) -> Any:
    tag, made = await Tag.objects.aget_or_create(word="later")
    author = await Author.objects.acreate(name="Dée")
    await Profile.objects.acreate(author=author)
    book = await Book.objects.aget(title="Book 1")
    await book.authors.aadd(author)
    book.pages += 1
    await book.asave()
    await Book.objects.filter(pk=book.pk).aupdate(pages=F("pages") + 1)
    await book.arefresh_from_db()
    gone = await tag.adelete()
    return [made, str(author.pk), book.pages, gone[0], await book.authors.acount()]


async def a_gathered(_: Any) -> Any:
    async def one(number: int) -> Any:
        book = await Book.objects.aget(title=f"Book {number % 6}")
        names = [t.word async for t in book.tags.order_by("word")]
        return number, book.title, names

    return await asyncio.gather(*(one(number) for number in range(8)))


async def a_transaction(_: Any) -> Any:
    @sync_to_async
    def move() -> Any:
        with transaction.atomic():
            house = Publisher.objects.get(name="Faber")
            return Book.objects.filter(publisher=house).update(pages=F("pages") + 1)

    return [await move(), await move()]


async def a_session(request: Any) -> Any:
    count = await request.session.aget("visits", 0)
    await request.session.aset("visits", count + 1)
    user = await request.auser()
    return [count, str(user), user.is_authenticated]


ASYNC_CASES = {
    case.__name__: case for case in (a_reads, a_writes, a_gathered, a_transaction, a_session)
}

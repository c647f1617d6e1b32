"""Cases: the ORM over a session of its own."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Enum, ForeignKey, String, Table, func, select, text, update
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    column_property,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
    subqueryload,
)

from tests.sql.bench import Bench, case


class Colour(enum.Enum):
    red = 1
    blue = 2


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "orm_author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    colour: Mapped[Colour | None] = mapped_column(Enum(Colour, name="orm_colour"))
    joined: Mapped[int] = mapped_column(server_default=text("11"))
    books: Mapped[list[Book]] = relationship(
        back_populates="author", cascade="all, delete-orphan", order_by="Book.id"
    )

    @hybrid_property
    def loud(self) -> str:
        return self.name.upper()

    @loud.inplace.expression
    @classmethod
    def _loud(cls) -> Any:
        return func.upper(cls.name)


class Book(Base):
    __tablename__ = "orm_book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    author_id: Mapped[int] = mapped_column(ForeignKey("orm_author.id"))
    version: Mapped[int] = mapped_column()
    author: Mapped[Author] = relationship(back_populates="books")
    __mapper_args__ = {"version_id_col": version}


class Animal(Base):
    __tablename__ = "orm_animal"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    twice: Mapped[int] = column_property(id * 2)  # noqa: A003 - the column above
    __mapper_args__ = {"polymorphic_on": kind, "polymorphic_identity": "animal"}


class Dog(Animal):
    __tablename__ = "orm_dog"
    id: Mapped[int] = mapped_column(ForeignKey("orm_animal.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(10))
    __mapper_args__ = {"polymorphic_identity": "dog"}


@contextmanager
def _session(bench: Bench, **options: Any) -> Iterator[Session]:
    Base.metadata.drop_all(bench.engine)
    Base.metadata.create_all(bench.engine)
    with Session(bench.engine, **options) as session:
        yield session


def _library(session: Session) -> None:
    session.add_all(
        [
            Author(name="ann", colour=Colour.red, books=[_book("a"), _book("b")]),
            Author(name="bob", books=[_book("c")]),
            Author(name="cid"),
        ]
    )
    session.commit()


def _book(title: str) -> Book:
    return Book(title=title)


def _shelves(authors: Any) -> list[Any]:
    return [(a.id, a.name, a.colour, a.joined, [b.title for b in a.books]) for a in authors]


@case()
def flush_and_commit(bench: Bench) -> None:
    with _session(bench) as session:
        author = Author(name="dan", books=[_book("x")])
        session.add(author)
        session.flush()
        bench.note(id=author.id, book=author.books[0].id, joined=author.joined)
        session.commit()
        bench.note(expired=author.name, version=author.books[0].version)
        author.books[0].title = "y"
        session.commit()
        bench.note(version=author.books[0].version)
        session.delete(author)
        session.commit()
        bench.note(left=session.scalar(select(func.count(Book.id))))


@case()
def loading_strategies(bench: Bench) -> None:
    with _session(bench) as session:
        _library(session)
        for option in (selectinload, joinedload, subqueryload):
            session.expunge_all()
            statement = select(Author).options(option(Author.books)).order_by(Author.id)
            bench.note(shelves=_shelves(session.scalars(statement).unique()))
        session.expunge_all()
        bench.note(lazily=_shelves(session.scalars(select(Author).order_by(Author.id))))
        bench.note(loud=session.scalars(select(Author.loud).order_by(Author.id)).all())


@case()
def identity_map(bench: Bench) -> None:
    with _session(bench) as session:
        _library(session)
        one = session.get(Author, 1)
        bench.note(same=one is session.get(Author, 1), none=session.get(Author, 99))
        assert one is not None
        session.refresh(one)
        session.execute(update(Author).where(Author.id == 1).values(joined=12))
        bench.note(joined=one.joined)
        bench.tried(lambda: session.get_one(Author, 99))
        session.expire(one)
        bench.note(joined=one.joined, merged=session.merge(Author(id=2, name="rob")).name)


@case()
def expire_on_commit_switched_off(bench: Bench) -> None:
    with _session(bench, expire_on_commit=False) as session:
        author = Author(name="eve")
        session.add(author)
        session.commit()
        bench.note(id=author.id, name=author.name)


@case()
def optimistic_versions(bench: Bench) -> None:
    with _session(bench) as session:
        _library(session)
        book = session.get(Book, 1)
        assert book is not None
        bench.note(version=book.version)
        session.execute(text("UPDATE orm_book SET version = 9 WHERE id = 1"))
        book.title = "stale"
        bench.tried(session.commit)
        session.rollback()


@case()
def bulk_statements(bench: Bench) -> None:
    with _session(bench) as session:
        session.execute(
            cast("Table", Author.__table__).insert(), [{"name": f"author {n}"} for n in range(20)]
        )
        session.bulk_save_objects([Author(name=f"bulk {n}") for n in range(3)])
        session.execute(update(Author), [{"id": 1, "name": "first"}, {"id": 2, "name": "second"}])
        session.commit()
        statement = select(Author.id, Author.name).order_by(Author.id)
        bench.note(all=session.execute(statement).all())
        if bench.system != "mysql":
            from sqlalchemy import insert

            made = session.scalars(
                insert(Author).returning(Author), [{"name": "r1"}, {"name": "r2"}]
            )
            bench.note(made=[(a.id, a.name, a.joined) for a in made])


@case()
def inheritance(bench: Bench) -> None:
    with _session(bench) as session:
        session.add_all([Animal(), Dog(name="rex"), Animal()])
        session.commit()
        found = session.scalars(select(Animal).order_by(Animal.id)).all()
        bench.note(found=[(type(a).__name__, a.id, a.twice) for a in found])


@case()
def a_flush_that_fails(bench: Bench) -> None:
    with _session(bench) as session:
        _library(session)
        session.add(Author(name="ann"))
        bench.tried(session.commit)
        bench.tried(lambda: session.scalar(select(func.count(Author.id))))
        session.rollback()
        bench.note(count=session.scalar(select(func.count(Author.id))))
        with session.begin_nested():
            session.add(Author(name="fay"))
        session.commit()
        bench.note(count=session.scalar(select(func.count(Author.id))))


@case()
def orm_yield_per(bench: Bench) -> None:
    with _session(bench) as session:
        _library(session)
        statement = select(Author).order_by(Author.id).execution_options(yield_per=2)
        bench.note(pages=[[a.name for a in p] for p in session.scalars(statement).partitions()])

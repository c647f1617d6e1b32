"""What the library keeps in its database."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

__all__ = ["Base", "Book", "Loan", "open_database"]


class Base(DeclarativeBase):
    """The tables of the library."""


class Book(Base):
    """A title that may be lent."""

    __tablename__ = "books"

    isbn: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    author: Mapped[str]


class Loan(Base):
    """A book that somebody has."""

    __tablename__ = "loans"

    id: Mapped[int] = mapped_column(primary_key=True)
    isbn: Mapped[str] = mapped_column(ForeignKey("books.isbn"))
    card: Mapped[str]
    due: Mapped[date]


def open_database(url: str) -> sessionmaker[Session]:
    """Sessions on the database at `url`."""
    return sessionmaker(create_engine(url))

"""Tables, three books, two loans: ``python -m library.seed``."""

from __future__ import annotations

import os
from datetime import date

from .models import Base, Book, Loan, open_database

BOOKS = (
    ("9780141439518", "Pride & Prejudice", "Jane Austen"),
    ("9780156012195", "The Little Prince", "Antoine de Saint-Exupéry"),
    ("9780262510875", "Structure and Interpretation of Computer Programs", "Abelson, Sussman"),
)


def seed(url: str) -> None:
    """Fill the database at `url`, which is empty."""
    sessions = open_database(url)
    Base.metadata.create_all(sessions.kw["bind"])
    with sessions.begin() as session:
        session.add_all(Book(isbn=i, title=t, author=a) for i, t, a in BOOKS)
        session.add(Loan(isbn=BOOKS[0][0], card="L-1", due=date(2026, 3, 1)))
        session.add(Loan(isbn=BOOKS[1][0], card="L-2", due=date(2026, 3, 2)))


if __name__ == "__main__":
    seed(os.environ.get("LIBRARY_DB", "sqlite:///library.db"))

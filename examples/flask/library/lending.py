"""The pages of the library: what there is, where it stands, and who has it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    render_template,
    request,
    stream_with_context,
)
from sqlalchemy import select

from .models import Book, Loan

__all__ = ["lending"]

lending = Blueprint("lending", __name__)

BRANCHES = ("central", "harbour", "university")
LOAN_DAYS = {"child": 42, "adult": 28, "staff": 90}


@lending.get("/")
def shelf() -> str:
    """All titles, as a page."""
    with current_app.config["SESSIONS"]() as session:
        books = session.scalars(select(Book).order_by(Book.title)).all()
        return render_template("shelf.html", books=books)


@lending.get("/books/<isbn>")
def book(isbn: str) -> dict[str, Any]:
    """One title, and how many copies each branch has: all are asked at once."""
    with current_app.config["SESSIONS"]() as session:
        found = session.get(Book, isbn) or abort(404)
        base = current_app.config["BRANCHES"]
        with ThreadPoolExecutor(len(BRANCHES)) as pool:
            copies = list(pool.map(lambda branch: _copies(base, branch, isbn), BRANCHES))
        return {"title": found.title, "copies": dict(zip(BRANCHES, copies, strict=True))}


def _copies(base: str, branch: str, isbn: str) -> int:
    answer = httpx.get(f"{base}/branches/{branch}/copies", params={"isbn": isbn})
    return int(answer.raise_for_status().json()["copies"])


@lending.post("/loans")
def lend() -> tuple[dict[str, Any], int]:
    """Lend a book to the holder of a card."""
    wanted = request.get_json()
    holder = httpx.get(f"{current_app.config['BRANCHES']}/cards/{wanted['card']}").json()
    due = datetime.now(UTC).date() + timedelta(days=LOAN_DAYS[holder["kind"]])
    with current_app.config["SESSIONS"].begin() as session:
        loan = Loan(isbn=wanted["isbn"], card=wanted["card"], due=due)
        session.add(loan)
        session.flush()
        flash(f"due on {due}")
        return {"loan": loan.id, "name": holder["name"], "due": due.isoformat()}, 201


@lending.get("/loans.csv")
def loans() -> Response:
    """All loans, line by line, each with the name on its card."""
    return Response(stream_with_context(_lines()), mimetype="text/csv")


def _lines() -> Iterator[str]:
    with current_app.config["SESSIONS"]() as session:
        for loan in session.scalars(select(Loan).order_by(Loan.id)):
            name = httpx.get(f"{current_app.config['BRANCHES']}/cards/{loan.card}").json()["name"]
            line = io.StringIO()
            csv.writer(line).writerow([loan.id, loan.isbn, name, loan.due])
            yield line.getvalue()

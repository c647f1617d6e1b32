"""The partners of the shop, in one service: ``uvicorn shop.upstream:app --port 8101``."""

from __future__ import annotations

import uuid

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI(title="Partners")

MEMBERS: dict[str, dict[str, str | int | None]] = {
    "ada@example.com": {"tier": "gold", "cents_per_point": 50},
    "grace@example.com": {"tier": "silver", "cents_per_point": 100},
    "linus@example.com": {"tier": "lapsed", "cents_per_point": None},
}


class Payment(BaseModel):
    """Money to be taken."""

    card: str
    cents: int
    reference: str


@app.get("/members")
def members(email: str) -> dict[str, str | int | None]:
    """The standing of one customer."""
    if email not in MEMBERS:
        raise HTTPException(404, "not a member")
    return {"email": email, **MEMBERS[email]}


@app.post("/payments", status_code=201)
def payments(payment: Payment) -> dict[str, str | int]:
    """Take the money."""
    return {"payment": f"pay_{uuid.uuid4().hex[:12]}", "cents": payment.cents, "state": "captured"}

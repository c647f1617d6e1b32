"""The two services the shop asks: who is a member, and whether the card is good."""

from __future__ import annotations

import os
from typing import TypedDict

import httpx

__all__ = ["Member", "charge", "member"]

_PARTNERS = httpx.Client(
    base_url=os.environ.get("SHOP_PARTNERS", "http://127.0.0.1:8101"), timeout=5
)


class Member(TypedDict):
    """What the loyalty programme says of somebody."""

    tier: str
    cents_per_point: int


def member(email: str) -> Member:
    """The loyalty programme's word on a customer."""
    response = _PARTNERS.get("/members", params={"email": email})
    response.raise_for_status()
    found: Member = response.json()
    return found


def charge(card: str, cents: int, reference: str) -> str:
    """Take the money and return the payment's number."""
    response = _PARTNERS.post(
        "/payments", json={"card": card, "cents": cents, "reference": reference}
    )
    response.raise_for_status()
    return str(response.json()["payment"])

"""The shop's service: ``uvicorn shop.main:app``."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from . import partners
from .loyalty import points_for
from .models import Customer, Order, OrderLine, Product

app = FastAPI(title="Shop")
engine = create_engine(os.environ.get("SHOP_DATABASE", "sqlite:///shop.db"))


class Item(BaseModel):
    """A product, and how many of it."""

    sku: str
    quantity: int = Field(1, ge=1)


class Basket(BaseModel):
    """What a customer wants to have."""

    customer: int
    items: list[Item]


def session() -> Iterator[Session]:
    """A session for one request."""
    with Session(engine) as opened:
        yield opened


Database = Annotated[Session, Depends(session)]


@app.get("/products")
def products(database: Database) -> list[dict[str, Any]]:
    """What there is to buy."""
    found = database.scalars(select(Product).where(Product.stock > 0).order_by(Product.sku))
    return [{"sku": product.sku, "name": product.name, "cents": product.cents} for product in found]


@app.post("/checkout", status_code=201)
def checkout(basket: Basket, database: Database) -> dict[str, Any]:
    """Charge the card, keep the order, hand out the receipt."""
    customer = database.get(Customer, basket.customer)
    if customer is None:
        raise HTTPException(404, "no such customer")
    order = Order(number=str(uuid.uuid4()), customer_id=customer.id, placed_at=datetime.now(UTC))
    order.lines = [_line(item, database) for item in basket.items]
    member = partners.member(customer.email)
    order.payment = partners.charge(customer.card, order.cents, order.number)
    database.add(order)
    database.commit()
    return {
        "order": order.number,
        "placed_at": order.placed_at,
        "items": [{"sku": line.sku, "quantity": line.quantity} for line in order.lines],
        "cents": order.cents,
        "payment": order.payment,
        "tier": member["tier"],
        "points": points_for(order.cents, member),
    }


def _line(item: Item, database: Session) -> OrderLine:
    product = database.get(Product, item.sku)
    if product is None or product.stock < item.quantity:
        raise HTTPException(409, f"{item.sku} is sold out")
    product.stock -= item.quantity
    return OrderLine(sku=product.sku, quantity=item.quantity, cents=product.cents)


@app.exception_handler(Exception)
def failed(request: Request, error: Exception) -> JSONResponse:
    """What a customer is told, and can tell the support."""
    incident = {"incident": str(uuid.uuid4()), "at": datetime.now(UTC).isoformat()}
    return JSONResponse({"error": "something went wrong", **incident}, status_code=500)

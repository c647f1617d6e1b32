"""A shop that asks three servers: PostgreSQL, Redis, and a partner that knows exchange rates."""

import os
import uuid
from datetime import UTC, datetime

import httpx
import redis
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

DATABASE = os.environ.get("SHOP_DATABASE", "postgresql+psycopg://shop:shop@localhost:5432/shop")
CACHE = os.environ.get("SHOP_CACHE", "redis://localhost:6379/0")
RATES = os.environ.get("SHOP_RATES", "http://localhost:8750")

engine = create_engine(DATABASE)
cache = redis.Redis.from_url(CACHE, decode_responses=True)
app = FastAPI()


class Table(DeclarativeBase):
    pass


class Product(Table):
    __tablename__ = "product"
    sku: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    cents: Mapped[int]
    stock: Mapped[int]


class Order(Table):
    __tablename__ = "purchase"
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(ForeignKey("product.sku"))
    cents: Mapped[int]
    currency: Mapped[str]
    ordered_at: Mapped[datetime]


class Wish(BaseModel):
    sku: str
    currency: str = "EUR"


def rate(currency: str) -> float:
    """What one euro is in `currency`; asked of the partner once in ten minutes."""
    known = cache.get(f"rate:{currency}")
    if known is None:
        answer = httpx.get(f"{RATES}/rates/{currency}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise HTTPException(422, f"no rate for {currency}")
        known = answer.raise_for_status().json()["rate"]
        cache.set(f"rate:{currency}", known, ex=600)
    return float(known)


@app.get("/products")
def products() -> list[dict[str, object]]:
    with Session(engine) as session:
        found = session.scalars(select(Product).order_by(Product.sku))
        return [{"sku": one.sku, "name": one.name, "stock": one.stock} for one in found]


@app.post("/orders", status_code=201)
def order(wish: Wish) -> dict[str, object]:
    with Session(engine) as session, session.begin():
        product = session.get(Product, wish.sku, with_for_update=True)
        if product is None or product.stock < 1:
            raise HTTPException(409, "sold out")
        product.stock -= 1
        cents = round(product.cents * rate(wish.currency))
        now = datetime.now(UTC).replace(tzinfo=None)
        made = Order(
            id=uuid.uuid4(), sku=wish.sku, cents=cents, currency=wish.currency, ordered_at=now
        )
        session.add(made)
        return {"id": made.id, "cents": cents, "currency": wish.currency, "ordered_at": now}

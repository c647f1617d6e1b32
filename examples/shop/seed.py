"""Make the database: ``python -m shop.seed``."""

from __future__ import annotations

from sqlalchemy.orm import Session

from .main import engine
from .models import Base, Customer, Product


def seed() -> None:
    """Tables, three customers, three products."""
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.add_all(
            [
                Customer(id=1, name="Ada", email="ada@example.com", card="card_4242"),
                Customer(id=2, name="Grace", email="grace@example.com", card="card_5454"),
                Customer(id=3, name="Linus", email="linus@example.com", card="card_1881"),
                Product(sku="mug", name="Mug", cents=1290, stock=40),
                Product(sku="poster", name="Poster", cents=1850, stock=12),
                Product(sku="stickers", name="Stickers", cents=450, stock=200),
            ]
        )


if __name__ == "__main__":
    seed()

"""What the tests share: the tables, once; a shop with full shelves and an empty cache, for each."""

from collections.abc import Iterator

import pytest
import shop
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session


@pytest.fixture(scope="session")
def tables() -> Iterator[None]:
    shop.Table.metadata.create_all(shop.engine)
    yield
    shop.Table.metadata.drop_all(shop.engine)


@pytest.fixture
def client(tables: None) -> TestClient:
    shop.cache.flushdb()
    with Session(shop.engine) as session, session.begin():
        session.execute(text("TRUNCATE purchase, product"))
        session.add(shop.Product(sku="tea", name="A tin of tea", cents=1250, stock=2))
        session.add(shop.Product(sku="mug", name="A mug", cents=800, stock=1))
    return TestClient(shop.app)

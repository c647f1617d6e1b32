"""Every test here asks PostgreSQL and Redis, most ask the partner too. None of them need to run."""

from uuid import UUID

import pytest
import shop
from fastapi.testclient import TestClient

pytestmark = pytest.mark.cassette


def test_all_products_are_listed(client: TestClient) -> None:
    listed = client.get("/products").json()
    assert [one["sku"] for one in listed] == ["mug", "tea"]


@pytest.mark.parametrize(("currency", "cents"), [("EUR", 1250), ("SEK", 14150)])
def test_an_order_is_priced_in_the_customers_currency(
    client: TestClient, currency: str, cents: int
) -> None:
    answer = client.post("/orders", json={"sku": "tea", "currency": currency})
    assert answer.status_code == 201
    assert answer.json()["cents"] == cents
    assert UUID(answer.json()["id"]).version == 4


def test_the_rate_is_asked_for_once(client: TestClient) -> None:
    for _ in range(2):
        assert client.post("/orders", json={"sku": "tea", "currency": "SEK"}).status_code == 201
    assert shop.cache.get("rate:SEK") == "11.32"


@pytest.mark.cassette("sold_out.json")
def test_the_last_mug_is_sold_once(client: TestClient) -> None:
    assert client.post("/orders", json={"sku": "mug"}).status_code == 201
    assert client.post("/orders", json={"sku": "mug"}).json() == {"detail": "sold out"}


def test_a_currency_without_a_rate_takes_nothing_from_the_shelf(client: TestClient) -> None:
    answer = client.post("/orders", json={"sku": "mug", "currency": "XXX"})
    assert answer.status_code == 422
    assert {"sku": "mug", "name": "A mug", "stock": 1} in client.get("/products").json()

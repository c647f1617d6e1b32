"""The service that knows exchange rates, for a machine that has none."""

from __future__ import annotations

import random

from fastapi import FastAPI, HTTPException

EUROS = {"EUR": 1.0, "USD": 0.92, "GBP": 1.17, "JPY": 0.0061}

app = FastAPI()


@app.get("/rates/{currency}")
def rate(currency: str) -> dict[str, object]:
    if currency not in EUROS:
        raise HTTPException(404, f"no rate for {currency}")
    euros = EUROS[currency] * random.gauss(1, 0.01)
    return {"currency": currency, "euros": round(euros, 6)}


@app.get("/limits")
def limits() -> dict[str, float]:
    return {"EUR": 5000, "USD": 5000}

"""A Flask application that is instrumented in its own code: ``python -m … PORT``."""

from __future__ import annotations

import os
import sys
from typing import Any

import httpx
from flask import Flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor

import timetracer_otel

timetracer_otel.instrument()

app = Flask(__name__)
FlaskInstrumentor().instrument_app(app)


@app.get("/asks/<name>")
def asks(name: str) -> Any:
    return {"upstream": httpx.get(f"{os.environ['UPSTREAM_URL']}/{name}").json()}


if __name__ == "__main__":
    app.run(port=int(sys.argv[1]))

"""A public library on Flask: ``flask --app library run``, after ``python -m library.seed``."""

from __future__ import annotations

import os

from flask import Flask

from .lending import lending
from .models import open_database

__all__ = ["create_app"]


def create_app() -> Flask:
    """The application, with the database and the branches that the environment names."""
    app = Flask(__name__)
    app.config["BRANCHES"] = os.environ.get("BRANCHES_URL", "http://127.0.0.1:8201")
    app.config["SESSIONS"] = open_database(os.environ.get("LIBRARY_DB", "sqlite:///library.db"))
    app.secret_key = os.environ.get("LIBRARY_SECRET", "for development only")
    app.register_blueprint(lending)
    return app

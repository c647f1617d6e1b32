"""A Flask application that does what Flask applications do."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import flask
from flask import Flask, abort, g, redirect, request, session, stream_with_context, url_for
from flask.sessions import SecureCookieSessionInterface
from flask.views import MethodView

Ask = Callable[[str], None]
"""Makes one outbound call, to be seen in the recording."""


class Problem(Exception):
    """Something that the application has an answer to."""


def make_app(ask: Ask, kind: type[Flask] | None = None) -> Flask:
    app = (kind or flask.Flask)(__name__)
    app.secret_key = "secret"
    app.session_interface = _AskingSessions(ask)
    app.register_blueprint(_views(ask), url_prefix="/views")

    @app.before_request
    def first() -> None:
        ask("before")

    @app.teardown_request
    def last(_error: BaseException | None) -> None:
        ask("teardown")

    @app.after_request
    def mark(response: Any) -> Any:
        response.headers["X-Marked"] = "yes"
        return response

    @app.errorhandler(Problem)
    def solved(error: Problem) -> Any:
        return {"problem": str(error)}, 409

    return app


class _AskingSessions(SecureCookieSessionInterface):
    """As those that live in a database are: asked before anything else of Flask happens."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def open_session(self, app: Any, request: Any) -> Any:
        self._ask("session")
        return super().open_session(app, request)


def _views(ask: Ask) -> flask.Blueprint:  # noqa: C901 - a list of views
    views = flask.Blueprint("views", __name__)

    @views.get("/items/<int:number>")
    def item(number: int) -> Any:
        ask("view")
        g.number = number
        session["seen"] = session.get("seen", 0) + 1
        return {"number": g.number, "seen": session["seen"]}

    @views.get("/async")
    async def asynchronous() -> Any:
        ask("view")
        return "async"

    @views.post("/upload")
    def upload() -> Any:
        file = request.files["paper"]
        return {"name": file.filename, "size": len(file.read()), "to": request.form["to"]}

    @views.get("/stream")
    def stream() -> Any:
        def lines() -> Iterator[str]:
            for n in range(3):
                ask(f"chunk {n}")
                yield f"{request.args['name']} {n}\n"

        return flask.Response(stream_with_context(lines()), mimetype="text/plain")

    @views.get("/bare-stream")
    def bare_stream() -> Any:
        def lines() -> Iterator[str]:
            ask("chunk")
            yield "chunk"

        return flask.Response(lines())

    @views.get("/file")
    def file() -> Any:
        return flask.send_file(io.BytesIO(b"file" * 10_000), download_name="a.bin")

    @views.get("/module")
    def module() -> Any:
        return flask.send_file(__file__, conditional=True)

    @views.get("/fails")
    def fails() -> Any:
        raise LookupError("nobody has thought of this")

    @views.get("/problem")
    def problem() -> Any:
        raise Problem("known")

    @views.get("/missing")
    def missing() -> Any:
        abort(404)

    @views.get("/moved")
    def moved() -> Any:
        return redirect(url_for("views.item", number=7))

    class Resource(MethodView):
        def put(self) -> Any:
            return request.get_json(), 202

    views.add_url_rule("/resource", view_func=Resource.as_view("resource"))
    return views

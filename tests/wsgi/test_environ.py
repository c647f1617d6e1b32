"""An environ, the request it stands for, and an environ again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.wsgi.gateway import environ_for
from timetracer_otel.applications import is_factory, kind_of
from timetracer_otel.protocols.http import encode_request
from timetracer_otel.protocols.http_parts import header_pairs
from timetracer_otel.protocols.wsgi import environ_of, request_of

CASES: list[dict[str, Any]] = [
    {},
    {"SCRIPT_NAME": "/mount", "PATH_INFO": ""},
    {"SCRIPT_NAME": "/mount", "PATH_INFO": "/a b%/c"},
    {"QUERY_STRING": "q=%2F&empty=&q=1;2"},
    {"PATH_INFO": "/a/../b//c/;p=1"},
    {"CONTENT_TYPE": "application/json", "REMOTE_PORT": "4711", "wsgi.url_scheme": "https"},
    {"HTTP_COOKIE": "a=1; b=\xe9", "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""},
    {"REQUEST_METHOD": "PURGE", "SERVER_PROTOCOL": "HTTP/1.0", "PATH_INFO": "/"},
]


@pytest.mark.parametrize("variables", CASES, ids=str)
def test_an_environ_comes_back_from_the_request_made_of_it(variables: dict[str, Any]) -> None:
    environ = environ_for(b"body", **variables)
    request = encode_request(request_of(environ))
    again = environ_of(request, header_pairs(request.headers), b"body")
    assert again["wsgi.input"].read() == b"body"
    skipped = {"log", "wsgi.input", "wsgi.file_wrapper"}
    expected = {k: v for k, v in environ.items() if k not in skipped and v != ""}
    assert {k: again.get(k) for k in expected} == expected


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"RAW_URI": "/caf%c3%a9?x=%20"}, "http://shop.example/caf%c3%a9?x=%20"),
        ({"REQUEST_URI": "/caf%C3%A9"}, "http://shop.example/caf%C3%A9"),
        ({"RAW_URI": "http://other/caf%C3%A9"}, "http://shop.example/caf%C3%A9?a=1&a=2"),
        ({"HTTP_HOST": ""}, "http://shop:80/caf%C3%A9?a=1&a=2"),
    ],
)
def test_the_url_is_the_one_that_came(variables: dict[str, Any], url: str) -> None:
    assert request_of(environ_for(**variables)).url == url


def test_a_proxy_of_the_process_is_no_header_of_the_request() -> None:
    headers = request_of(environ_for(HTTP_PROXY="http://user:password@proxy")).headers
    assert [name for name, _ in headers if name == b"Proxy"] == []


def wsgi_function(environ: Any, start_response: Any) -> Any: ...
async def asgi_function(scope: Any, receive: Any, send: Any) -> None: ...
def asgi_by_arguments(scope: Any, receive: Any, send: Any) -> Any: ...
def asgi_two(scope: Any) -> Any: ...
def factory(configuration: str = "") -> Any: ...


class WsgiObject:
    def __call__(self, environ: Any, start_response: Any) -> Any: ...


class AsgiObject:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


class Middleware:
    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self.app(*args, **keywords)


@pytest.mark.parametrize(
    ("app", "kind"),
    [
        (wsgi_function, "wsgi"),
        (WsgiObject(), "wsgi"),
        (Middleware(Middleware(WsgiObject())), "wsgi"),
        (asgi_function, "asgi"),
        (asgi_by_arguments, "asgi"),
        (asgi_two, "asgi"),
        (AsgiObject(), "asgi"),
        (Middleware(AsgiObject()), "asgi"),
        (Middleware(Middleware(AsgiObject())), "asgi"),
    ],
)
def test_the_kind_of_an_application_is_told_by_how_it_is_called(app: Any, kind: str) -> None:
    assert kind_of(app) == kind


def test_applications_of_frameworks_are_known() -> None:
    from fastapi import FastAPI
    from flask import Flask
    from litestar import Litestar
    from starlette.applications import Starlette
    from werkzeug.middleware.proxy_fix import ProxyFix

    flask = Flask(__name__)
    assert [kind_of(a) for a in (flask, flask.wsgi_app, ProxyFix(flask))] == ["wsgi"] * 3
    assert [kind_of(a) for a in (FastAPI(), Starlette(), Litestar())] == ["asgi"] * 3


def test_a_function_without_arguments_makes_the_application() -> None:
    assert is_factory(factory)
    assert not is_factory(wsgi_function)
    assert not is_factory(WsgiObject())

"""A visit to the site: every page of the cases, then an account's way through the admin's."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from tests.wsgi.serving import Reply, ask

__all__ = ["Visit"]

PAGES = [
    "fill",
    "relations",
    "aggregates",
    "expressions",
    "writes",
    "transactions",
    "raw",
    "streamed",
    "every_field",
    "drawn",
    "cached",
    "sessions",
    "types",
    "a_reads",
    "a_writes",
    "a_gathered",
    "a_transaction",
    "a_session",
]
POSTGRESQL_PAGES = ["p_fields", "p_search"]
_TOKEN = re.compile(rb'csrfmiddlewaretoken" value="([^"]+)"')


class Visit:
    """A browser at `port`; `replies` are all that it has seen."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookies: dict[str, str] = {}
        self.replies: list[Reply] = []

    def all_pages(self, *, postgresql: bool) -> None:
        for page in [*PAGES, *(POSTGRESQL_PAGES if postgresql else [])]:
            self._go("GET", f"/{page}")
        login = {"username": "ada", "next": "/admin/"}
        form = self._go("GET", "/admin/login/?next=/admin/")
        self._send("/admin/login/", form, **login, password="wrong")
        self._send("/admin/login/", form, **login, password="s3cret")
        self._go("GET", "/admin/")
        self._go("GET", "/admin/shop/book/?q=Book&o=-2")
        form = self._go("GET", "/admin/shop/tag/add/")
        self._send("/admin/shop/tag/add/", form, word="by-admin")
        self._send("/admin/shop/tag/add/", form, word="by-admin", csrfmiddlewaretoken="bad")
        for path in ("/admin/shop/tag/", "/sessions", "/sessions", "/a_session"):
            self._go("GET", path)
        self._send("/admin/logout/", form)

    def _send(self, path: str, form: Reply, **fields: str) -> Reply:
        found = _TOKEN.search(form.body)
        assert found is not None
        data = urlencode({"csrfmiddlewaretoken": found[1].decode(), **fields})
        return self._go("POST", path, data, Content_Type="application/x-www-form-urlencoded")

    def _go(self, method: str, path: str, body: str | None = None, **headers: str) -> Reply:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        reply = ask(self._port, path, method=method, body=body, Cookie=cookies, **headers)
        for name, value in reply.headers:
            if name.lower() == "set-cookie":
                cookie, _, rest = value.partition("=")
                self._cookies[cookie] = rest.partition(";")[0]
        self.replies.append(reply)
        return reply

"""What the service asks: a server that can be stopped."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Self


class Upstream:
    """Answers on a port of its own while the block lasts, and counts."""

    def __init__(self, port: int = 0) -> None:
        self.requests = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(upstream: Upstream) -> type[BaseHTTPRequestHandler]:
    numbers = count(1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            upstream.requests += 1
            path = self.path.partition("?")[0]
            if path == "/next":
                self._say({"number": next(numbers)})
            elif path == "/rates":
                self._say({"EUR": 1.0, "USD": 1.1})
            else:
                self._say({"price": 100 * int(path.rpartition("/")[2])})

        def do_POST(self) -> None:
            upstream.requests += 1
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self._say({"got": body})

        def _say(self, value: Any) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Not in the tests' output."""

    return Handler

"""The branches of the library, in one service: ``python branches.py 8201``."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CARDS = {
    "L-1": {"name": "Ada Lovelace", "kind": "adult"},
    "L-2": {"name": "Grace Hopper", "kind": "staff"},
    "L-3": {"name": "Linus Pauling", "kind": "visitor"},
}
COPIES = {"central": 3, "harbour": 1, "university": 0}


class Branches(BaseHTTPRequestHandler):
    """Cards by their number, copies by branch."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        match url.path.strip("/").split("/"):
            case ["cards", number] if number in CARDS:
                self._answer(200, CARDS[number])
            case ["branches", branch, "copies"] if branch in COPIES:
                isbn = parse_qs(url.query)["isbn"][0]
                self._answer(200, {"isbn": isbn, "copies": COPIES[branch]})
            case _:
                self._answer(404, {"error": "not found"})

    def _answer(self, status: int, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Keep quiet."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Branches).serve_forever()

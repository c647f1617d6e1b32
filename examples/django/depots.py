"""The depots, in one service: ``python depots.py 8301``."""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PARCELS = {1: "letter", 2: "parcel", 3: "elephant"}
HELD = {"amsterdam": 12, "berlin": 7, "copenhagen": 0}


class Depots(BaseHTTPRequestHandler):
    """Parcels by number, depots by name."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        match url.path.strip("/").split("/"):
            case ["parcels", number] if int(number) in PARCELS:
                self._answer(200, {"number": int(number), "kind": PARCELS[int(number)]})
            case ["depots", depot] if depot in HELD:
                parcel = int(parse_qs(url.query)["parcel"][0])
                self._answer(200, {"depot": depot, "held": HELD[depot], "seen": parcel in PARCELS})
            case _:
                self._answer(404, {"error": "not found"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(201, {"number": 4})

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
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Depots).serve_forever()

"""The partner, for who wants to record anew: `python partner.py` serves on port 8750."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RATES = {"EUR": 1, "SEK": 11.32, "CHF": 0.94}


class Partner(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        rate = RATES.get(self.path.removeprefix("/rates/"))
        body = json.dumps({"rate": rate}).encode()
        self.send_response(200 if rate else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    port = int(os.environ.get("PARTNER_PORT", "8750"))
    ThreadingHTTPServer(("127.0.0.1", port), Partner).serve_forever()

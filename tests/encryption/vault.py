"""A server of Vault's own HTTP interface, as far as transit and KV go: OpenBao has the same."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "s.of-the-tests"


class Vault:
    """What it keeps, and how often it was asked what."""

    def __init__(self) -> None:
        self.transit: dict[str, list[bytes]] = {"shop": [os.urandom(32)]}
        self.kv: dict[str, tuple[dict[str, Any], int]] = {}
        self.asked: list[str] = []
        self.sealed = False

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        _, _, mount, *rest = path.split("/")
        self.asked.append(f"{mount}/{rest[0]}")
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if mount == "transit":
            return self._transit(rest, body)
        return self._kv(method, "/".join([mount, *rest[1:]]), body)

    def _transit(self, words: list[str], body: dict[str, Any]) -> tuple[int, Any]:
        what, name = (words[0], words[1]) if words[0] != "keys" else ("rotate", words[1])
        versions = self.transit.get(name)
        if versions is None:
            return 400, {"errors": ["encryption key not found"]}
        if what == "rotate":
            versions.append(os.urandom(32))
            return 200, {"data": {}}
        about = base64.b64decode(body.get("associated_data", ""))
        if what == "encrypt":
            nonce = os.urandom(12)
            plain = base64.b64decode(body["plaintext"])
            data = nonce + AESGCM(versions[-1]).encrypt(nonce, plain, about)
            text = f"vault:v{len(versions)}:{base64.b64encode(data).decode()}"
            return 200, {"data": {"ciphertext": text}}
        _, version, text = body["ciphertext"].split(":")
        data = base64.b64decode(text)
        try:
            plain = AESGCM(versions[int(version[1:]) - 1]).decrypt(data[:12], data[12:], about)
        except (InvalidTag, LookupError):
            return 400, {"errors": ["cipher: message authentication failed"]}
        return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}

    def _kv(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        found = self.kv.get(path)
        if method == "GET":
            if found is None:
                return 404, {"errors": []}
            return 200, {"data": {"data": found[0], "metadata": {"version": found[1]}}}
        version = found[1] if found else 0
        if body["options"]["cas"] != version:
            return 400, {"errors": ["check-and-set parameter did not match the current version"]}
        self.kv[path] = (body["data"], version + 1)
        return 200, {"data": {"version": version + 1}}


@contextmanager
def served() -> Iterator[tuple[Vault, str]]:
    """A vault, and its address."""
    vault = Vault()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("X-Vault-Token") == TOKEN:
                path = self.path.partition("?")[0]
                status, said = vault.answer(self.command, path, json.loads(body or b"{}"))
            else:
                status, said = 403, {"errors": ["permission denied"]}
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - the names that the server looks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the inherited name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield vault, f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()

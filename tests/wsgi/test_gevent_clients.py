"""gevent patches `ssl` in a worker: nothing of ours may have imported what takes it from there."""

from __future__ import annotations

import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.serving import cassettes, free_port, recorded, replayed

BUCKETS = b"""<?xml version="1.0"?><ListAllMyBucketsResult><Owner><ID>1</ID></Owner>
<Buckets><Bucket><Name>photos</Name></Bucket></Buckets></ListAllMyBucketsResult>"""


class _Upstream(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BUCKETS)))
        self.end_headers()
        self.wfile.write(BUCKETS)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name for it
        """Nobody reads it."""


@pytest.fixture
def upstream() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Upstream) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_boto3_and_requests_work_under_gunicorn_s_gevent_worker(
    upstream: str, tmp_path: Path
) -> None:
    port, folder = free_port(), tmp_path / "cassettes"
    words = [sys.executable, "-m", "gunicorn", "-k", "gevent", "tests.wsgi.buckets:app"]
    command = [*words, "--bind", f"127.0.0.1:{port}"]
    with recorded(command, port, folder, UPSTREAM=upstream):
        answer = urllib.request.urlopen(f"http://127.0.0.1:{port}/").read()
        cassettes(folder, 1)
    assert answer == b'[["photos"], "TLSv1_2", %d]' % len(BUCKETS)
    shown = replayed(folder, "--", *command, UPSTREAM=upstream)
    assert shown.stdout.startswith("same"), shown.stdout + shown.stderr

"""Requests in greenlets, patched before or after we are imported; prints what was recorded.

``python -m tests.wsgi.greenlets before|after``
"""

from __future__ import annotations

import sys
from typing import Any

REQUESTS = 20


def main() -> None:
    import gevent

    from tests.core.tracing import answer, call
    from tests.wsgi.gateway import environ_for, serve
    from tests.wsgi.recording import recorded_here
    from timetracer_otel.capture.wsgi import with_server_span

    def app(environ: Any, start_response: Any) -> Any:
        for _ in range(3):
            gevent.sleep(0.001)
            answer(call(recorded, f"http://upstream{environ['PATH_INFO']}"))
        start_response("200 OK", [])
        return [b"done"]

    with recorded_here() as recorded:
        if sys.argv[1] == "after":
            patch()
        work = [
            gevent.spawn(serve, with_server_span(app), environ_for(PATH_INFO=f"/{n}"))
            for n in range(REQUESTS)
        ]
        gevent.joinall(work, raise_error=True)
        while len(recorded.shelf.cassettes) < REQUESTS:  # by the worker's own doing
            gevent.sleep(0.01)
    for cassette in recorded.shelf.cassettes:
        entry: Any = cassette.entry
        path = entry.request.url.partition("?")[0].rpartition("/")[2]
        print(path, *(i.title.rpartition("/")[2] for i in cassette.interactions))


def patch() -> None:
    from gevent import monkey

    monkey.patch_all()


if __name__ == "__main__":
    if sys.argv[1] == "before":
        patch()
    main()

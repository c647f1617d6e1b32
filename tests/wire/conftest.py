"""Every case recorded against live servers, and replayed when they have stopped."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest
import trustme

from tests.conformance import Program, Runs
from tests.http.proxy import Proxy
from tests.http.upstream import Upstream
from tests.wire.eager import Eager


@pytest.fixture(scope="session")
def runs_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Runs]:
    """All runs of one kind, made when first asked for."""

    @cache
    def run(kind: str) -> Runs:
        folder = tmp_path_factory.mktemp(kind)
        with _servers(kind, folder) as (addresses, upstreams):
            program = Program(
                "tests.wire.program",
                folder,
                "MODE",
                kind,
                str(folder),
                TIMETRACER_MAX_TRACE_KB="400000",
                TIMETRACER_MAX_MEMORY_MB="1000",
                **addresses,
            )
            if kind != "boto3":  # moto's servers keep what they were told
                program.bare()
                for upstream in upstreams:
                    upstream.begin_anew()
            program.record()
        program.replay()
        return program.runs("record" if kind == "boto3" else "bare")

    return run


@contextmanager
def _servers(kind: str, folder: Path) -> Iterator[tuple[dict[str, str], list[Upstream]]]:
    with ExitStack() as stack:
        upstream = stack.enter_context(Upstream())
        encrypted = stack.enter_context(Upstream(tls=_certified(folder)))
        local = stack.enter_context(Upstream(path=str(folder / "socket")))
        proxy = stack.enter_context(Proxy())
        eager = stack.enter_context(Eager())
        with socket.create_server(("127.0.0.1", 0)) as closed:
            refused = closed.getsockname()[1]
        addresses = {
            "URL": upstream.url,
            "TLS_URL": encrypted.url,
            "AUTHORITY": str(folder / "authority.pem"),
            "PROXY_URL": f"http://user:secret@127.0.0.1:{proxy.port}",
            "UNIX_SOCKET": str(folder / "socket"),
            "EAGER_URL": eager.url,
            "DEAF_URL": upstream.deaf_url,
            "REFUSED_URL": f"http://127.0.0.1:{refused}",
            "AWS_URL": _aws(stack) if kind == "boto3" else "",
        }
        yield addresses, [upstream, encrypted, local]


def _certified(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS, for `localhost` alone."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def _aws(stack: ExitStack) -> str:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    stack.callback(server.stop)
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"

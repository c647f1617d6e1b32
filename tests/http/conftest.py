"""Every case recorded against live servers, and replayed when they have stopped."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.conformance import Program, Runs
from tests.http.caller import Addresses
from tests.http.proxy import Proxy
from tests.http.upstream import Upstream

ALONE = ("httpx-sync", "httpx2-async")
"""Clients that run without us, too."""


@pytest.fixture(scope="session")
def runs_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, str], Runs]]:
    """The runs with a client and some cases (none meaning all), made when first asked for.

    Without other workers all that the session needs are made then, two at a time.
    """
    running: dict[tuple[str, str], Future[Runs]] = {}
    with ThreadPoolExecutor(2) as pool:

        def begin(kind: str, cases: str) -> Future[Runs]:
            if (kind, cases) not in running:
                folder = tmp_path_factory.mktemp(kind)
                running[kind, cases] = pool.submit(run_all, kind, cases, folder)
            return running[kind, cases]

        def runs(kind: str, cases: str = "") -> Runs:
            if "PYTEST_XDIST_WORKER" not in os.environ:
                for each in _wanted(request.session.items):
                    begin(*each)
            return begin(kind, cases).result()

        yield runs


def _wanted(items: list[pytest.Item]) -> Iterator[tuple[str, str]]:
    for item in items:
        parameters: dict[str, Any] = getattr(getattr(item, "callspec", None), "params", {})
        if "runs_of" in getattr(item, "fixturenames", ()) and "kind" in parameters:
            yield parameters["kind"], parameters.get("cases", "")


def run_all(kind: str, cases: str, folder: Path) -> Runs:
    """Record against servers that run, stop them, and replay; and without us besides."""
    with _servers(folder) as (at, upstreams):
        program = Program(
            "tests.http.program",
            folder,
            "MODE",
            kind,
            str(folder),
            CASES=cases,
            TIMETRACER_CAPTURE="httpx,httpx2",  # the rest takes longer to import than all cases
            **at.as_environment(),
        )
        program.record()
        if kind in ALONE:
            for upstream in upstreams:
                upstream.begin_anew()
            program.bare()
        before = [upstream.requests for upstream in upstreams]
    program.replay()
    assert [upstream.requests for upstream in upstreams] == before
    return program.runs("bare" if kind in ALONE else "")


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[Addresses, list[Upstream]]]:
    authority = trustme.CA()
    ca_file, client_file = folder / "ca.pem", folder / "client.pem"
    authority.cert_pem.write_to_path(ca_file)
    authority.issue_cert("client@tests").private_key_and_cert_chain_pem.write_to_path(client_file)
    unix_socket = str(folder / "socket")
    with ExitStack() as stack:
        plain = stack.enter_context(Upstream())
        tls = stack.enter_context(Upstream(tls=_server_context(authority)))
        local = stack.enter_context(Upstream(path=unix_socket))
        proxy = stack.enter_context(Proxy())
        with socket.create_server(("127.0.0.1", 0)) as closed:
            refused = closed.getsockname()[1]
        at = Addresses(
            url=plain.url,
            deaf_url=plain.deaf_url,
            refused_url=f"http://127.0.0.1:{refused}",
            tls_url=tls.url,
            proxy_url=f"http://user:secret@127.0.0.1:{proxy.port}",
            unix_socket=unix_socket,
            ca_file=str(ca_file),
            client_file=str(client_file),
        )
        yield at, [plain, tls, local]


def _server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context

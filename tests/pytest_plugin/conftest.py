"""Projects with tests of their own, run by a pytest of their own; a service that may be off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pytest_plugin.project import Project, Upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A service over HTTP that answers with what it is told to."""
    service = Upstream()
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture
def project(
    pytester: pytest.Pytester, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """An empty project, whose tests find the service's address in ``UPSTREAM``."""
    for name in ("CI", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
    return Project(pytester, upstream)

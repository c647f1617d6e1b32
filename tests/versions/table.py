"""Which versions of a library are tested, and by which of the tests."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OPENTELEMETRY", "ROWS", "Row"]

OPENTELEMETRY = "opentelemetry"
"""Stands for all of its distributions: they are released together."""


@dataclass(frozen=True, slots=True)
class Row:
    """Arguments to pytest that say how `library` does; run with it as it is, and with `versions`.

    `beside` are other distributions that an old version needs to be old as well, by that version.
    """

    library: str
    versions: tuple[str, ...]
    tests: tuple[str, ...]
    beside: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def pins(self, version: str) -> tuple[str, ...]:
        """What is installed, for one of the versions; nothing for the newest."""
        return (
            (f"{self.library}=={version}", *dict(self.beside).get(version, ())) if version else ()
        )


ROWS = (
    Row("httpx", ("0.26.*", "0.27.*"), ("tests/http/test_conformance.py", "-k", "httpx-")),
    Row(
        "httpx2",
        ("2.0.*",),
        ("tests/http/test_conformance.py", "-k", "httpx2-"),
        beside=(("2.0.*", ("httpcore2==2.0.*",)),),
    ),
    Row(
        "aiohttp",
        ("3.10.*", "3.12.*"),
        ("tests/aiohttp_client/test_conformance.py",),
        beside=(("3.10.*", ("multidict<7",)), ("3.12.*", ("multidict<7",))),
    ),
    Row("requests", ("2.31.*",), ("tests/wire/test_conformance.py", "-k", "requests")),
    Row("urllib3", ("1.26.*", "2.0.*"), ("tests/wire/test_conformance.py", "-k", "urllib3")),
    Row(
        "botocore",
        ("1.35.*",),
        ("tests/wire/test_conformance.py", "-k", "boto3"),
        beside=(("1.35.*", ("boto3==1.35.*", "s3transfer==0.10.*")),),
    ),
    Row(
        "sqlalchemy",
        ("2.0.30", "2.0.*"),
        (
            "tests/sql/test_conformance.py",
            "-k",
            "sqlite or psycopg2 or psycopg-async or asyncpg or aiomysql",
        ),
    ),
    Row("asyncpg", ("0.29.*", "0.30.*"), ("tests/asyncpg_driver/test_conformance.py",)),
    Row("redis", ("5.0.*", "6.*"), ("tests/redis_client/test_conformance.py",)),
    Row("pymemcache", ("4.0.*",), ("tests/memcached/test_conformance.py",)),
    Row("pymongo", ("4.13.*",), ("tests/mongodb/test_conformance.py",)),
    Row(
        "psycopg",
        ("3.2.*",),
        ("tests/drivers", "-k", "psycopg and not psycopg2"),
        beside=(("3.2.*", ("psycopg-binary==3.2.*",)),),
    ),
    Row("aiopg", (), ("tests/drivers", "-k", "aiopg")),
    Row("mysqlclient", (), ("tests/drivers", "-k", "mysqlclient")),
    Row("psycopg2-binary", ("2.9.5",), ("tests/drivers", "-k", "psycopg2")),
    Row("pymysql", ("1.1.*",), ("tests/drivers", "-k", "pymysql")),
    Row("aiomysql", ("0.2.*",), ("tests/drivers", "-k", "aiomysql")),
    Row("aiosqlite", ("0.20.*",), ("tests/drivers", "-k", "aiosqlite")),
    Row("aiosmtplib", ("2.0.*", "3.0.*"), ("tests/smtp", "-k", "aiosmtplib")),
    Row(
        "fastapi",
        ("0.110.*", "0.115.*"),
        ("tests/examples", "tests/demo", "-k", "fastapi or test_demo"),
        beside=(("0.110.*", ("starlette==0.36.*",)), ("0.115.*", ("starlette==0.41.*",))),
    ),
    Row(
        "starlette",
        ("0.36.*", "0.41.*"),
        ("tests/examples", "-k", "starlette"),
        beside=(("0.36.*", ("fastapi==0.110.*",)), ("0.41.*", ("fastapi==0.115.*",))),
    ),
    Row(
        "litestar",
        ("2.12.*",),
        ("tests/examples", "tests/asgi_apps", "-k", "litestar and not hypercorn"),
    ),
    Row(
        "flask",
        ("2.2.*", "3.0.*"),
        ("tests/flask_app",),
        beside=(("2.2.*", ("werkzeug==2.2.*",)), ("3.0.*", ("werkzeug==3.0.*",))),
    ),
    Row("django", ("5.1.*", "5.2.*"), ("tests/django_app",)),
    Row(
        "gunicorn",
        ("21.*", "22.*"),
        (
            *("tests/wsgi/test_servers.py", "tests/endings", "tests/replay/test_end_to_end.py"),
            *("-k", "gunicorn or sync or gthread or gevent"),
        ),
    ),
    Row("waitress", ("2.0.*",), ("tests/wsgi/test_servers.py", "-k", "waitress")),
    Row("uvicorn", ("0.29.*",), ("tests/asgi_apps", "-k", "uvicorn or uvloop")),
    Row("hypercorn", ("0.14.*",), ("tests/asgi_apps", "-k", "hypercorn")),
    Row(
        OPENTELEMETRY,
        ("1.39.*",),
        ("tests/demo", "tests/examples", "-k", "demo or fastapi or starlette"),
        beside=(("1.39.*", ("wrapt<2",)),),
    ),
)

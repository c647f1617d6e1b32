"""Private database servers for the tests: real ones, on free loopback ports."""

from tests.servers.mariadb import Mariadb
from tests.servers.memcached import Memcached
from tests.servers.mongodb import Mongodb
from tests.servers.postgresql import Postgresql
from tests.servers.programs import MissingProgram
from tests.servers.redis import Redis, RedisCluster
from tests.servers.server import Server

__all__ = [
    "Mariadb",
    "Memcached",
    "MissingProgram",
    "Mongodb",
    "Postgresql",
    "Redis",
    "RedisCluster",
    "Server",
]

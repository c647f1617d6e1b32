"""Keys in HashiCorp Vault or OpenBao: its transit engine wraps, its KV engine gives keys out.

Where it is and who asks is said as to its own command: `VAULT_ADDR`, `VAULT_TOKEN` (or the file
that logging in leaves), `VAULT_NAMESPACE`, `VAULT_CACERT`; `VAULT_ROLE_ID` and
`VAULT_SECRET_ID` for an AppRole. OpenBao's names (`BAO_…`) are taken too.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from timetracer_otel.errors import KeyUnavailable
from timetracer_otel.keys.key import Key
from timetracer_otel.keys.texts import read_keys, written

__all__ = ["VaultSecret", "VaultTransit"]

_TIMEOUT_S = 10
_CONTEXT = base64.b64encode(b"timetracer").decode("ascii")
"""Authenticated with every wrapped key: what transit wrapped for others is not opened for us."""


class VaultTransit:
    """A key of the transit engine: ``NAME``, or ``MOUNT/NAME`` where that is not ``transit``."""

    def __init__(self, path: str) -> None:
        mount, _, self._name = path.rpartition("/")
        self._mount = mount or "transit"
        self.where = f"vault-transit:{self._mount}/{self._name}"

    def wrap(self, secret: bytes) -> tuple[str, str]:
        text = base64.b64encode(secret).decode("ascii")
        with _asking(self.where) as vault:
            answer = vault.secrets.transit.encrypt_data(
                name=self._name, plaintext=text, mount_point=self._mount, associated_data=_CONTEXT
            )
            wrapped = str(answer["data"]["ciphertext"])
        return f"{self.where}:{wrapped.split(':')[1]}", wrapped

    def is_its_own(self, key_id: str) -> bool:
        return key_id.startswith(f"{self.where}:")

    def unwrap(self, key_id: str, wrapped: str) -> bytes:
        with _asking(self.where) as vault:
            answer = vault.secrets.transit.decrypt_data(
                name=self._name,
                ciphertext=wrapped,
                mount_point=self._mount,
                associated_data=_CONTEXT,
            )
            return base64.b64decode(answer["data"]["plaintext"])

    def rotate(self) -> None:
        with _asking(self.where) as vault:
            vault.secrets.transit.rotate_key(name=self._name, mount_point=self._mount)


class VaultSecret:
    """Keys in a secret of the KV engine, version 2: ``MOUNT/PATH`` or ``MOUNT/PATH#FIELD``.

    The field (``key``) holds what a file of keys would. Without a mount it is ``secret``.
    """

    def __init__(self, path: str) -> None:
        path, _, field = path.partition("#")
        mount, _, rest = path.partition("/")
        self._mount, self._path = (mount, rest) if rest else ("secret", path)
        self._field = field or "key"
        self.where = f"vault-kv:{self._mount}/{self._path}"

    def known(self) -> list[Key]:
        with _asking(self.where) as vault:
            return read_keys(str(self._secret(vault)["data"][self._field]))

    def current(self) -> Key:
        keys = self.known()
        if not keys:
            raise KeyUnavailable(where=self.where, reason="it holds no key")
        return keys[0]

    def add(self, key: Key) -> None:
        """Refused by the vault when somebody else has changed the secret meanwhile."""
        with _asking(self.where) as vault:
            data, version = {}, 0
            try:
                found = self._secret(vault)
                data, version = dict(found["data"]), found["metadata"]["version"]
            except import_module("hvac.exceptions").InvalidPath:
                pass
            keys = [key, *read_keys(data.get(self._field, ""))]
            vault.secrets.kv.v2.create_or_update_secret(
                path=self._path,
                secret={**data, self._field: written(keys)},
                cas=version,
                mount_point=self._mount,
            )

    def _secret(self, vault: Any) -> dict[str, Any]:
        answer = vault.secrets.kv.v2.read_secret_version(
            path=self._path, mount_point=self._mount, raise_on_deleted_version=True
        )
        found: dict[str, Any] = answer["data"]
        return found


@contextmanager
def _asking(where: str) -> Iterator[Any]:
    """A client of the vault; whatever keeps it from answering is `KeyUnavailable`.

    A new one each time: it is asked once an hour, and processes fork in between.
    """
    try:
        hvac = import_module("hvac")
        requests = import_module("requests")
    except ImportError:
        hint = "it takes `pip install timetracer-otel[vault]`"
        raise KeyUnavailable(where=where, reason=hint) from None
    failures = (hvac.exceptions.VaultError, requests.RequestException, LookupError, ValueError)
    try:
        with requests.Session() as session:
            yield _client(hvac, session)
    except failures as error:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise KeyUnavailable(where=where, reason=reason) from None


def _client(hvac: Any, session: Any) -> Any:
    client = hvac.Client(
        url=_variable("ADDR") or None,
        token=_variable("TOKEN") or None,
        namespace=_variable("NAMESPACE") or None,
        verify=_variable("CACERT") or None,
        timeout=_TIMEOUT_S,
        session=session,
    )
    role = _variable("ROLE_ID")
    if role and not _variable("TOKEN"):
        client.auth.approle.login(role_id=role, secret_id=_variable("SECRET_ID"))
    return client


def _variable(name: str) -> str:
    return os.environ.get(f"VAULT_{name}") or os.environ.get(f"BAO_{name}") or ""

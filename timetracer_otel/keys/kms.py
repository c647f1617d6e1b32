"""A key in AWS KMS: an alias, a key ID or an ARN. Credentials and region are boto3's business."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from timetracer_otel.errors import KeyUnavailable

__all__ = ["AwsKms"]

_ARN = re.compile(r"arn:[^:]*:kms:(?P<region>[^:]+):")
_CONTEXT = {"application": "timetracer"}
"""Authenticated with every wrapped key, written to CloudTrail, and a condition for policies."""


class AwsKms:
    """A symmetric key that never leaves KMS."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.where = f"aws-kms:{key}"

    def wrap(self, secret: bytes) -> tuple[str, str]:
        with self._asking() as kms:
            answer = kms.encrypt(KeyId=self._key, Plaintext=secret, EncryptionContext=_CONTEXT)
            wrapped = base64.b64encode(answer["CiphertextBlob"]).decode("ascii")
            return f"aws-kms:{answer['KeyId']}", wrapped

    def is_its_own(self, key_id: str) -> bool:
        """Any key of KMS: an alias may have been another key's when the cassette was written."""
        return key_id.startswith("aws-kms:")

    def unwrap(self, key_id: str, wrapped: str) -> bytes:
        with self._asking() as kms:
            blob = base64.b64decode(wrapped, validate=True)
            arn = key_id.partition(":")[2]
            answer = kms.decrypt(CiphertextBlob=blob, EncryptionContext=_CONTEXT, KeyId=arn)
            secret: bytes = answer["Plaintext"]
            return secret

    def rotate(self) -> None:
        """AWS keeps what opens the old ones."""
        with self._asking() as kms:
            arn = kms.describe_key(KeyId=self._key)["KeyMetadata"]["KeyId"]
            kms.rotate_key_on_demand(KeyId=arn)

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        """A client of KMS; whatever keeps it from answering is `KeyUnavailable`."""
        try:
            session = import_module("boto3.session")
            config = import_module("botocore.config")
            exceptions = import_module("botocore.exceptions")
        except ImportError:
            hint = "it takes `pip install timetracer-otel[kms]`"
            raise KeyUnavailable(where=self.where, reason=hint) from None
        parsed = _ARN.match(self._key)
        region = parsed["region"] if parsed else None
        patience = config.Config(
            connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3}
        )
        try:
            yield session.Session().client("kms", region_name=region, config=patience)
        except (exceptions.BotoCoreError, exceptions.ClientError, ValueError) as error:
            raise KeyUnavailable(where=self.where, reason=str(error)) from None

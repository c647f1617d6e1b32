"""Keys that lie in Vault (or OpenBao) and in AWS KMS."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.cli.shelves import checkout
from tests.cli.test_replay import greeted
from tests.encryption.conftest import KEYS, in_base64
from tests.encryption.test_recording import ON, kept, replayed
from tests.encryption.vault import TOKEN, Vault, served
from tests.exporters.test_writer_process import answers, asked, numbers, run
from timetracer_otel.cassette.files import header_of
from timetracer_otel.errors import CannotDecrypt, KeyUnavailable
from timetracer_otel.exporters.chain import store_of
from timetracer_otel.exporters.files import find, read
from timetracer_otel.keys import keys_in_force, ring
from timetracer_otel.settings import read_settings


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    with served() as (found, address):
        monkeypatch.setenv("VAULT_ADDR", address)
        monkeypatch.setenv("VAULT_TOKEN", TOKEN)
        yield found


def use(monkeypatch: pytest.MonkeyPatch, *sources: str) -> None:
    monkeypatch.setenv("TIMETRACER_KEYS", ",".join(sources))
    ring.forget_keys()


def name_of(path: Path) -> str:
    header = header_of(path)
    assert header is not None
    return header.kid


def test_transit_wraps_once_and_opens_once_however_many_cassettes(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "vault-transit:shop")
    store = store_of(read_settings(dir=str(tmp_path), **ON))
    for name in ("anna", "berta", "clara"):
        store.write(greeted(name))
    assert vault.asked == ["transit/encrypt"]
    ring.forget_keys()  # as in another process
    assert [name_of(path) for path in find(tmp_path)] == ["vault-transit:transit/shop:v1"] * 3
    assert {read(path).trace_id for path in find(tmp_path)} == {
        greeted(name).trace_id for name in ("anna", "berta", "clara")
    }
    assert vault.asked == ["transit/encrypt", "transit/decrypt"]


def test_what_an_older_version_of_a_transit_key_wrapped_is_opened(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "vault-transit:shop")
    old = kept(tmp_path)
    assert keys_in_force().rotate() == "vault-transit:transit/shop:v2"
    new = kept(tmp_path, greeted("anna"))
    ring.forget_keys()
    assert [name_of(path)[-2:] for path in (old, new)] == ["v1", "v2"]
    assert (read(old), read(new)) == (checkout(), greeted("anna"))


def test_keys_of_a_secret_are_used_and_added_to(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "vault-kv:secret/teams/shop#keys")
    keys_in_force().rotate()
    first = kept(tmp_path)
    keys_in_force().rotate()
    ring.forget_keys()
    assert read(first) == checkout()
    assert len(keys_in_force().places[0].known()) == 2
    assert name_of(kept(tmp_path, greeted("anna"))) != name_of(first)
    assert vault.kv["secret/teams/shop"][1] == 2


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("sealed", "Vault is sealed"),
        ("token", "permission denied"),
        ("name", "encryption key not found"),
        ("address", "Connection refused"),
    ],
)
def test_a_vault_that_does_not_answer_costs_recordings_and_is_said_once(
    tmp_path: Path,
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: str,
    reason: str,
) -> None:
    use(monkeypatch, "vault-transit:" + ("nobody" if trouble == "name" else "shop"))
    vault.sealed = trouble == "sealed"
    if trouble == "token":
        monkeypatch.setenv("VAULT_TOKEN", "other")
    if trouble == "address":
        monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:1")
    store = store_of(read_settings(dir=str(tmp_path / "c"), **ON))
    with caplog.at_level(logging.ERROR, "timetracer_otel"):
        for name in ("anna", "berta"):
            store.write(greeted(name))
    (said,) = caplog.messages
    assert reason in said
    assert not list((tmp_path / "c").rglob("*.*"))
    assert len(vault.asked) <= 1  # it is not asked again for each cassette


def test_a_cassette_that_the_vault_does_not_open_says_so(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "vault-transit:shop")
    path = kept(tmp_path)
    vault.transit["shop"] = [os.urandom(32)]
    ring.forget_keys()
    with pytest.raises(CannotDecrypt, match=r"does not give it: .*authentication failed"):
        read(path)


def test_several_sources_are_read_from_and_the_first_writes(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch, keys: Path
) -> None:
    before = kept(tmp_path)
    use(monkeypatch, "vault-transit:shop", f"file:{keys}")
    after = kept(tmp_path, greeted("anna"))
    assert [name_of(path).partition(":")[0] for path in (before, after)] == [
        KEYS[0].id,
        "vault-transit",
    ]
    assert (read(before), read(after)) == (checkout(), greeted("anna"))


@pytest.mark.parametrize("greenlets", [(), ("gevent",)], ids=["threads", "gevent"])
@pytest.mark.parametrize("writer", ["thread", "process"])
def test_an_application_records_with_a_vault_and_not_the_vault(
    tmp_path: Path,
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
    writer: str,
    greenlets: tuple[str, ...],
) -> None:
    monkeypatch.setenv("TIMETRACER_ENCRYPTION", "on")
    monkeypatch.setenv("TIMETRACER_REDACTION", "off")
    use(monkeypatch, "vault-transit:shop")
    ready = ["ready"] if writer == "process" else ["record=1"]
    begun = (*greenlets, "capture=requests", f"begin={writer}")
    ran = run(tmp_path / "c", *begun, *ready, "record=20", "flush")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert answers(ran)[-1] is True
    assert sorted(asked(tmp_path / "c")) == numbers(21)
    cassettes = [read(path) for path in find(tmp_path / "c")]
    assert [len(c.interactions) + len(c.bootstrap) for c in cassettes] == [0] * 21
    assert vault.asked.count("transit/encrypt") == (1 if writer == "thread" else 2)


def test_a_replay_asks_the_vault_before_it_is_cut_off(
    tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "vault-transit:shop")
    ran = replayed(kept(tmp_path, greeted("anna")))
    assert (ran.returncode, ran.stdout[:4]) == (0, "same"), ran.stderr
    assert vault.asked[-1] == "transit/decrypt"


@pytest.mark.parametrize("module", ["hvac", "boto3.session"])
def test_a_library_that_is_not_installed_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    source, extra = {"hvac": ("vault-kv:it", "vault")}.get(module, ("aws-kms:alias/it", "kms"))
    use(monkeypatch, source)
    with pytest.raises(KeyUnavailable, match=rf"timetracer-otel\[{extra}\]"):
        keys_in_force().wrapping_key()


def test_redaction_has_a_key_of_the_environment_where_a_service_wraps(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMETRACER_KEY", in_base64(KEYS[2]))
    use(monkeypatch, "vault-transit:shop")
    assert keys_in_force().current() == KEYS[2]


# -- AWS KMS ----------------------------------------------------------------------------------


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        client = boto3.client("kms")
        key = client.create_key()["KeyMetadata"]["KeyId"]
        client.create_alias(AliasName="alias/shop", TargetKeyId=key)
        yield client


def test_kms_wraps_and_opens_and_the_arn_is_said(
    tmp_path: Path, kms: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "aws-kms:alias/shop")
    path = kept(tmp_path)
    arn = kms.describe_key(KeyId="alias/shop")["KeyMetadata"]["Arn"]
    assert name_of(path) == f"aws-kms:{arn}"
    ring.forget_keys()
    assert read(path) == checkout()


def test_what_an_alias_stood_for_before_is_opened(
    tmp_path: Path, kms: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, "aws-kms:alias/shop")
    path = kept(tmp_path)
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName="alias/shop", TargetKeyId=other)
    ring.forget_keys()
    assert read(path) == checkout()


def test_a_key_that_kms_has_not_is_said(
    tmp_path: Path, kms: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    use(monkeypatch, "aws-kms:alias/nobody")
    with caplog.at_level(logging.ERROR, "timetracer_otel"):
        store_of(read_settings(dir=str(tmp_path / "c"), **ON)).write(checkout())
    (said,) = caplog.messages
    assert "no key from aws-kms:alias/nobody" in said
    assert "NotFoundException" in said
    assert not list((tmp_path / "c").rglob("*.*"))

"""What a sealed ledger is signed with, and hangs on."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

New = Callable[..., Any]


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    key = ed25519.Ed25519PrivateKey.generate()
    private, public = tmp_path / "key.pem", tmp_path / "public.pem"
    pem = serialization.Encoding.PEM
    private.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


def test_a_manifest_is_signed_on_request_and_verified(
    keys: tuple[Path, Path], api: New, new_export: New, new_upload: New, avstar: Any
) -> None:
    private, public = keys
    upload = new_upload(api(), new_export(50))
    assert upload("--sign-key", private).code == 0
    words = ("verify", upload.out, upload.exports[0], "--public-key", public)
    assert avstar(*words).code == 0
    signature = upload.ledger() / "manifest.json.sig"
    assert signature.stat().st_mode & 0o222 == 0
    signature.chmod(0o644)
    signature.write_bytes(bytes(64))
    found = avstar(*words)
    assert found.code == 1
    assert "manifest.json: was not signed with this key" in found.out
    signature.unlink()
    assert "manifest.json: is not signed [signature]" in avstar(*words).out
    assert avstar(*words[:3]).code == 0


def test_a_key_that_cannot_be_used_is_refused_before_anything_is_sent(
    tmp_path: Path, api: New, new_export: New, new_upload: New
) -> None:
    upload = new_upload(api(), new_export(50))
    done = upload("--sign-key", tmp_path / "none.pem")
    assert (done.code, "none.pem cannot be read" in done.refusal) == (2, True)
    assert upload.api.stats()["requests"] == 0


def test_nights_hang_together_and_one_that_was_removed_shows(
    api: New, new_export: New, new_upload: New, avstar: Any
) -> None:
    running = api()
    nights = [new_upload(running, new_export(30, f"{day}.ndjson", seed=day)) for day in range(3)]
    for night in nights:
        assert night().code == 0
    out = nights[0].out
    assert avstar("verify", out).code == 0
    listed = subprocess.run(
        ["sha256sum", *out.glob("*/manifest.json")], capture_output=True, text=True, check=True
    ).stdout
    for line in (out / ".chain").read_text().splitlines():
        assert line.split()[0] in listed
    ledger = nights[1].ledger()
    ledger.rename(out.parent / "taken away")
    found = avstar("verify", out)
    assert found.code == 1
    assert f"{ledger}/manifest.json: is gone or was replaced" in found.out
    (out.parent / "taken away").rename(ledger)
    assert avstar("verify", out).code == 0


def test_several_exports_of_one_run_are_links_of_one_chain(
    api: New, new_export: New, new_upload: New, avstar: Any
) -> None:
    exports = [new_export(30, f"{day}.ndjson", seed=day) for day in range(4)]
    upload = new_upload(api(), *exports)
    assert upload("--workers", "3").code == 0
    assert len((upload.out / ".chain").read_text().splitlines()) == 4
    assert avstar("verify", upload.out).code == 0

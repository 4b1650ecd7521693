import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from connectors.errors import RefusedError
from connectors.ledger import Signer, Verifier
from connectors.ledger.manifest import MANIFEST
from connectors.ledger.signature import SIGNATURE


class Pair(NamedTuple):
    private: Path
    public: Path


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return new_pair(tmp_path)


def new_pair(folder: Path, name: str = "key", key: object = None) -> Pair:
    made = key or ed25519.Ed25519PrivateKey.generate()
    found = Pair(folder / f"{name}.pem", folder / f"{name}.pub.pem")
    found.private.write_bytes(
        made.private_bytes(  # type: ignore[attr-defined]
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    found.public.write_bytes(
        made.public_key().public_bytes(  # type: ignore[attr-defined]
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return found


def sign(folder: Path, pair: Pair) -> None:
    (folder / MANIFEST).write_bytes(b"{}\n")
    (folder / SIGNATURE).write_bytes(Signer(pair.private)(b"{}\n"))


def test_a_signed_manifest_is_known_by_the_public_key(tmp_path: Path, pair: Pair) -> None:
    sign(tmp_path, pair)
    assert Verifier(pair.public).flaw(tmp_path) is None


def test_any_change_is_found(tmp_path: Path, pair: Pair) -> None:
    sign(tmp_path, pair)
    (tmp_path / MANIFEST).write_bytes(b"{ }\n")
    assert Verifier(pair.public).flaw(tmp_path) == (
        "was not signed with this key, or was changed since"
    )


def test_another_s_signature_is_none(tmp_path: Path, pair: Pair) -> None:
    sign(tmp_path, new_pair(tmp_path, "other"))
    assert "not signed with this key" in (Verifier(pair.public).flaw(tmp_path) or "")
    (tmp_path / SIGNATURE).write_bytes(b"short")
    assert "not signed with this key" in (Verifier(pair.public).flaw(tmp_path) or "")


def test_a_manifest_without_a_signature_is_told(tmp_path: Path, pair: Pair) -> None:
    assert Verifier(pair.public).flaw(tmp_path) == "is not signed"


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_openssl_checks_what_we_sign(tmp_path: Path, pair: Pair) -> None:
    sign(tmp_path, pair)
    words = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", pair.public, "-rawin"]
    words += ["-in", tmp_path / MANIFEST, "-sigfile", tmp_path / SIGNATURE]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout, done.stderr


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_a_key_that_openssl_made_signs(tmp_path: Path) -> None:
    path, public = tmp_path / "key.pem", tmp_path / "public.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
    subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-out", public], check=True)
    sign(tmp_path, Pair(path, public))
    assert Verifier(public).flaw(tmp_path) is None


@pytest.mark.parametrize("role", [Signer, Verifier])
def test_what_is_no_such_key_is_refused_and_never_shown(
    tmp_path: Path, pair: Pair, role: Callable[[Path], object]
) -> None:
    other = new_pair(tmp_path, "ec", ec.generate_private_key(ec.SECP256R1()))
    wrong = [pair.public, other.private] if role is Signer else [pair.private, other.public]
    text = tmp_path / "secret.txt"
    text.write_text("hunter2")
    for path in [*wrong, text]:
        with pytest.raises(RefusedError, match=f"{path.name} holds no .* key of Ed25519") as found:
            role(path)
        assert "hunter2" not in str(found.value)
    with pytest.raises(RefusedError, match="cannot be read: No such file"):
        role(tmp_path / "none.pem")

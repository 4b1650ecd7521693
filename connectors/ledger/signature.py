"""Ed25519 signatures of manifests: `manifest.json.sig`, as OpenSSL writes and checks them."""

from pathlib import Path
from typing import Any

from connectors.errors import RefusedError
from connectors.ledger.manifest import MANIFEST

SIGNATURE = f"{MANIFEST}.sig"


class Signer:
    """Signs with the private key of a PEM file, not encrypted; the key is never shown.

    Raises:
        RefusedError: The key cannot be used.
    """

    def __init__(self, file: Path) -> None:
        self._key = _load(file, private=True)

    def __call__(self, content: bytes) -> bytes:
        """Return the signature of a content: 64 bytes."""
        signature: bytes = self._key.sign(content)
        return signature


class Verifier:
    """Checks signatures with the public key of a PEM file.

    Raises:
        RefusedError: The key cannot be used.
    """

    def __init__(self, file: Path) -> None:
        self._key = _load(file, private=False)

    def flaw(self, ledger: Path) -> str | None:
        """Say what is wrong with the signature of a ledger's manifest, None if nothing is.

        Raises:
            OSError: It cannot be read.
        """
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - the extra `sign`

        try:
            signature = (ledger / SIGNATURE).read_bytes()
        except FileNotFoundError:
            return "is not signed"
        try:
            self._key.verify(signature, (ledger / MANIFEST).read_bytes())
        except InvalidSignature:
            return "was not signed with this key, or was changed since"
        return None


def _load(file: Path, *, private: bool) -> Any:
    kind = "private" if private else "public"
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - the extra `sign`
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - same
        from cryptography.hazmat.primitives.asymmetric import ed25519  # noqa: PLC0415 - same
    except ImportError:
        raise RefusedError("signatures need the extra `sign`: avion-to-avstar[sign]") from None
    try:
        content = file.read_bytes()
        key = (
            serialization.load_pem_private_key(content, None)
            if private
            else serialization.load_pem_public_key(content)
        )
    except OSError as error:
        raise RefusedError(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)):
        raise RefusedError(
            f"{file} holds no {kind} key of Ed25519 in PEM, without a password; make a pair with "
            "`openssl genpkey -algorithm ed25519`"
        )
    return key

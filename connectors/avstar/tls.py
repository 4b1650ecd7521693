"""Certificates: whom a connection trusts, and who it says we are."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import RefusedError


@dataclass(frozen=True, kw_only=True)
class Tls:
    """PEM files of TLS. Servers are verified, by name too, whatever is set here.

    Args:
        ca_file: Certificates of the authorities to trust, instead of the system's.
        client_cert: Our own certificate, with the chain above it, for servers that ask for one.
        client_key: Its private key, not encrypted; by default it is in the certificate's file.

    Raises:
        RefusedError: There is a key and no certificate.
    """

    ca_file: Path | str | None = None
    client_cert: Path | str | None = None
    client_key: Path | str | None = None

    def __post_init__(self) -> None:
        if self.client_key and not self.client_cert:
            raise RefusedError(
                f"client key {self.client_key} is of no use without a client certificate; "
                "name that too"
            )

    def context(self) -> ssl.SSLContext:
        """Read the files.

        Raises:
            RefusedError: One of them cannot be used.
        """
        context = ssl.create_default_context() if self.ca_file is None else _trust(self.ca_file)
        context.set_alpn_protocols(["http/1.1"])
        if self.client_cert:
            _certificates(self.client_cert, "client certificate")
            _show(context, self.client_cert, self.client_key or self.client_cert)
        return context


def _trust(ca_file: Path | str) -> ssl.SSLContext:
    _certificates(ca_file, "CA file")
    return ssl.create_default_context(cafile=ca_file)


def _certificates(path: Path | str, what: str) -> None:
    """Refuse a file that holds no certificate."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise RefusedError(f"{what} {path} holds no certificate in PEM form") from None
    except OSError as error:
        raise _unreadable(path, what, error) from None


def _show(context: ssl.SSLContext, cert: Path | str, key: Path | str) -> None:
    def encrypted() -> str:
        raise RefusedError(f"client key {key} is encrypted; store it without a passphrase")

    try:
        context.load_cert_chain(cert, key, password=encrypted)  # asks on the terminal otherwise
    except ssl.SSLError as error:
        if "MISMATCH" in (error.reason or ""):
            raise RefusedError(
                f"client key {key} is not the key of client certificate {cert}"
            ) from None
        raise RefusedError(f"client key {key} holds no private key in PEM form") from None
    except OSError as error:
        raise _unreadable(key, "client key", error) from None


def _unreadable(path: Path | str, what: str, error: OSError) -> RefusedError:
    return RefusedError(f"{what} {path} cannot be read: {error.strerror}")

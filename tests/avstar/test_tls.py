"""Certificate files, read; what cannot be used is refused in one line that names the file."""

import ssl

import pytest
import trustme
from cryptography.hazmat.primitives import serialization as pem

from connectors.avstar.tls import Tls
from connectors.errors import RefusedError


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Write what files may hold, good and bad, under names that say it."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    ours, other = authority.issue_cert("client.example"), authority.issue_cert("other.example")
    key = pem.load_pem_private_key(ours.private_key_pem.bytes(), None)
    secret = pem.BestAvailableEncryption(b"passphrase")
    contents = {
        "ca": authority.cert_pem.bytes(),
        "cert": ours.cert_chain_pems[0].bytes(),
        "key": ours.private_key_pem.bytes(),
        "cert-and-key": ours.private_key_and_cert_chain_pem.bytes(),
        "other-key": other.private_key_pem.bytes(),
        "encrypted-key": key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, secret),
        "old-encrypted-key": key.private_bytes(
            pem.Encoding.PEM, pem.PrivateFormat.TraditionalOpenSSL, secret
        ),
        "binary-key": key.private_bytes(
            pem.Encoding.DER, pem.PrivateFormat.PKCS8, pem.NoEncryption()
        ),
        "text": b"no certificate\n",
        "empty": b"",
        "torn": authority.cert_pem.bytes()[:200],
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("names", [{}, {"ca_file": "ca"}])
def test_servers_are_verified_by_name_whatever_is_set(files, names):
    context = Tls(**{field: files / name for field, name in names.items()}).context()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_ca_file_takes_the_place_of_the_systems_authorities(files):
    (trusted,) = Tls(ca_file=files / "ca").context().get_ca_certs()

    assert "trustme" in str(trusted["subject"])


def test_a_name_is_as_good_as_a_path(files):
    assert Tls(ca_file=str(files / "ca")).context().get_ca_certs()


@pytest.mark.parametrize(
    ("cert", "key"), [("cert", "key"), ("cert-and-key", None), ("cert-and-key", "key")]
)
def test_a_client_certificate_has_its_key_beside_it_or_within(files, cert, key):
    assert Tls(client_cert=files / cert, client_key=key and files / key).context()


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"ca_file": "gone"}, "CA file {}/gone cannot be read: No such file or directory"),
        ({"ca_file": "."}, "CA file {} cannot be read: Is a directory"),
        ({"ca_file": "text"}, "CA file {}/text holds no certificate in PEM form"),
        ({"ca_file": "empty"}, "CA file {}/empty holds no certificate"),
        ({"ca_file": "torn"}, "CA file {}/torn holds no certificate"),
        ({"ca_file": "key"}, "CA file {}/key holds no certificate"),
        ({"client_cert": "gone"}, "client certificate {}/gone cannot be read: No such file"),
        ({"client_cert": "text"}, "client certificate {}/text holds no certificate"),
        ({"client_cert": "key"}, "client certificate {}/key holds no certificate"),
        ({"client_cert": "cert"}, "client key {}/cert holds no private key in PEM form"),
        ({"client_cert": "cert", "client_key": "gone"}, "client key {}/gone cannot be read: No su"),
        ({"client_cert": "cert", "client_key": "."}, "client key {} cannot be read: Is a dir"),
        ({"client_cert": "cert", "client_key": "text"}, "client key {}/text holds no private key"),
        ({"client_cert": "cert", "client_key": "empty"}, "client key {}/empty holds no private"),
        ({"client_cert": "cert", "client_key": "binary-key"}, "binary-key holds no private key"),
        (
            {"client_cert": "cert", "client_key": "other-key"},
            "client key {0}/other-key is not the key of client certificate {0}/cert",
        ),
        (
            {"client_cert": "cert", "client_key": "encrypted-key"},
            "client key {}/encrypted-key is encrypted; store it without a passphrase",
        ),
        (
            {"client_cert": "cert", "client_key": "old-encrypted-key"},
            "client key {}/old-encrypted-key is encrypted",
        ),
        ({"client_key": "key"}, "client key {}/key is of no use without a client certificate"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(files, names, words):
    with pytest.raises(RefusedError) as refusal:
        Tls(**{field: files / name for field, name in names.items()}).context()

    assert words.format(files) in str(refusal.value)
    assert "\n" not in str(refusal.value)

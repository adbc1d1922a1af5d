"""Whom a client of TLS trusts: a CA made at home as much as one that was bought, and nobody else."""

import contextlib
import ssl
from pathlib import Path

import pytest

from devices.credentials import BadSetting
from devices.tls import client_context
from tests.brokers import Certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Made once for all tests here."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


def shake_hands(client: ssl.SSLContext, certificate: Path, key: Path, *, host: str = "localhost") -> None:
    """Shake hands with a server that has this certificate. Raises ssl.SSLError."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(back, there, server_hostname=host), server.wrap_bio(there, back, server_side=True)]
    for end in ends * 3:
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
    assert ends[0].getpeercert()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_ca_made_as_mosquittos_manual_says_is_trusted(certificates: Certificates, host: str) -> None:
    """It has no key usage, which no version of Python may hold against it."""
    shake_hands(client_context(str(certificates.ca), "ca_file"), certificates.server, certificates.server_key, host=host)


def test_a_server_of_another_ca_is_not_trusted(certificates: Certificates) -> None:
    """The chain must lead to what the file holds; and the system's CAs know nothing of a house's own."""
    for ca_file in (str(certificates.other_ca), ""):
        with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer certificate"):
            shake_hands(client_context(ca_file, "ca_file"), certificates.server, certificates.server_key)


@pytest.mark.parametrize("host", ["example.org", "127.0.0.2"])
def test_a_server_of_another_name_is_not_trusted(certificates: Certificates, host: str) -> None:
    """Names and addresses are checked."""
    with pytest.raises(ssl.SSLCertVerificationError, match=rf"certificate is not valid for '{host}'"):
        shake_hands(client_context(str(certificates.ca), "ca_file"), certificates.server, certificates.server_key, host=host)


def test_a_certificate_that_is_over_is_not_trusted(certificates: Certificates) -> None:
    """Dates are checked."""
    with pytest.raises(ssl.SSLCertVerificationError, match=r"certificate has expired"):
        shake_hands(client_context(str(certificates.ca), "ca_file"), *certificates.signed_long_ago("late"))


def test_a_certificate_that_is_no_ca_signs_nothing(certificates: Certificates) -> None:
    """A server of the CA cannot make another server trusted."""
    child, key = certificates.signed("child", by="server")
    child.write_bytes(child.read_bytes() + certificates.server.read_bytes())
    with pytest.raises(ssl.SSLCertVerificationError, match=r"invalid CA certificate"):
        shake_hands(client_context(str(certificates.ca), "ca_file"), child, key)


def test_a_file_that_is_no_ca_is_an_error(tmp_path: Path) -> None:
    """Missing, or not a certificate: it is named, with the key."""
    none, bad = tmp_path / "none.pem", tmp_path / "bad.pem"
    with pytest.raises(BadSetting) as caught:
        client_context(str(none), "mqtt.main.ca_file")
    assert str(caught.value) == f"cannot use {none} as a CA: No such file or directory; mend mqtt.main.ca_file"
    bad.write_text("nonsense")
    with pytest.raises(BadSetting, match=r"as a CA: .*; mend mqtt.main.ca_file"):
        client_context(str(bad), "mqtt.main.ca_file")

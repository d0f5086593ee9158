"""Certificates: a chain that verifies, made once, renewed in time, never over others' files."""

import os
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from tpb.gateway.owner import SoleOwner
from tpb.gateway.tls import LOCAL_NAMES, Certificates, TlsProblem, ensure_certificates


def leaf(certificates: Certificates) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificates.server_file.read_bytes())


def authority(certificates: Certificates) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certificates.ca_file.read_bytes())


def shake_hands(certificates: Certificates, trusted: Path, name: str) -> None:
    """A real handshake; raises what the client raises."""
    here, there = socket.socketpair()
    server = certificates.server_context()

    def serve() -> None:
        try:
            server.wrap_socket(there, server_side=True).close()
        except OSError:
            there.close()

    serving = threading.Thread(target=serve)
    serving.start()
    client = ssl.create_default_context(cafile=trusted)
    try:
        client.wrap_socket(here, server_hostname=name).close()
    finally:
        here.close()
        serving.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "tls"


def test_chain_verifies_by_the_rules_of_the_web(folder: Path) -> None:
    certificates = ensure_certificates(folder)
    verifier = (
        PolicyBuilder()
        .store(Store([authority(certificates)]))
        .build_server_verifier(x509.DNSName("localhost"))
    )
    assert verifier.verify(leaf(certificates), [])[-1] == authority(certificates)


@pytest.mark.parametrize("name", LOCAL_NAMES)
def test_handshake(folder: Path, name: str) -> None:
    certificates = ensure_certificates(folder)
    shake_hands(certificates, certificates.ca_file, name)


def test_handshake_with_another_name_or_authority_fails(folder: Path, tmp_path: Path) -> None:
    certificates = ensure_certificates(folder)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"[Hh]ostname"):
        shake_hands(certificates, certificates.ca_file, "example.org")
    stranger = ensure_certificates(tmp_path / "other")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(certificates, stranger.ca_file, "localhost")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_keys_are_their_owners_alone(folder: Path) -> None:
    certificates = ensure_certificates(folder)
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.glob("*.pem")}
    assert modes == {"authority.pem": 0o600, "server.pem": 0o600, "ca.pem": 0o644}
    assert b"PRIVATE" not in certificates.ca_file.read_bytes()


def test_made_once(folder: Path) -> None:
    first = {path: path.read_bytes() for path in _made(folder)}
    second = {path: path.read_bytes() for path in _made(folder)}
    assert first == second


def _made(folder: Path) -> list[Path]:
    ensure_certificates(folder)
    return sorted(folder.glob("*.pem"))


def test_renewed_before_it_expires_by_the_same_authority(folder: Path) -> None:
    old = ensure_certificates(folder)
    old_leaf, old_authority = leaf(old), authority(old)
    later = datetime.now(UTC) + timedelta(days=70)
    assert later < old_leaf.not_valid_after_utc
    new = ensure_certificates(folder, now=later)
    assert leaf(new).not_valid_after_utc > old_leaf.not_valid_after_utc
    assert authority(new) == old_authority
    leaf(new).verify_directly_issued_by(old_authority)


def test_authority_is_renewed_too(folder: Path) -> None:
    old = authority(ensure_certificates(folder))
    new = ensure_certificates(folder, now=datetime.now(UTC) + timedelta(days=3640))
    assert authority(new) != old
    leaf(new).verify_directly_issued_by(authority(new))


def test_a_further_name_is_added(folder: Path) -> None:
    ensure_certificates(folder)
    certificates = ensure_certificates(folder, (*LOCAL_NAMES, "gateway.example", "192.0.2.7"))
    shake_hands(certificates, certificates.ca_file, "gateway.example")
    shake_hands(certificates, certificates.ca_file, "192.0.2.7")
    before = leaf(certificates)
    assert leaf(ensure_certificates(folder)) == before, "no name is taken away"


def test_lost_ca_file_is_written_again(folder: Path) -> None:
    certificates = ensure_certificates(folder)
    content = certificates.ca_file.read_bytes()
    certificates.ca_file.unlink()
    ensure_certificates(folder)
    assert certificates.ca_file.read_bytes() == content


def foreign_pem(tmp_path: Path) -> bytes:
    """A certificate of somebody else: signed by another name."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a company")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    ) + certificate.public_bytes(Encoding.PEM)


@pytest.mark.parametrize("name", ["authority.pem", "server.pem", "ca.pem"])
@pytest.mark.parametrize("kind", ["text", "company"])
def test_foreign_file_is_left_as_it_is(folder: Path, name: str, kind: str) -> None:
    folder.mkdir()
    content = b"mine\n" if kind == "text" else foreign_pem(folder)
    (folder / name).write_bytes(content)
    with pytest.raises(TlsProblem) as problem:
        ensure_certificates(folder)
    assert name in problem.value.what
    assert (folder / name).read_bytes() == content


def test_key_of_another_certificate(folder: Path, tmp_path: Path) -> None:
    certificates = ensure_certificates(folder)
    other = ensure_certificates(tmp_path / "other")
    certificate = certificates.server_file.read_bytes().partition(b"-----BEGIN CERT")[2]
    key = other.server_file.read_bytes().partition(b"-----BEGIN CERT")[0]
    certificates.server_file.write_bytes(key + b"-----BEGIN CERT" + certificate)
    with pytest.raises(TlsProblem, match=r"server\.pem"):
        ensure_certificates(folder)


def test_two_at_once(folder: Path) -> None:
    folder.mkdir()
    with SoleOwner(folder / "certificates"), pytest.raises(TlsProblem, match="Try again"):
        ensure_certificates(folder)


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "tls").write_text("x")
    with pytest.raises(TlsProblem, match="Cannot keep"):
        ensure_certificates(tmp_path / "tls")

"""A certificate authority of this machine's own, and the gateway's certificate from it.

Clients trust the file ca.pem alone and verify this gateway like any other. authority.pem and
server.pem hold a key and its certificate together: replaced in one step, readable by their owner.
"""

import ipaddress
import os
import secrets
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tpb.gateway.owner import InUse, SoleOwner
from tpb.problem import Problem

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")

_CA_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tpb local authority")])
_CA_DAYS = 3650
_SERVER_DAYS = 90
# Renewed when less than this is left.
_RESERVE_DAYS = 30


class TlsProblem(Problem):
    """The certificates cannot be read or made."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """What ensure_certificates keeps in a folder."""

    ca_file: Path  # the authority's certificate, for clients
    server_file: Path  # the gateway's key and certificate

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.load(context)
        return context

    def load(self, context: ssl.SSLContext) -> None:
        """Gives a context the present certificate: for every handshake from now on."""
        context.load_cert_chain(self.server_file)


@dataclass(frozen=True, slots=True)
class _Signed:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def lasts(self, now: datetime) -> bool:
        return self.certificate.not_valid_after_utc - now > timedelta(days=_RESERVE_DAYS)

    def public_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def private_pem(self) -> bytes:
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key + self.public_pem()


def ensure_certificates(
    folder: Path, names: Iterable[str] = LOCAL_NAMES, now: datetime | None = None
) -> Certificates:
    """Reads the folder's certificates and makes what is missing, or soon expires, or lacks a name.

    Files that this function did not make are never replaced: they raise TlsProblem.
    """
    now = datetime.now(UTC) if now is None else now
    wanted = tuple(dict.fromkeys(names))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(folder):
            authority = _authority(folder / "authority.pem", now)
            _server(folder / "server.pem", authority, wanted, now)
            _publish(folder / "ca.pem", authority)
    except OSError as problem:
        raise TlsProblem(
            f"Cannot keep certificates in {folder}.",
            f"{problem.strerror or problem}.",
            "Name a folder that may be written to with --tls-dir.",
        ) from problem
    return Certificates(folder / "ca.pem", folder / "server.pem")


def _alone(folder: Path) -> SoleOwner:
    try:
        return SoleOwner(folder / "certificates")
    except InUse:
        raise TlsProblem(
            f"The certificates in {folder} are being made.",
            "Another gateway that starts just now makes them.",
            "Try again in a moment.",
        ) from None


def _authority(path: Path, now: datetime) -> _Signed:
    known = _read(path)
    if known is not None and known.lasts(now):
        return known
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_CA_NAME, key.public_key(), now, _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority = _Signed(certificate, key)
    _replace(path, authority.private_pem(), 0o600)
    return authority


def _publish(path: Path, authority: _Signed) -> None:
    """Writes the authority's certificate where clients look for it."""
    if path.exists():
        there = path.read_bytes()
        if there == authority.public_pem():
            return
        _own_certificate(path, there)
    _replace(path, authority.public_pem(), 0o644)


def _server(path: Path, authority: _Signed, names: tuple[str, ...], now: datetime) -> None:
    known = _read(path)
    if known is not None:
        if (
            known.lasts(now)
            and _issued_by(known.certificate, authority)
            and set(names) <= _names_of(known.certificate)
        ):
            return
        names = tuple(dict.fromkeys((*names, *sorted(_names_of(known.certificate)))))
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tpb gateway")])
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    certificate = (
        _builder(subject, key.public_key(), now, _SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(map(_general_name, names)), critical=False)
        .add_extension(authority_key, critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    _replace(path, _Signed(certificate, key).private_pem(), 0o600)


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_CA_NAME)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        # An hour earlier: clocks differ.
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names_of(certificate: x509.Certificate) -> set[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {
        *names.get_values_for_type(x509.DNSName),
        *map(str, names.get_values_for_type(x509.IPAddress)),
    }


def _issued_by(certificate: x509.Certificate, authority: _Signed) -> bool:
    try:
        certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _read(path: Path) -> _Signed | None:
    """A key and its certificate that tpb made, or nothing where there is no file."""
    if not path.exists():
        return None
    content = path.read_bytes()
    certificate = _own_certificate(path, content)
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as problem:
        raise _foreign(path) from problem
    if not isinstance(key, ec.EllipticCurvePrivateKey) or (
        key.public_key() != certificate.public_key()
    ):
        raise _foreign(path)
    return _Signed(certificate, key)


def _own_certificate(path: Path, content: bytes) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(content)
    except ValueError as problem:
        raise _foreign(path) from problem
    if certificate.issuer != _CA_NAME:
        raise _foreign(path)
    return certificate


def _foreign(path: Path) -> TlsProblem:
    return TlsProblem(
        f"The file {path} was not made by tpb.",
        "It holds something else, or it is damaged. It was left as it is.",
        "Name another folder with --tls-dir, or move the file away.",
    )


def _replace(path: Path, content: bytes, mode: int) -> None:
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)

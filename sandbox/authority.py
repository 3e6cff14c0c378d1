"""The sandbox's own certificate authority, and the keys and certificates it hands out.

Everything is kept in the state directory and used again while it is valid, so that a browser which was told to
trust the authority once goes on trusting it.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_ORGANISATION = "Alongside sandbox"
_AUTHORITY_DAYS = 5 * 365
_LEAF_DAYS = 397  # browsers refuse certificates that live longer
_RENEW_BEFORE = timedelta(days=14)


# Where a browser finds Gmail's pages. The certificate for it is one of its own, so that no other service has it.
WEBMAIL_HOST = "mail.google.com"


@dataclass(frozen=True, slots=True)
class Leaf:
    """Files of a server's certificate and key."""

    certificate_file: Path
    key_file: Path

    def spki(self) -> str:
        """The SHA-256 of the public key in base64, by which Chromium can be told to accept this certificate alone."""
        certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        public = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(hashlib.sha256(public).digest()).decode()


@dataclass(frozen=True, slots=True)
class Authority:
    """The file of the authority's certificate; what the services at localhost show, and what Gmail's pages show."""

    ca_file: Path
    local: Leaf
    webmail: Leaf


def ensure_authority(directory: Path) -> Authority:
    """The authority and its certificates in ``directory``, made anew only when missing or nearly expired."""
    files = Authority(
        directory / "ca.pem",
        Leaf(directory / "server.pem", directory / "server-key.pem"),
        Leaf(directory / "webmail.pem", directory / "webmail-key.pem"),
    )
    ca_key_file = directory / "ca-key.pem"
    ca = _read_certificate(files.ca_file)
    if ca is None or not ca_key_file.exists():
        ca_key = new_key(ca_key_file)
        ca = _self_signed(ca_key)
        write_private(files.ca_file, ca.public_bytes(serialization.Encoding.PEM))
        files.ca_file.chmod(0o644)
        for leaf in (files.local, files.webmail):
            leaf.certificate_file.unlink(missing_ok=True)
    for leaf, hosts in ((files.local, ()), (files.webmail, (WEBMAIL_HOST,))):
        server = _read_certificate(leaf.certificate_file)
        if server is None or not leaf.key_file.exists() or server.issuer != ca.subject:
            certificate = _for_hosts((*hosts, "localhost"), new_key(leaf.key_file), ca, read_key(ca_key_file))
            write_private(leaf.certificate_file, certificate.public_bytes(serialization.Encoding.PEM))
    return files


def ensure_key(path: Path) -> rsa.RSAPrivateKey:
    """The RSA key in ``path``, made when it is missing."""
    return read_key(path) if path.exists() else new_key(path)


def ensure_client_certificate(path: Path, key: rsa.RSAPrivateKey, name: str) -> x509.Certificate:
    """A self-signed certificate over ``key``, as an administrator uploads one for a confidential client."""
    certificate = _read_certificate(path)
    if certificate is None or certificate.public_key() != key.public_key():
        certificate = _self_signed(key, name=name, authority=False)
        write_private(path, certificate.public_bytes(serialization.Encoding.PEM))
        path.chmod(0o644)
    return certificate


def new_key(path: Path) -> rsa.RSAPrivateKey:
    """A fresh RSA key, written to ``path`` for its owner only."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoded = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(path, encoded)
    return key


def read_key(path: Path) -> rsa.RSAPrivateKey:
    """The RSA key in ``path``; ``TypeError`` when it holds another kind of key."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path.name} holds no RSA key.")
    return key


def write_private(path: Path, content: bytes) -> None:
    """Replace ``path`` at once; the file is never readable for others, not even while it is written."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    temporary.replace(path)


def _read_certificate(path: Path) -> x509.Certificate | None:
    if not path.exists():
        return None
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError:
        return None
    valid = certificate.not_valid_after_utc - datetime.now(UTC) > _RENEW_BEFORE
    return certificate if valid else None


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(subject: x509.Name, issuer: x509.Name, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not signs_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _self_signed(key: rsa.RSAPrivateKey, *, name: str = "", authority: bool = True) -> x509.Certificate:
    # The name holds part of the key's fingerprint: two sandboxes on one machine are told apart in a trust store.
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    subject = _name(name or f"Sandbox authority {identifier.digest.hex()[:8]}")
    builder = (
        _builder(subject, subject, _AUTHORITY_DAYS)
        .public_key(key.public_key())
        .add_extension(identifier, critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(_usage(signs_certificates=authority), critical=True)
    )
    return builder.sign(key, hashes.SHA256())


def _for_hosts(
    hosts: tuple[str, ...], key: rsa.RSAPrivateKey, ca: x509.Certificate, ca_key: rsa.RSAPrivateKey
) -> x509.Certificate:
    names: list[x509.GeneralName] = [
        *map(x509.DNSName, hosts),
        x509.IPAddress(ip_address("127.0.0.1")),
        x509.IPAddress(ip_address("::1")),
    ]
    ca_identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(_name(hosts[0]), ca.subject, _LEAF_DAYS)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_identifier),
            critical=False,
        )
    )
    return builder.sign(ca_key, hashes.SHA256())

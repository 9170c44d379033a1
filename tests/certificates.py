"""Certificates of every odd kind, made for a test."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM
DAY = timedelta(days=1)


@dataclass
class Made:
    """A certificate with its key, and who issued it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    issuer: "Made | None" = None

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)

    @property
    def key_pem(self) -> bytes:
        form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self.key.private_bytes(PEM, form, none)

    def write_chain(self, path: Path) -> Path:
        """The key, the certificate, and those of the issuers that are authorities themselves but not the root's."""
        content, one = self.key_pem + self.pem, self.issuer
        while one is not None and one.issuer is not None:
            content, one = content + one.pem, one.issuer
        path.write_bytes(content)
        return path


@dataclass(frozen=True)
class Kind:
    """What a certificate says of itself."""

    authority: bool | None = True
    """None: it has no basicConstraints."""
    critical: bool = True
    signs: bool | None = None
    """keyCertSign in its keyUsage; None: it has no keyUsage."""
    age: timedelta = DAY
    left: timedelta = 30 * DAY
    hosts: tuple[str, ...] = field(default=())


def make(name: str, kind: Kind | None = None, issuer: Made | None = None) -> Made:
    """A certificate of that kind, by default an authority's."""
    kind = kind or Kind()
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - kind.age)
        .not_valid_after(now + kind.left)
    )
    if kind.authority is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=kind.authority, path_length=None), kind.critical)
    if kind.signs is not None:
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=kind.signs,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
    if kind.hosts:
        addresses = [x509.IPAddress(ip_address(host)) for host in kind.hosts]
        builder = builder.add_extension(x509.SubjectAlternativeName(addresses), critical=False)
    signer = key if issuer is None else issuer.key
    return Made(builder.sign(signer, hashes.SHA256()), key, issuer)

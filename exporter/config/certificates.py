"""What in a file of authorities' certificates cannot verify anything, or does not belong there."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.x509 import Certificate

from exporter.yaml import quoted

_BLOCK = re.compile(rb"-----BEGIN (X509 |)CERTIFICATE-----.*?-----END \1CERTIFICATE-----", re.DOTALL)
_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")

T = TypeVar("T", bound=x509.ExtensionType)

Test = Callable[[Certificate], bool]


def doubts(content: bytes, now: datetime) -> tuple[str, ...]:
    """One line for each kind of doubt about a file of PEM certificates that TLS has taken."""
    found = [certificate for block in _BLOCK.finditer(content) if (certificate := _read(block[0])) is not None]
    kinds: tuple[tuple[Test, str, str], ...] = (
        (lambda one: one.not_valid_after_utc < now, "expired", "replace it with the authority's current one"),
        (lambda one: one.not_valid_before_utc > now, "not valid yet", "check it, and this machine's clock"),
        (
            lambda one: not _is_authority(one),
            "not that of an authority",
            "it verifies only the server that has it; use the certificate of the authority",
        ),
    )
    lines = [line for test, what, remedy in kinds if (line := _line(found, test, what, remedy))]
    if _KEY.search(content):
        lines.append("the file holds a private key, which must stay secret: remove it, and create a new key")
    return tuple(lines)


def _line(found: Sequence[Certificate], test: Test, what: str, remedy: str) -> str:
    those = [certificate for certificate in found if test(certificate)]
    if not those:
        return ""
    name = quoted(those[0].subject.rfc4514_string())
    if len(found) == 1:
        return f"the certificate of {name} is {what}: {remedy}"
    return f"{len(those)} of the {len(found)} certificates, first that of {name}: {what}; {remedy}"


def _read(block: bytes) -> Certificate | None:
    """The certificate; None where this library is stricter than TLS is."""
    try:
        certificate = x509.load_pem_x509_certificate(block.replace(b"X509 CERTIFICATE", b"CERTIFICATE"))
        certificate.subject.rfc4514_string()
        list(certificate.extensions)
    except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None
    return certificate


def _is_authority(certificate: Certificate) -> bool:
    """As OpenSSL judges it (X509_check_ca(3))."""
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        return False
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is not None:
        return constraints.ca
    own = certificate.version is x509.Version.v1 and certificate.issuer == certificate.subject
    return own or usage is not None


def _extension(certificate: Certificate, kind: type[T]) -> T | None:
    return next((one.value for one in certificate.extensions if isinstance(one.value, kind)), None)

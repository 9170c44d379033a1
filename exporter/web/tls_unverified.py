"""TLS that asks clients for a certificate and takes any, as Go's RequestClientCert and RequireAnyClientCert do.

Python's ssl verifies whatever certificate it asks for, so this is pyOpenSSL's work, behind the few methods of
`ssl.SSLContext` and `ssl.SSLObject` that asyncio calls.
"""

import ssl
from collections.abc import Callable
from typing import Any, TypeVar, cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

_VERSIONS = {ssl.TLSVersion.TLSv1_2: SSL.TLS1_2_VERSION, ssl.TLSVersion.TLSv1_3: SSL.TLS1_3_VERSION}
_CURVES = {"CurveP256": ec.SECP256R1(), "CurveP384": ec.SECP384R1(), "CurveP521": ec.SECP521R1()}
_KINDS: tuple[tuple[Any, str], ...] = (
    (x509.DNSName, "DNS"),
    (x509.RFC822Name, "email"),
    (x509.IPAddress, "IP Address"),
    (x509.UniformResourceIdentifier, "URI"),
)
_HTTP = b"http/1.1"
_PIECE = 65536

Result = TypeVar("Result")


class UnverifiedError(Exception):
    """This certificate, key or curve cannot be used so. One line for the operator."""


def unverified(
    like: ssl.SSLContext, certificates: str, key: str, *, required: bool, curve: str | None
) -> ssl.SSLContext:
    """A context with the versions and suites of `like`, and the certificates and the key in these two files.

    `required` is whether a client without a certificate must go.

    Raises:
        UnverifiedError: pyOpenSSL cannot use the certificates, the key or the curve.
    """
    if curve is not None and curve not in _CURVES:
        raise UnverifiedError(f"the curve {curve} cannot be chosen here; allowed: {', '.join(_CURVES)}, or none")
    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_min_proto_version(_VERSIONS[like.minimum_version])
    made.set_max_proto_version(_VERSIONS[like.maximum_version])
    made.set_options(SSL.OP_NO_RENEGOTIATION | (like.options & ssl.OP_CIPHER_SERVER_PREFERENCE))
    older = [suite["name"] for suite in like.get_ciphers() if suite["protocol"] != "TLSv1.3"]
    made.set_cipher_list(":".join(older).encode())
    made.set_alpn_select_callback(lambda _, offered: _HTTP if _HTTP in offered else SSL.NO_OVERLAPPING_PROTOCOLS)
    made.set_session_id(b"wolkvox-exporter")
    if curve is not None:
        made.set_tmp_ecdh(_CURVES[curve])
    must = SSL.VERIFY_FAIL_IF_NO_PEER_CERT if required else 0
    made.set_verify(SSL.VERIFY_PEER | must, lambda *_: True)
    try:
        made.use_certificate_chain_file(certificates)
        made.use_privatekey_file(key)
    except SSL.Error:
        raise UnverifiedError(
            "this certificate or key cannot be used with it; RequireAndVerifyClientCert can"
        ) from None
    return cast("ssl.SSLContext", _Context(made))


class _Context:
    """The one method of `ssl.SSLContext` that asyncio calls."""

    def __init__(self, context: SSL.Context) -> None:
        self._context = context

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, **_: object) -> "_Wire":
        return _Wire(SSL.Connection(self._context, None), incoming, outgoing)


class _Wire:
    """The methods of `ssl.SSLObject` that asyncio calls, on the server's side of a connection."""

    def __init__(self, connection: SSL.Connection, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO) -> None:
        self._connection = connection
        self._incoming = incoming
        self._outgoing = outgoing
        connection.set_accept_state()

    def do_handshake(self) -> None:
        self._turn(self._connection.do_handshake)

    def read(self, size: int) -> bytes:
        try:
            return self._turn(lambda: self._connection.recv(size))
        except SSL.ZeroReturnError:  # the client said goodbye
            return b""

    def write(self, data: bytes) -> int:
        return self._turn(lambda: self._connection.send(data))

    def unwrap(self) -> None:
        if not self._turn(self._connection.shutdown):
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "the client has not said goodbye yet")

    def getpeercert(self) -> dict[str, Any] | None:
        """The alternative names, as `ssl` gives them; None where the client showed no certificate."""
        shown = self._connection.get_peer_certificate(as_cryptography=True)
        if shown is None:
            return None
        try:
            names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
            return {"subjectAltName": ()}
        found = ((label, str(value)) for kind, label in _KINDS for value in names.get_values_for_type(kind))
        return {"subjectAltName": tuple(found)}

    def cipher(self) -> tuple[str | None, str | None, int | None]:
        connection = self._connection
        return connection.get_cipher_name(), connection.get_cipher_version(), connection.get_cipher_bits()

    def compression(self) -> None:
        """TLS compression is off."""

    def _turn(self, operation: Callable[[], Result]) -> Result:
        """Hand over what has arrived, work on it, take away what is to be sent."""
        if self._incoming.pending:
            self._connection.bio_write(self._incoming.read())
        try:
            return operation()
        except SSL.ZeroReturnError:
            raise
        except SSL.WantReadError:
            raise ssl.SSLWantReadError(ssl.SSL_ERROR_WANT_READ, "more must arrive first") from None
        except SSL.Error as error:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, f"OpenSSL says {error}") from None
        finally:
            self._take_away()

    def _take_away(self) -> None:
        try:
            while True:
                self._outgoing.write(self._connection.bio_read(_PIECE))
        except SSL.WantReadError:
            return

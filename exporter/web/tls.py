"""`tls_server_config` -> an `ssl.SSLContext`, or what stands in its way. Nothing configured is left out in silence."""

import ipaddress
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exporter.web.file_reader import FileReader
from exporter.web.schema import TLSSection
from exporter.web.tls_names import AUTH_TYPES, CIPHERS, CURVES, TLS13_CIPHERS, UNVERIFIED, VERSIONS
from exporter.yaml import quoted

_KINDS = frozenset({"DNS", "email", "IP Address", "URI"})


@dataclass(frozen=True, slots=True)
class ServerTLS:
    """How to speak TLS with a new client, and whom to speak with."""

    context: ssl.SSLContext
    allowed_names: frozenset[str] = frozenset()
    """Of the client's certificate, one alternative name must be here; empty: any will do."""
    warnings: tuple[tuple[str, str], ...] = ()
    """Pairs of a key and what is doubtful about it."""

    def allows(self, certificate: Mapping[str, Any] | None) -> bool:
        """Whether the client with this certificate, as `ssl` decodes it, may come in."""
        if not self.allowed_names:
            return True
        names = (certificate or {}).get("subjectAltName", ())
        return any(kind in _KINDS and _canonical(name) in self.allowed_names for kind, name in names)


class ServerTLSError(Exception):
    """Why there is no context: pairs of a key and what is wrong with it."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        super().__init__(*found)
        self.found = found


def server_tls(section: TLSSection, folder: Path, given: frozenset[str], files: FileReader) -> ServerTLS:
    """Make the context. Relative files stand in `folder`; `given` are the keys of the section, usable or not.

    Raises:
        ServerTLSError: all of them at once.
    """
    return _Builder(section, folder, given, files).build()


class _Builder:
    def __init__(self, section: TLSSection, folder: Path, given: frozenset[str], files: FileReader) -> None:
        self._section = section
        self._folder = folder
        self._given = given
        self._files = files
        self._found: list[tuple[str, str]] = []
        self._warnings: list[tuple[str, str]] = []
        self._pair: tuple[bytes, bytes] | None = None
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

    def build(self) -> ServerTLS:
        self._context.options |= ssl.OP_NO_RENEGOTIATION
        self._context.set_alpn_protocols(["http/1.1"])
        self._certificate()
        self._clients()
        self._versions()
        self._ciphers()
        self._curve()
        context = self._unverified() if self._section.client_auth_type in UNVERIFIED else self._context
        if self._found:
            raise ServerTLSError(self._found)
        names = frozenset(map(_canonical, self._section.client_allowed_sans))
        return ServerTLS(context, names, tuple(self._warnings))

    def _unverified(self) -> ssl.SSLContext:
        """The same context, but any certificate of a client will do, which Python's ssl cannot."""
        from exporter.web.tls_unverified import UnverifiedError, unverified  # noqa: PLC0415 (slow, and rarely needed)

        if self._found or self._pair is None:
            return self._context
        required = AUTH_TYPES[self._section.client_auth_type] is ssl.CERT_REQUIRED
        curve = self._section.curve_preferences[0] if len(self._section.curve_preferences) == 1 else None
        try:
            with _readable(self._pair[0]) as certificates, _readable(self._pair[1]) as key:
                return unverified(self._context, certificates, key, required=required, curve=curve)
        except UnverifiedError as error:
            self._wrong("client_auth_type", f"{self._section.client_auth_type}: {error}")
        return self._context

    def _wrong(self, key: str, text: str) -> None:
        self._found.append((key, text))

    def _doubtful(self, key: str, text: str) -> None:
        self._warnings.append((key, text))

    def _certificate(self) -> None:
        key = self._section.key
        certificate = self._content("cert", self._section.cert, self._section.cert_file)
        private = self._content("key", key.get_secret_value() if key else None, self._section.key_file)
        for name in ("cert", "key"):
            if not {name, f"{name}_file"} & self._given:
                self._wrong(name, f"is missing; give {name}_file, or {name} with the PEM text")
        if certificate is None or private is None:
            return
        if b"-----BEGIN CERTIFICATE-----" not in certificate:
            self._wrong(self._key("cert"), "holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----")
            return
        try:
            with _readable(certificate) as certificate_path, _readable(private) as key_path:
                self._context.load_cert_chain(certificate_path, key_path, password=_no_password)
        except (ssl.SSLError, OSError, ValueError) as error:
            self._wrong(self._key("key"), _explain(error))
            return
        self._pair = certificate, private

    def _clients(self) -> None:
        section = self._section
        kind, mode = section.client_auth_type, AUTH_TYPES[section.client_auth_type]
        authority = self._content("client_ca", section.client_ca, section.client_ca_file)
        if mode is ssl.CERT_NONE:
            for key in sorted({"client_ca", "client_ca_file", "client_allowed_sans"} & self._given):
                self._wrong(key, "has no effect without client_auth_type: RequireAndVerifyClientCert")
        elif kind in UNVERIFIED:
            self._doubtful("client_auth_type", f"{kind} takes any certificate without verifying who issued it")
        elif {"client_ca", "client_ca_file"} & self._given:
            self._trust(authority)
            self._context.verify_mode = mode
        else:
            self._doubtful(
                "client_auth_type",
                f"{kind} without client_ca_file trusts every certificate that one of the system's authorities issued",
            )
            self._context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
            self._context.verify_mode = mode

    def _trust(self, authority: bytes | None) -> None:
        if authority is None:  # said already
            return
        try:
            with _readable(authority) as path:
                self._context.load_verify_locations(cafile=path)
        except ssl.SSLError:
            self._wrong(self._key("client_ca"), "holds no certificates in PEM")

    def _versions(self) -> None:
        least, most = VERSIONS[self._section.min_version], VERSIONS[self._section.max_version]
        if most is None:
            self._wrong("max_version", "TLS 1.0 and 1.1 are not supported (RFC 8996); allowed: TLS12, TLS13")
            return
        if least is None:
            self._doubtful("min_version", "TLS 1.0 and 1.1 are not supported (RFC 8996): clients need TLS 1.2")
            least = ssl.TLSVersion.TLSv1_2
        if least > most:
            self._wrong("min_version", f"is above max_version: {self._section.max_version}")
            return
        self._context.minimum_version, self._context.maximum_version = least, most

    def _ciphers(self) -> None:
        if not self._section.prefer_server_cipher_suites:
            self._context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
        chosen = self._section.cipher_suites
        modern = TLS13_CIPHERS & set(chosen)
        if modern and modern != TLS13_CIPHERS:
            more = ", ".join(sorted(TLS13_CIPHERS - modern))
            self._doubtful("cipher_suites", f"the suites of TLS 1.3 cannot be chosen one by one: {more} serve too")
        older = [CIPHERS[name] for name in chosen if name in CIPHERS]
        if older:
            try:
                self._context.set_ciphers(":".join(older))
            except ssl.SSLError:
                self._wrong("cipher_suites", "this OpenSSL supports none of them")
        elif chosen:  # nothing is left for TLS 1.2
            if self._section.max_version == "TLS12":
                self._wrong("cipher_suites", "has no suite of TLS 1.2, and max_version: TLS12 allows no other")
            self._context.minimum_version = ssl.TLSVersion.TLSv1_3

    def _curve(self) -> None:
        curves = self._section.curve_preferences
        if len(curves) > 1:
            self._doubtful("curve_preferences", "Python's ssl can be given one curve only: all of OpenSSL's serve")
        elif curves:
            self._context.set_ecdh_curve(CURVES[curves[0]])

    def _key(self, name: str) -> str:
        """The key that was used: a text has one, its file another."""
        return f"{name}_file" if f"{name}_file" in self._given else name

    def _content(self, name: str, inline: str | None, file: str | None) -> bytes | None:
        if {name, f"{name}_file"} <= self._given:
            self._wrong(name, f"is given in addition to {name}_file; keep one of them")
            return None
        if inline is not None:
            return inline.encode()
        if file is None:
            return None
        try:
            return self._files.read(self._folder / file)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no file can have this name"
            where = "a relative path starts at this file's folder"
            self._wrong(f"{name}_file", f"{quoted(file)} cannot be read: {reason}; {where}")
            return None


@contextmanager
def _readable(content: bytes) -> Iterator[str]:
    """A path from which OpenSSL can read `content`: it takes no bytes, and a key must not come to lie on a disk."""
    descriptor = os.memfd_create("pem")
    try:
        os.write(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _no_password() -> str:
    raise ValueError("the key is encrypted; give one without a password, in a file that only the exporter can read")


def _explain(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        if error.reason == "KEY_VALUES_MISMATCH":
            return "the key does not belong to the certificate"
        return "certificate and key cannot be used: one of them is not valid PEM, or OpenSSL finds it too weak"
    return str(error)


def _canonical(name: str) -> str:
    """IP addresses in one spelling: OpenSSL writes IPv6 ones in full."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name

"""What `check` says of a ca_file."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from certificates import DAY, Kind, Made, make

from exporter.config.ca_file import check_authorities
from exporter.config.certificates import doubts

NOW = datetime.now(UTC)
ROOT = make("root")


@pytest.mark.parametrize(
    "made",
    [
        ROOT,
        make("not critical", Kind(critical=False)),
        make("signs", Kind(authority=None, signs=True)),
        make("both", Kind(signs=True)),
        make("intermediate", issuer=ROOT),
    ],
    ids=lambda made: made.certificate.subject.rfc4514_string(),
)
def test_nothing_is_said_of_an_authority(tmp_path: Path, made: Made) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(b"# a comment\n" + made.pem)
    assert check_authorities(path, NOW) == ()


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (make("old", Kind(age=9 * DAY, left=-DAY)), r"^the certificate of 'CN=old' is expired: "),
        (make("young", Kind(age=-DAY)), "is not valid yet"),
        (make("leaf", Kind(authority=False), ROOT), "is not that of an authority: it verifies only the server"),
        (make("bare", Kind(authority=None)), "is not that of an authority"),
        (make("other use", Kind(signs=False)), "is not that of an authority"),
    ],
)
def test_what_cannot_verify_anything_is_named(tmp_path: Path, made: Made, said: str) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(made.pem)
    [line] = check_authorities(path, NOW)
    assert re.search(said, line)
    assert line.isprintable()


def test_of_many_each_kind_has_one_line() -> None:
    old = [make(f"old {number}", Kind(age=9 * DAY, left=-DAY)) for number in range(3)]
    content = b"".join(one.pem for one in (*old, ROOT, make("leaf", Kind(authority=False), ROOT)))
    first, second = doubts(content, NOW)
    assert first.startswith("3 of the 5 certificates, first that of 'CN=old 0': expired; ")
    assert second.startswith("1 of the 5 certificates, first that of 'CN=leaf': not that of an authority; ")


def test_a_private_key_is_named() -> None:
    [line] = doubts(ROOT.key_pem + ROOT.pem, NOW)
    assert "private key" in line
    [line] = doubts(ROOT.pem + b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", NOW)
    assert "private key" in line


def test_time_is_passed_in() -> None:
    assert doubts(ROOT.pem, NOW) == ()
    assert "expired" in doubts(ROOT.pem, NOW + timedelta(days=365))[0]


def test_what_this_library_cannot_read_is_left_to_tls() -> None:
    assert doubts(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", NOW) == ()
    assert doubts(ROOT.pem.replace(b"CERTIFICATE", b"X509 CERTIFICATE"), NOW + timedelta(days=365))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no certificates in PEM"),
        (b"\n# nothing\n", "holds no certificates in PEM"),
        (ROOT.key_pem, "holds no certificates in PEM"),
        (ROOT.pem[:200] + ROOT.pem[300:], "holds a damaged certificate"),
    ],
)
def test_what_tls_cannot_load_is_a_mistake(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "ca.pem"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        check_authorities(path, NOW)

import json
import re
import subprocess
from pathlib import Path

import bcrypt
import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.web.rate_limit import RateLimit
from exporter.web.schema import _HASH
from exporter.web.settings import Reading, read_settings

HASH = "$2y$04$" + "a" * 21 + "u" + "a" * 31


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    authority = trustme.CA()
    for name, issued in (("server", authority.issue_cert("localhost")), ("other", authority.issue_cert("localhost"))):
        issued.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.crt")
        issued.private_key_pem.write_to_path(tmp_path / f"{name}.key")
    authority.cert_pem.write_to_path(tmp_path / "ca.crt")
    (tmp_path / "junk.pem").write_text("junk")
    return tmp_path


def reading(folder: Path, text: str) -> Reading:
    file = folder / "web.yml"
    file.write_text(text)
    return read_settings(file)


def mistakes(folder: Path, text: str) -> list[str]:
    """The mistakes without the path of the file, which each begins with."""
    file = str(folder / "web.yml")
    found = reading(folder, text).mistakes
    assert all(line.startswith(f"{file}:") for line in found)
    return [line.removeprefix(f"{file}:") for line in found]


def tls(*lines: str, pair: str = "  cert_file: server.crt\n  key_file: server.key\n") -> str:
    return "tls_server_config:\n" + pair + "".join(f"  {line}\n" for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "{}",
        "~",
        "tls_server_config:\nhttp_server_config:\nrate_limit:\nauth_excluded_paths:\n",
        tls(),
        tls("min_version: TLS13", "max_version: TLS13"),
        tls("client_auth_type: NoClientCert"),
        tls("client_auth_type: VerifyClientCertIfGiven", "client_ca_file: ca.crt"),
        tls(
            "client_auth_type: RequireAndVerifyClientCert",
            "client_ca_file: ca.crt",
            "client_allowed_sans: [a.example, 127.0.0.1]",
        ),
        tls("cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]", "prefer_server_cipher_suites: false"),
        tls("cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256]"),
        tls("curve_preferences: [X25519]"),
        "http_server_config: {http2: false}",
        "rate_limit: {}",
        "rate_limit: {interval: 0, burst: 0}",
        "rate_limit: {interval: 0s}",
        "rate_limit: {burst: 5}",
        "rate_limit: {interval: 1m30.5s, burst: 2}",
        "http_server_config: {headers: {X-XSS-Protection: 0, X-Frame-Options: , Strict-Transport-Security: max-age=1}}",
        f"basic_auth_users: {{alice: {HASH}, bób: '{HASH}'}}\nauth_excluded_paths: [/-/healthy, /-/ready]",
    ],
)
def test_what_is_right(folder: Path, text: str) -> None:
    assert mistakes(folder, text) == []


def test_what_is_right_comes_out(folder: Path) -> None:
    text = tls("client_auth_type: RequireAndVerifyClientCert", "client_ca_file: ca.crt", 'client_allowed_sans: ["::1"]')
    text += f"basic_auth_users: {{alice: {HASH}}}\nauth_excluded_paths: [/-/ready]\n"
    text += "http_server_config: {headers: {X-Frame-Options: sameorigin}}\n"
    found = reading(folder, text)
    assert found.files == tuple(folder / name for name in ("web.yml", "server.crt", "server.key", "ca.crt"))
    assert found.settings.users == {"alice": HASH}
    assert found.settings.excluded == {"/-/ready"}
    assert found.settings.headers == {"X-Frame-Options": "sameorigin"}
    assert found.settings.tls is not None
    assert HASH not in repr(found)
    allows = found.settings.tls.allows
    assert allows({"subjectAltName": (("DNS", "b.example"), ("IP Address", "0:0:0:0:0:0:0:1"))})
    assert not allows({"subjectAltName": (("DirName", "::1"), ("DNS", "b.example"))})
    assert not allows({})
    assert not allows(None)


def test_certificate_and_key_may_stand_in_the_file(folder: Path) -> None:
    def block(name: str) -> str:
        return "|\n" + "".join(f"    {line}\n" for line in (folder / name).read_text().splitlines())

    pair = f"  cert: {block('server.crt')}  key: {block('server.key')}"
    text = tls(f"client_ca: {block('ca.crt')}", "client_auth_type: RequireAndVerifyClientCert", pair=pair)
    found = reading(folder, text)
    assert found.mistakes == ()
    assert found.files == (folder / "web.yml",)


ALL_TYPES = (
    "RequestClientCert, RequireClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a", ["1: document: is not a mapping, keys such as tls_server_config: are needed"]),
        ("tls_server_config: {", None),
        ("a: 1\na: 2", None),
        (
            "tls_server_config: [a]",
            ["1: tls_server_config: must be a mapping of keys and values, such as cert_file: server.crt"],
        ),
        (
            "basic_auth_users: [a]",
            [
                (
                    "1: basic_auth_users: must be a mapping of keys and values, such as alice: $2y$10$..., names and"
                    " bcrypt hashes"
                )
            ],
        ),
        ("auth_excluded_paths: /-/healthy", ["1: auth_excluded_paths: must be a list, such as [/-/healthy, /-/ready]"]),
        (
            "basic_auth_user: {}",
            [
                (
                    "1: basic_auth_user: unknown key (did you mean basic_auth_users?), allowed at the top are"
                    " auth_excluded_paths, basic_auth_users, http_server_config, rate_limit, tls_server_config"
                )
            ],
        ),
        (
            "http_server_config: {http3: true}",
            [
                (
                    "1: http_server_config.http3: unknown key (did you mean http2?), allowed in http_server_config are"
                    " headers, http2"
                )
            ],
        ),
        (
            "rate_limit: {interval: often, burst: -1, every: 1s}",
            [
                ("1: rate_limit.interval: is not a duration; allowed: such as 1s, 500ms or 1m30s, or 0 for no limit"),
                "1: rate_limit.burst: must be a whole number of requests",
                "1: rate_limit.every: unknown key, allowed in rate_limit are burst, interval",
            ],
        ),
        ("rate_limit: {interval: 1}", None),
        ("rate_limit: {interval: -1s}", None),
        ("rate_limit: {interval: ''}", None),
        ("rate_limit: {interval: 1d}", None),
        ("rate_limit: {interval: 1s, burst: 1.5}", None),
        ("rate_limit: {interval: 1s, burst: [1]}", None),
        ("rate_limit: 1s", ["1: rate_limit: must be a mapping of keys and values, such as interval: 1s"]),
        *(
            (
                f"basic_auth_users: {nobody}",
                [
                    (
                        "1: basic_auth_users: names nobody; add a user, or delete the key if everybody may come in"
                        " without a password"
                    )
                ],
            )
            for nobody in ("", "~", "{}")
        ),
        ("http_server_config: {http2: maybe}", ["1: http_server_config.http2: must be true or false"]),
        (
            "http_server_config: {headers: {Server: Apache}}",
            [
                (
                    "1: http_server_config.headers: header 'Server' cannot be set; allowed: Content-Security-Policy,"
                    " X-Frame-Options, X-Content-Type-Options, X-XSS-Protection, Strict-Transport-Security"
                )
            ],
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}",
            ["1: http_server_config.headers: X-Frame-Options is 'allow'; allowed: deny, sameorigin, or empty for none"],
        ),
        (
            'http_server_config: {headers: {Content-Security-Policy: "a\\nb"}}',
            [
                (
                    "1: http_server_config.headers: Content-Security-Policy holds characters that no header can carry;"
                    " allowed: printable ASCII"
                )
            ],
        ),
        (
            "http_server_config: {headers: [a]}",
            ["1: http_server_config.headers: must be a mapping of header names to values"],
        ),
        (
            "basic_auth_users: {alice: secret, bob: $2y$32$" + "a" * 21 + "u" + "a" * 31 + "}",
            [
                "1: basic_auth_users.alice: is not a bcrypt hash; make one with: htpasswd -nBC 10 '' | tr -d ':'",
                "1: basic_auth_users.bob: has a bcrypt cost of 32; allowed: 4 to 31, 10 is usual",
            ],
        ),
        (
            f"basic_auth_users: {{'a:b': {HASH}}}",
            ["1: basic_auth_users: user name 'a:b': a name is not empty and has no colon (RFC 7617)"],
        ),
        (
            "auth_excluded_paths: [/-/healthy, /metrics]",
            ["1: auth_excluded_paths[1]: unknown value '/metrics', allowed: /-/healthy, /-/ready"],
        ),
        (tls(pair="  {}\n"), None),
        (
            tls(pair="  cert_file: ''\n  key_file: server.key\n"),
            ["2: tls_server_config.cert_file: is empty; give a value or leave the key out"],
        ),
        (
            tls("client_auth_type: RequireAndVerifyClientCert", "client_ca_file: none.crt"),
            [
                (
                    "5: tls_server_config.client_ca_file: 'none.crt' cannot be read: No such file or directory; a"
                    " relative path starts at this file's folder"
                )
            ],
        ),
        (
            "tls_server_config: {}",
            [
                "1: tls_server_config.cert: is missing; give cert_file, or cert with the PEM text",
                "1: tls_server_config.key: is missing; give key_file, or key with the PEM text",
            ],
        ),
        (
            tls("cert: x", "key: x"),
            [
                "4: tls_server_config.cert: is given in addition to cert_file; keep one of them",
                "5: tls_server_config.key: is given in addition to key_file; keep one of them",
            ],
        ),
        (
            tls(pair="  cert_file: none.crt\n  key_file:\n"),
            [
                (
                    "2: tls_server_config.cert_file: 'none.crt' cannot be read: No such file or directory; a relative"
                    " path starts at this file's folder"
                ),
                "3: tls_server_config.key_file: is empty; give a value or leave the key out",
            ],
        ),
        (
            tls(pair="  cert_file: server.crt\n  key_file: other.key\n"),
            ["3: tls_server_config.key_file: the key does not belong to the certificate"],
        ),
        (
            tls(pair="  cert_file: junk.pem\n  key_file: server.key\n"),
            [
                (
                    "2: tls_server_config.cert_file: holds no certificate in PEM, which begins with"
                    " -----BEGIN CERTIFICATE-----"
                )
            ],
        ),
        (
            tls(pair="  cert_file: server.crt\n  key_file: junk.pem\n"),
            [
                (
                    "3: tls_server_config.key_file: certificate and key cannot be used: one of them is not valid PEM, "
                    "or OpenSSL finds it too weak"
                )
            ],
        ),
        (
            tls("client_auth_type: noclientcert"),
            [
                (
                    "4: tls_server_config.client_auth_type: unknown value 'noclientcert' (did you mean NoClientCert?),"
                    f" allowed: NoClientCert, {ALL_TYPES}"
                )
            ],
        ),
        (
            tls("client_ca_file: ca.crt", "client_allowed_sans: [a]"),
            [
                (
                    "4: tls_server_config.client_ca_file: has no effect without client_auth_type:"
                    " RequireAndVerifyClientCert"
                ),
                (
                    "5: tls_server_config.client_allowed_sans: has no effect without client_auth_type:"
                    " RequireAndVerifyClientCert"
                ),
            ],
        ),
        (
            tls("client_auth_type: RequireAndVerifyClientCert", "client_ca_file: junk.pem"),
            ["5: tls_server_config.client_ca_file: holds no certificates in PEM"],
        ),
        (
            tls("min_version: TLS13", "max_version: TLS12"),
            ["4: tls_server_config.min_version: is above max_version: TLS12"],
        ),
        (
            tls("min_version: TLS10", "max_version: SSL3"),
            [
                ("5: tls_server_config.max_version: unknown value 'SSL3', allowed: TLS10, TLS11, TLS12, TLS13"),
            ],
        ),
        (
            tls("max_version: TLS11"),
            ["4: tls_server_config.max_version: TLS 1.0 and 1.1 are not supported (RFC 8996); allowed: TLS12, TLS13"],
        ),
        (
            tls("client_auth_type: RequestClientCert", "curve_preferences: [X25519]"),
            [
                (
                    "4: tls_server_config.client_auth_type: RequestClientCert: the curve X25519 cannot be chosen here;"
                    " allowed: CurveP256, CurveP384, CurveP521, or none"
                )
            ],
        ),
        (tls("client_auth_type: RequestClientCert", pair="  cert_file: junk.pem\n  key_file: junk.pem\n"), None),
        (
            tls(
                "max_version: TLS12",
                "cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256]",
            ),
            ["5: tls_server_config.cipher_suites: has no suite of TLS 1.2, and max_version: TLS12 allows no other"],
        ),
        (
            tls("curve_preferences: [P256]"),
            [
                (
                    "4: tls_server_config.curve_preferences[0]: unknown value 'P256' (did you mean CurveP256?),"
                    " allowed: CurveP256, CurveP384, CurveP521, X25519"
                )
            ],
        ),
        (tls("cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]"), None),
        (tls("cert_file: again.crt"), None),
    ],
)
def test_what_is_wrong(folder: Path, text: str, expected: list[str] | None) -> None:
    found = mistakes(folder, text)
    assert found
    assert found == (found if expected is None else expected)


SYSTEM = "without client_ca_file trusts every certificate that one of the system's authorities issued"
COSTS = {"alice": "$04$", "bob": "$15$", "carol": "$18$"}
ANY = "takes any certificate without verifying who issued it"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (tls(), []),
        (
            tls("client_auth_type: VerifyClientCertIfGiven"),
            [f"4: tls_server_config.client_auth_type: VerifyClientCertIfGiven {SYSTEM}"],
        ),
        (
            tls("client_auth_type: RequireAndVerifyClientCert", "client_allowed_sans: [a]"),
            [f"4: tls_server_config.client_auth_type: RequireAndVerifyClientCert {SYSTEM}"],
        ),
        *(
            (
                tls(f"client_auth_type: {kind}", "client_ca_file: ca.crt", "client_allowed_sans: [a]"),
                [f"4: tls_server_config.client_auth_type: {kind} {ANY}"],
            )
            for kind in ("RequestClientCert", "RequireClientCert", "RequireAnyClientCert")
        ),
        (
            tls("min_version: TLS10"),
            ["4: tls_server_config.min_version: TLS 1.0 and 1.1 are not supported (RFC 8996): clients need TLS 1.2"],
        ),
        (
            tls("cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]"),
            [
                (
                    "4: tls_server_config.cipher_suites: the suites of TLS 1.3 cannot be chosen one by one:"
                    " TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256 serve too"
                )
            ],
        ),
        (
            tls("curve_preferences: [CurveP256, CurveP384, CurveP521, X25519]"),
            [
                (
                    "4: tls_server_config.curve_preferences: Python's ssl can be given one curve only: all of"
                    " OpenSSL's serve"
                )
            ],
        ),
        (
            "basic_auth_users:\n"
            + "".join(f"  {name}: {HASH.replace('$04$', cost)}\n" for name, cost in COSTS.items()),
            [
                (
                    "4: basic_auth_users.carol: has a bcrypt cost of 18: the first request of this user takes long,"
                    " minutes from a cost of 20 on; 10 is usual"
                )
            ],
        ),
        (
            "rate_limit:\n  interval: 1s\n  burst: 0\n",
            ["3: rate_limit.burst: is 0: every request is refused; 1 lets one pass each interval"],
        ),
    ],
)
def test_what_is_doubtful_serves_all_the_same(folder: Path, text: str, expected: list[str]) -> None:
    found = reading(folder, text)
    assert found.mistakes == ()
    assert [line.removeprefix(f"{folder / 'web.yml'}:") for line in found.warnings] == expected


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("rate_limit: {interval: 0, burst: 3}", None),
        ("rate_limit: {interval: 1s, burst: 3}", RateLimit(1.0, 3)),
        ("rate_limit: {interval: '100ms', burst: 1}", RateLimit(0.1, 1)),
        ("rate_limit: {interval: 1m30s, burst: 1}", RateLimit(90.0, 1)),
        ("rate_limit: {interval: 1.5h, burst: 1}", RateLimit(5400.0, 1)),
        ("rate_limit: {interval: .5s, burst: 1}", RateLimit(0.5, 1)),
    ],
)
def test_rates_are_written_as_go_writes_them(folder: Path, text: str, limit: RateLimit | None) -> None:
    assert reading(folder, text).settings.rate_limit == limit


def test_every_mistake_at_once(folder: Path) -> None:
    text = tls("max_version: TLS10", "curve_preferences: [a, b]", pair="  cert_file: none\n  kee_file: x\n")
    text += "basic_auth_users: {a: b}\nhttp_server_config: {http2: 3}\nauth_excluded_paths: [/]\nrate_limits: {}\n"
    lines = [int(line.split(":")[0]) for line in mistakes(folder, text)]
    assert lines == sorted(lines)
    assert set(lines) >= {1, 2, 3, 4, 5, 6, 7, 8, 9}


def test_an_encrypted_key_does_not_ask_for_its_password(folder: Path) -> None:
    encrypt = ["openssl", "pkcs8", "-topk8", "-passout", "pass:hidden", "-in", "server.key", "-out", "locked.key"]
    subprocess.run(encrypt, cwd=folder, check=True, capture_output=True)
    (found,) = mistakes(folder, tls(pair="  cert_file: server.crt\n  key_file: locked.key\n"))
    assert "the key is encrypted; give one without a password" in found


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: \xff\n", "1: document: is not text in UTF-8"),
        (b"#" * 17_000_000, "1: document: is larger than 16 MiB"),
        (b"a: &x [*x]\n", "1: document: is an alias"),
    ],
)
def test_a_file_that_is_none(folder: Path, content: bytes, expected: str) -> None:
    (folder / "web.yml").write_bytes(content)
    (found,) = read_settings(folder / "web.yml").mistakes
    assert found.startswith(f"{folder / 'web.yml'}:{expected}")


@pytest.mark.parametrize("name", ["none.yml", ".", "a\0b"])
def test_a_file_that_cannot_be_read(folder: Path, name: str) -> None:
    (found,) = read_settings(folder / name).mistakes
    assert ":1: document: cannot be read: " in found
    assert "--web.config.file" in found


def test_no_mistake_shows_a_secret(folder: Path) -> None:
    text = tls("key: {a: hidden}", pair="") + "basic_auth_users: {alice: hidden, bob: [hidden]}\n"
    found = "\n".join(mistakes(folder, text))
    assert found
    assert "hidden" not in found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=8)
        | st.sampled_from(["server.crt", "TLS12", "X25519"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["tls_server_config", "cert", "key_file", "headers", "basic_auth_users", "cipher_suites"]
                )
                | st.text(max_size=4),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_the_file_holds_there_is_an_answer(folder: Path, content: object) -> None:
    found = reading(folder, json.dumps(content))
    assert found.files[0] == folder / "web.yml"
    assert all(line.isprintable() for line in found.mistakes)


@given(st.from_regex(_HASH, fullmatch=True))
def test_every_hash_that_is_taken_is_one_that_bcrypt_can_check(hashed: str) -> None:
    cheap = re.sub(r"\$[0-9]{2}\$", "$04$", hashed, count=1)
    assert bcrypt.checkpw(b"guess", cheap.encode()) is False


@pytest.mark.parametrize(
    "hashed", ["$2y$04$" + "a" * 53, "$2y$04$" + "a" * 52, "$1$04$" + "a" * 53, "$2y$4$" + "u" * 53]
)
def test_what_bcrypt_cannot_check_is_no_hash(folder: Path, hashed: str) -> None:
    (found,) = mistakes(folder, f"basic_auth_users: {{alice: {hashed}}}")
    assert "is not a bcrypt hash" in found
    assert hashed not in found

import errno
import socket

import pytest

from exporter.listen_address import ListenAddress, ListenError, bind, parse_address, url


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        (":10965", "", 10965),
        ("127.0.0.1:0", "127.0.0.1", 0),
        ("localhost:65535", "localhost", 65535),
        ("[::1]:10965", "::1", 10965),
        ("[::]:80", "::", 80),
        ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
    ],
)
def test_an_address_is_read(text: str, host: str, port: int) -> None:
    assert parse_address(text) == ListenAddress(host, port)
    assert str(parse_address(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10965",
        "localhost",
        "localhost:",
        "localhost:http",
        "localhost:-1",
        "localhost:65536",
        "localhost:99999999999",
        ":1e3",
        ":٣",
        "::1:80",
        "[::1]80",
        "[::1:80",
        "::1]:80",
        "http://localhost:80",
        "local host:80",
        "a:\n80",
        "[]",
    ],
)
def test_what_is_no_address_is_one_line(text: str) -> None:
    with pytest.raises(ListenError, match=r"^--web\.listen-address ") as caught:
        parse_address(text)
    assert "\n" not in str(caught.value)
    assert repr(text) in str(caught.value)


def test_a_free_port_is_found_and_told() -> None:
    (opened,) = bind([parse_address("127.0.0.1:0")])
    with opened:
        port = opened.getsockname()[1]
        assert port > 0
        assert url(opened, "http") == f"http://127.0.0.1:{port}/"


def test_no_host_is_every_interface_of_both_protocols() -> None:
    (opened,) = bind([parse_address(":0")])
    with opened:
        port = opened.getsockname()[1]
        assert url(opened, "https") == f"https://localhost:{port}/"
        for host in ("127.0.0.1", "::1"):
            with socket.create_connection((host, port), timeout=5):
                accepted, _peer = opened.accept()
                accepted.close()


@pytest.mark.parametrize("number", [errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT])
def test_without_ipv6_every_interface_is_ipv4(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    create = socket.create_server

    def without_ipv6(*arguments: object, **options: object) -> socket.socket:
        if options.get("family") == socket.AF_INET6:
            raise OSError(number, "off")
        return create(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "create_server", without_ipv6)
    (opened,) = bind([parse_address(":0")])
    with opened:
        assert opened.family == socket.AF_INET
        assert url(opened, "http").startswith("http://localhost:")


def test_a_kernel_without_ipv6_is_not_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
    (opened,) = bind([parse_address(":0")])
    with opened:
        assert opened.family == socket.AF_INET


def test_ipv6_loopback() -> None:
    (opened,) = bind([parse_address("[::1]:0")])
    with opened:
        assert url(opened, "http") == f"http://[::1]:{opened.getsockname()[1]}/"


def test_a_name_with_both_protocols_means_ipv4() -> None:
    (opened,) = bind([parse_address("localhost:0")])
    with opened:
        assert opened.family == socket.AF_INET


@pytest.mark.parametrize("host", ["127.0.0.1", ""])
def test_a_taken_port_is_one_line(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ListenError, match=f"^cannot listen on {host}:{port}: the port is in use; "):
            bind([ListenAddress("127.0.0.1", 0), ListenAddress(host, port)])


def test_an_address_of_another_machine_is_one_line() -> None:
    with pytest.raises(ListenError, match=r"cannot listen on 192\.0\.2\.1:0: this machine has no such address"):
        bind([parse_address("192.0.2.1:0")])


def test_an_unknown_name_is_one_line() -> None:
    with pytest.raises(ListenError, match=r"cannot listen on nowhere\.invalid:0: the host name is unknown"):
        bind([parse_address("nowhere.invalid:0")])


@pytest.mark.parametrize(("number", "text"), [(errno.EACCES, "not permitted"), (errno.EPROTO, "Protocol error")])
def test_other_refusals_of_the_system_are_one_line(number: int, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_options: object) -> socket.socket:
        raise OSError(number, "Protocol error")

    monkeypatch.setattr(socket, "create_server", refuse)
    for address in (":80", "127.0.0.1:80"):
        with pytest.raises(ListenError, match=f"cannot listen on {address}: {text}"):
            bind([parse_address(address)])

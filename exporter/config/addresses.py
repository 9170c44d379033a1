"""Whether a connection can be made to and from the addresses that an operation names."""

from ipaddress import ip_address

from pydantic import SecretStr
from yarl import URL

from exporter.config.schema import OperationSettings
from exporter.model import AddressFamily
from exporter.yaml import Issues, Path

_VERSIONS = {AddressFamily.IPV4: 4, AddressFamily.IPV6: 6}


def check_addresses(
    entry: OperationSettings, path: Path, base_url: str, proxy_url: SecretStr | None, issues: Issues
) -> None:
    """Note what `address_family` and `source_address` exclude: each other, or the address to connect to."""
    source = None if entry.source_address is None else ip_address(entry.source_address).version
    version, key = _VERSIONS.get(entry.address_family), "address_family"
    if version is None:
        version, key = source, "source_address"
    elif source is not None and source != version:
        text = f"is an IPv{source} address and address_family is {entry.address_family}: change one of them"
        issues.add((*path, "source_address"), text)
    to, connected = "base_url", base_url
    if proxy_url is not None:
        to = next(name for name in ("proxy_url", "proxy_url_file", "proxy_url_env") if getattr(entry, name) is not None)
        connected = proxy_url.get_secret_value()
    goal = _version(connected)
    if version is not None and goal is not None and goal != version:
        issues.add((*path, to), f"is an IPv{goal} address, and {key} allows connections to IPv{version} only")


def _version(url: str) -> int | None:
    """4 or 6 where the host is an address, None where it is a name."""
    try:
        return ip_address(URL(url).host or "").version
    except ValueError:
        return None

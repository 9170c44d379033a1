"""`python -m exporter.healthcheck [URL]`: exit 0 where the exporter is healthy. For images without curl."""

import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence

DEFAULT = "http://127.0.0.1:10965/-/healthy"

TIMEOUT = 3.0
"""Seconds."""


def main(argv: Sequence[str]) -> int:
    """Ask for `/-/healthy` and say in one line how it stands."""
    url = argv[0] if argv else DEFAULT
    if not url.startswith(("http://", "https://")):
        sys.stderr.write(f"healthcheck: {url!r} is no URL; write http://HOST:PORT/-/healthy\n")
        return 1
    unverified = ssl.create_default_context()
    unverified.check_hostname = False  # it asks itself over loopback, where no certificate's name fits
    unverified.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=unverified)
    )
    try:
        with opener.open(url, timeout=TIMEOUT) as answer:
            sys.stdout.write(answer.read(1000).decode(errors="replace"))
    except urllib.error.HTTPError as error:
        sys.stderr.write(f"healthcheck: {error.code} {error.read(1000).decode(errors='replace').strip()}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"healthcheck: {url}: {getattr(error, 'reason', error)}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

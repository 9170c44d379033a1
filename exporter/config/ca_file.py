import ssl
from datetime import datetime
from pathlib import Path

from exporter.yaml import quoted

_LARGEST = 16 * 2**20


def check_authorities(path: Path, now: datetime) -> tuple[str, ...]:
    """See that TLS can load the certificates in the file at `path`, so that a bad one shows now and not in a request.

    Returns:
        One line for each doubt about them.

    Raises:
        ValueError: one line that names the file.
    """
    content = b""
    try:
        with path.open("rb") as file:  # apart from the loading, whose errors do not say what kept it from being read
            content = file.read(_LARGEST)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        problem = "holds no certificates in PEM, the form that begins with -----BEGIN CERTIFICATE-----"
        if b"-----BEGIN CERTIFICATE-----" in content:
            problem = "holds a damaged certificate, copy it again from its source"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}; allowed is a file of PEM certificates"
    else:
        from exporter.config.certificates import doubts  # noqa: PLC0415 (8 MiB that most never need)

        return doubts(content, now)
    raise ValueError(f"{quoted(str(path))} {problem}")

import ssl
from pathlib import Path

from exporter.yaml import quoted


def check_authorities(path: Path) -> None:
    """See that TLS can load the certificates in the file at `path`, so that a bad one shows now and not in a request.

    Raises:
        ValueError: one line that names the file.
    """
    try:
        with path.open("rb"):  # apart from the loading, whose errors do not say what kept the file from being read
            pass
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        problem = "holds no certificates in PEM, the form that begins with -----BEGIN CERTIFICATE-----"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}; allowed is a file of PEM certificates"
    else:
        return
    raise ValueError(f"{quoted(str(path))} {problem}")

"""A real PostgreSQL server, started for the tests in a folder of its own."""

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from real_nginx import free_port

UNPRIVILEGED = 65534
"""`nobody`: the server refuses to run as root."""

_numbers = itertools.count(1)


def program(name: str) -> str:
    """The path of one of the server's programs; Debian keeps them out of the way."""
    found = shutil.which(name) or max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), default=None)
    assert found is not None, f"{name} is missing: run tests/packages.sh"
    return str(found)


class PostgreSQL:
    """A server. Trusts everyone on loopback but the role `secretive`, which needs its password."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._user = UNPRIVILEGED if os.geteuid() == 0 else None

    def call(self, *arguments: str, check: bool = True) -> None:
        subprocess.run(
            arguments,
            check=check,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def make(self) -> None:
        if self._user is not None:
            os.chown(self.folder, self._user, self._user)
        self.call(
            program("initdb"), "-D", f"{self.folder}/data", "-U", "owner", "-A", "trust", "--no-sync", "-E", "UTF8"
        )
        rules = "host all secretive 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\nlocal all all trust\n"
        (self.folder / "data" / "pg_hba.conf").write_text(rules)

    def start(self) -> None:
        options = (
            f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=40 "
            "-c shared_buffers=16MB -c autovacuum=off"
        )
        self.call(
            program("pg_ctl"),
            "-D",
            f"{self.folder}/data",
            "-w",
            "-t",
            "120",
            "-o",
            options,
            "-l",
            f"{self.folder}/log",
            "start",
        )

    def stop(self, mode: str = "immediate") -> None:
        self.call(program("pg_ctl"), "-D", f"{self.folder}/data", "-w", "-m", mode, "stop", check=False)

    @property
    def pid(self) -> int:
        """The process of which all others of the server are children."""
        return int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])

    def url(self, database: str = "postgres", user: str = "owner", port: int | None = None) -> str:
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}"

    def secure(self, chain: Path) -> None:
        """Speak TLS from the next start on, with the key and the certificate in `chain`."""
        copy = self.folder / "data" / "tls.pem"
        copy.write_bytes(chain.read_bytes())
        copy.chmod(0o600)
        if self._user is not None:
            os.chown(copy, self._user, self._user)
        with (self.folder / "data" / "postgresql.conf").open("a") as settings:
            settings.write(f"ssl = on\nssl_cert_file = '{copy}'\nssl_key_file = '{copy}'\n")

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def database(self) -> str:
        """The name of a new, empty database."""
        name = f"test_{os.getpid()}_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return name


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A server that runs."""
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder:  # a socket's path must be short
        server = PostgreSQL(Path(folder))
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def pgbouncer(server: PostgreSQL) -> Iterator[int]:
    """A pooler in transaction mode before a server; its port."""
    with tempfile.TemporaryDirectory(prefix="pgb", dir="/tmp") as name:
        folder, port, user = Path(name), free_port(), UNPRIVILEGED if os.geteuid() == 0 else None
        (folder / "users").write_text('"owner" ""\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {folder}/users\n"
            "pool_mode = transaction\ndefault_pool_size = 2\n"
        )
        folder.chmod(0o755)
        path = f"{os.environ['PATH']}:/usr/sbin"
        found = shutil.which("pgbouncer", path=path)
        assert found is not None, "pgbouncer is missing: run tests/packages.sh"
        process = subprocess.Popen(
            [found, f"{folder}/pgbouncer.ini"],
            user=user,
            group=user,
            extra_groups=[] if user else None,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(600):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()
            process.wait()

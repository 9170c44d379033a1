"""A real PostgreSQL server, started for the tests in a folder of its own."""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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

    def url(self, database: str = "postgres", user: str = "owner", port: int | None = None) -> str:
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}"

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

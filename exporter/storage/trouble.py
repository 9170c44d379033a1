"""What PostgreSQL's refusals mean for the person who runs it, one line each, and which of them may pass."""

import re
from dataclasses import dataclass

_REPEATED = frozenset({"40001", "40P01", "23505"})
"""Serialization failure, deadlock; and two transactions that both put the first row, which one of them finds then."""

_MISSING = frozenset({"42P01", "42703", "3F000"})
"""No such table, column or schema."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What went wrong."""

    text: str
    """One line, without a secret."""
    passes: bool = True
    """Whether it may pass by itself; else a person has to do something."""


_ADVICE = (
    (
        r"28P01|password authentication|no password supplied|autentificaci.n",
        "the password or the way to authenticate is refused; see PGPASSWORD, passfile and pg_hba.conf",
        False,
    ),
    (r"28000|no pg_hba\.conf entry|pg_hba\.conf", "the server refuses this client; see its pg_hba.conf", False),
    (r'role ".*" does not exist|no existe el rol', "create the role, or name another user", False),
    (r'3D000|database ".*" does not exist|no existe la base de datos', "create the database", False),
    (
        r"certificate verify failed|does not match host name|root certificate file|certificate has expired",
        "the server's certificate does not verify; see sslmode and sslrootcert",
        False,
    ),
    (
        r"server does not support SSL|SSL (was )?required",
        "the server and sslmode do not agree on TLS",
        False,
    ),
    (
        r"42501|permission denied|permiso denegado|3F000|no schema has been selected|ning.n esquema",
        "the role needs CREATE and USAGE on the first schema of its search path, and its tables must be its own",
        False,
    ),
    (
        r"25006|read-only|solo lectura",
        "the server is read-only (a standby?); name the primary, or several hosts with target_session_attrs=read-write",
        False,
    ),
    (
        r"53300|too many (clients|connections)|remaining connection slots|no more connections",
        "the server has no connection left",
        True,
    ),
    (r"57014|statement timeout", "the server took too long; polling resumes once it answers in time", True),
    (r"25P03|idle-in-transaction", "this process was held up within a transaction, which the server ended", True),
    (r"53100|disk full|No space left", "free space on the server's disk", True),
)


def diagnose(message: str, sqlstate: str | None) -> Trouble:
    """What a refusal of the server or of libpq means.

    Args:
        message: As the driver words it, several lines perhaps.
        sqlstate: The server's code, where it gave one.
    """
    line = _one_line(message)
    subject = f"{sqlstate or ''} {line}"
    for pattern, advice, passes in _ADVICE:
        if re.search(pattern, subject, re.IGNORECASE):
            return Trouble(f"{line}; {advice}", passes)
    return Trouble(f"{line}; polling resumes by itself once the database answers")


def is_repeated(sqlstate: str | None) -> bool:
    """Whether the transaction has to be run again."""
    return sqlstate in _REPEATED


def is_missing(sqlstate: str | None) -> bool:
    """Whether the program's tables are gone."""
    return sqlstate in _MISSING


def _one_line(message: str) -> str:
    """The first line that says something; of several hosts the last one's."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    line = next((one for one in lines if not one.startswith(("DETAIL", "HINT", "LINE", "CONTEXT"))), "no reason given")
    return re.sub(r"\s+", " ", line).rstrip(".")

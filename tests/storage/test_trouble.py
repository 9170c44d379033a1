"""What PostgreSQL's refusals become for a person."""

import pytest

from exporter.storage.trouble import Trouble, diagnose, is_missing, is_repeated


@pytest.mark.parametrize(
    ("message", "state", "advice", "passes"),
    [
        ('connection failed: FATAL:  password authentication failed for user "w"', None, "PGPASSWORD", False),
        ('FATAL:  la autentificación password falló para el usuario "w"', None, "PGPASSWORD", False),
        ("fe_sendauth: no password supplied", None, "PGPASSWORD", False),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1"', None, "pg_hba.conf", False),
        ('FATAL:  role "w" does not exist', None, "create the role", False),
        ("FATAL:  no existe el rol «w»", None, "create the role", False),
        ('FATAL:  database "w" does not exist', None, "create the database", False),
        ("SSL error: certificate verify failed", None, "sslrootcert", False),
        ('server certificate for "a" does not match host name "b"', None, "sslrootcert", False),
        ("server does not support SSL, but SSL was required", None, "sslmode", False),
        ("permission denied for schema public", "42501", "CREATE and USAGE", False),
        ("cannot execute UPDATE in a read-only transaction", "25006", "name the primary", False),
        ("session is read-only", None, "name the primary", False),
        ("FATAL:  sorry, too many clients already", None, "no connection left", True),
        ("canceling statement due to statement timeout", "57014", "too long", True),
        ("could not extend file: No space left on device", "53100", "free space", True),
        ("connection refused", None, "polling resumes by itself", True),
        ("FATAL:  the database system is starting up", "57P03", "polling resumes by itself", True),
    ],
)
def test_each_refusal_says_what_to_do(message: str, state: str | None, advice: str, passes: bool) -> None:
    trouble = diagnose(message, state)
    assert advice in trouble.text
    assert trouble.passes is passes


def test_several_lines_become_one() -> None:
    found = diagnose("\nDETAIL: none\n  connection\tto server failed:  refused.\nHINT: wait\n", None)
    assert found == Trouble("connection to server failed: refused; polling resumes by itself once the database answers")
    assert diagnose("", None).text.startswith("no reason given")


def test_what_is_run_again_and_what_is_gone() -> None:
    assert [is_repeated(state) for state in ("40001", "40P01", "23505", "42P01", None)] == [True] * 3 + [False] * 2
    assert [is_missing(state) for state in ("42P01", "3F000", "40001", None)] == [True, True, False, False]

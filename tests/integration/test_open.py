"""The real command where others can reach it: TLS and passwords, several addresses, a page that promtool accepts."""

import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bcrypt
import pytest
import trustme
import yaml
from real_exporter import Exporter

from exporter.simulator.fault import Fault
from exporter.simulator.server import Simulator

Run = Callable[..., Awaitable[Exporter]]
Operation = Callable[..., dict[str, Any]]


def secure(folder: Path) -> None:
    certificate = trustme.CA().issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(str(folder / "chain.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    config = {
        "tls_server_config": {"cert_file": "chain.pem", "key_file": "key.pem"},
        "basic_auth_users": {"prometheus": bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()},
        "auth_excluded_paths": ["/-/healthy"],
    }
    (folder / "web.yml").write_text(yaml.safe_dump(config), encoding="utf-8")


def healthcheck(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "exporter.healthcheck", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def test_tls_and_a_password(run: Run, operation: Operation, tmp_path: Path) -> None:
    secure(tmp_path)
    exporter = await run({"operations": [operation("acme", "1")]}, "--web.config.file=web.yml")
    assert exporter.url.startswith("https://127.0.0.1:")
    assert (await exporter.ask("/metrics")).status == 401
    assert (await exporter.ask("/-/healthy")).status == 200
    known = {"Authorization": f"Basic {b64encode(b'prometheus:open sesame').decode()}"}
    answer = await exporter.ask("/metrics", headers=known)
    assert answer.status == 200
    assert 'wolkvox_campaign_info{operation="acme",campaign="1",name=""} 1' in answer.text
    checked = healthcheck(f"{exporter.url}/-/healthy")
    assert (checked.returncode, checked.stdout) == (0, "wolkvox-exporter is healthy.\n")
    checked = healthcheck("run", f"--web.listen-address={urlsplit(exporter.url).netloc}", "--web.config.file=web.yml")
    assert (checked.returncode, checked.stdout) == (0, "wolkvox-exporter is healthy.\n")
    assert "open sesame" not in exporter.stderr


@pytest.mark.parametrize("version", ["TLS12", "TLS13"])
@pytest.mark.parametrize("kind", ["RequireAndVerifyClientCert", "RequireAnyClientCert"])
async def test_a_certificate_that_is_asked_for_is_life(
    run: Run, operation: Operation, tmp_path: Path, kind: str, version: str
) -> None:
    secure(tmp_path)
    section = {"cert_file": "chain.pem", "key_file": "key.pem", "client_auth_type": kind, "max_version": version}
    (tmp_path / "web.yml").write_text(yaml.safe_dump({"tls_server_config": section}), encoding="utf-8")
    exporter = await run({"operations": [operation("acme", "1")]}, "--web.config.file=web.yml")
    checked = healthcheck(f"--web.listen-address={urlsplit(exporter.url).netloc}", "--web.config.file=web.yml")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "asks for a client certificate" in checked.stdout


async def test_several_addresses_and_another_path(run: Run, operation: Operation) -> None:
    flags = ("--web.listen-address=127.0.0.1:0", "--web.telemetry-path=/deep/metrics")
    exporter = await run({"operations": [operation("acme", "1")]}, *flags)
    (line,) = [line for line in exporter.stderr.splitlines() if "serves" in line]
    urls = line.partition('url="')[2].rstrip('"').split()
    assert len(set(urls)) == 2
    for url in urls:
        exporter.url = url.rstrip("/")
        assert (await exporter.ask("/deep/metrics")).status == 200
        assert (await exporter.ask("/metrics")).status == 404


async def test_promtool_has_nothing_to_say(run: Run, operation: Operation, simulator: Simulator) -> None:
    simulator.set_fault(Fault.AUTH, campaign="2")
    operations = [operation("acme", "1"), operation("globex", "2", licenses=10)]
    exporter = await run({"windows": ["1h", "today"], "operations": operations})
    await exporter.shows(lambda page: page.find("wolkvox_campaign_failure") and page.shown("1", window="today"))
    program = shutil.which("promtool")
    assert program, "promtool is missing: apt-get install prometheus"
    text = (await exporter.ask("/metrics", headers={"Accept": "text/plain"})).text
    done = subprocess.run([program, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

"""The chart's probes find the real command alive and ready: with TLS, passwords, prefixes and client certificates."""

import base64
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import bcrypt
import pytest
import trustme
import yaml
from real_exporter import Exporter, inherited
from real_helm import NAME, Release, render
from real_prometheus import free_port

USERS = {"prometheus": bcrypt.hashpw(b"a-password", bcrypt.gensalt(4)).decode()}
CERTIFICATE = {"cert_file": "/run/secrets/wolkvox/tls.crt", "key_file": "/run/secrets/wolkvox/tls.key"}
CLIENTS = {"client_ca_file": "/run/secrets/wolkvox/ca.crt", "client_auth_type": "RequireAndVerifyClientCert"}

WEB: dict[str, dict[str, Any]] = {
    "plain": {},
    "a prefix": {"externalUrl": "https://monitor.example/wolkvox/"},
    "a password": {"config": {"basic_auth_users": USERS}},
    "TLS": {"config": {"tls_server_config": CERTIFICATE}},
    "TLS, a password and a prefix": {
        "config": {"tls_server_config": CERTIFICATE, "basic_auth_users": USERS},
        "routePrefix": "/w",
    },
    "client certificates": {"config": {"tls_server_config": CERTIFICATE | CLIENTS}},
}


class Pod:
    """The chart's container on this machine: the same command and environment, with its folders elsewhere."""

    def __init__(self, release: Release, folder: Path) -> None:
        self._release = release
        self.folder = folder
        self.environ = {name: self._here(value) for name, value in release.environ.items()}
        self.url = ""
        for kind in ("web", "secrets"):
            (folder / kind).mkdir()
        authority = trustme.CA()
        certificate = authority.issue_cert("exporter.example")
        certificate.cert_chain_pems[0].write_to_path(folder / "secrets" / "tls.crt")
        certificate.private_key_pem.write_to_path(folder / "secrets" / "tls.key")
        authority.cert_pem.write_to_path(folder / "secrets" / "ca.crt")
        for secret in release.all("Secret"):
            if secret["metadata"]["name"] == f"{NAME}-web":
                text = base64.b64decode(secret["data"]["web.yml"]).decode()
                (folder / "web" / "web.yml").write_text(self._here(text))

    def _here(self, text: str) -> str:
        return text.replace("/etc/wolkvox-exporter-web", str(self.folder / "web")).replace(
            "/run/secrets/wolkvox", str(self.folder / "secrets")
        )

    async def ask(self, probe: str) -> bool:
        """Do what the kubelet does: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/."""
        how = self._release.container[f"{probe}Probe"]
        if "exec" in how:
            python, *arguments = how["exec"]["command"]
            assert python == "python"
            done = subprocess.run(
                [sys.executable, *arguments], cwd=self.folder, env=inherited() | self.environ, check=False
            )
            return done.returncode == 0
        get = how["httpGet"]
        [port] = [each["containerPort"] for each in self._release.container["ports"] if each["name"] == get["port"]]
        url = f"{get['scheme'].lower()}://127.0.0.1:{port}{get['path']}"
        unverified = ssl.create_default_context()
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        async with aiohttp.ClientSession() as session, session.get(url, ssl=unverified) as answer:
            return 200 <= answer.status < 400


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Start the demo of a release with these values: `await start(values)` gives the pod, once it serves."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def run(values: dict[str, Any]) -> Pod:
            values = values | {"web": values["web"] | {"port": free_port()}}
            pod = Pod(render(values), tmp_path)
            exporter = Exporter(session, tmp_path, *pod._release.container["args"], environ=pod.environ)
            stack.push_async_callback(exporter.kill)
            await exporter.serves()

            async def ready() -> bool:
                return await pod.ask("readiness")

            await exporter.until(ready)
            return pod

        yield run


@pytest.mark.parametrize("web", WEB.values(), ids=WEB)
@pytest.mark.parametrize("kind", ["auto", "exec"])
async def test_the_pod_is_alive_and_ready(start: Callable[..., Any], web: dict[str, Any], kind: str) -> None:
    pod = await start({"web": web, "probes": {"type": kind}})
    assert await pod.ask("startup")
    assert await pod.ask("liveness")


async def test_a_password_keeps_everybody_else_out(start: Callable[..., Any]) -> None:
    """The probes are excluded, and nothing else."""
    pod = await start({"web": {"config": {"basic_auth_users": USERS}}})
    assert yaml.safe_load((pod.folder / "web" / "web.yml").read_text())["auth_excluded_paths"]
    address = f"http://127.0.0.1{pod.environ['WOLKVOX_EXPORTER_WEB_LISTEN_ADDRESS']}"
    login = {"Authorization": f"Basic {base64.b64encode(b'prometheus:a-password').decode()}"}
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{address}/metrics") as answer:
            assert answer.status == 401
        async with session.get(f"{address}/metrics", headers=login) as answer:
            assert answer.status == 200
            assert "wolkvox_campaign_attempts" in await answer.text()

"""The README's commands, as they stand there, against the real programs."""

import asyncio
import json
import re
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import bcrypt
import pytest
import yaml
from real_exporter import Command, running, write_config
from real_prometheus import free_port

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def lines(beginning: str) -> list[str]:
    """Lines of the README's shell blocks that begin so, without their comments."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    found = [line for block in blocks for line in textwrap.dedent(block).splitlines() if line.startswith(beginning)]
    return [re.sub(r"\s+#.*$", "", line) for line in found]


def document(first_line: str) -> str:
    found = re.search(rf"```yaml\n({re.escape(first_line)}.*?)```", README, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[str]:
    """Where `simulate` listens, started with the README's flags."""
    address = f"127.0.0.1:{free_port()}"
    (command,) = lines("wolkvox-exporter simulate --simulator.hours")
    flags = [*command.split()[1:], f"--simulator.listen-address={address}"]
    process = Command(tmp_path, *flags)

    async def printed() -> bool:
        return address in process.stdout

    try:
        await process.until(printed)
        yield address
    finally:
        await process.kill()


async def test_a_spike_and_a_refused_token_begin_and_end(simulator: str, tmp_path: Path) -> None:
    operation = {"name": "acme", "base_url": f"http://{simulator}", "token": "made-up-token"}
    campaigns = [{"id": "32841"}]
    write_config(tmp_path, {"interval": "1s", "timeout": "5s", "operations": [operation | {"campaigns": campaigns}]})
    listed, spike, calm, refused, accepted = (line.replace("127.0.0.1:8081", simulator) for line in lines("curl "))

    async def curl(line: str) -> str:
        process = await asyncio.create_subprocess_shell(
            f"{line} --silent --show-error --fail", stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
        assert process.returncode == 0, line
        return printed.decode()

    assert "32841" in {campaign["id"] for campaign in json.loads(await curl(listed))}
    async with running(tmp_path) as exporter:
        await exporter.ready()
        before = (await exporter.page()).number("wolkvox_campaign_attempts", result="busy")
        await curl(spike)
        await exporter.shows(lambda page: page.number("wolkvox_campaign_attempts", result="busy") > before + 5)
        assert json.loads(await curl(calm))["off"]
        await curl(refused)
        await exporter.shows(lambda page: page.value("wolkvox_campaign_up") == 0)
        await curl(accepted)
        await exporter.shows(lambda page: page.value("wolkvox_campaign_up") == 1)


async def test_tls_and_a_password_by_the_readmes_lines(tmp_path: Path) -> None:
    (certificate,) = lines("openssl ")
    subprocess.run(["sh", "-ec", certificate], cwd=tmp_path, check=True, capture_output=True)
    (hashing,) = lines("/opt/wolkvox-exporter/bin/python -c")
    # getpass reads from the terminal where there is one; a test has none, so the password is put in its place.
    command = hashing.replace("/opt/wolkvox-exporter/bin/python", sys.executable)
    command = command.replace("getpass.getpass()", '"a-password"')
    hashed = subprocess.run(["sh", "-ec", command], check=True, capture_output=True, text=True).stdout.strip()
    assert bcrypt.checkpw(b"a-password", hashed.encode())
    (tmp_path / "web.yml").write_text(document("# web.yml").replace("$2b$10$...", hashed), encoding="utf-8")
    write_config(
        tmp_path,
        {
            "operations": [
                {"name": "acme", "base_url": "http://127.0.0.1:9", "token": "made-up-token", "campaigns": [{"id": "1"}]}
            ]
        },
    )
    (job,) = yaml.safe_load(document("# prometheus.yml, over HTTPS"))["scrape_configs"]
    async with running(tmp_path, "--web.config.file=web.yml") as exporter:
        port = exporter.url.rpartition(":")[2]
        curl = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}"]
        curl += ["--cacert", job["tls_config"]["ca_file"], f"{job['scheme']}://localhost:{port}/metrics"]

        async def status(*more: str) -> bytes:
            process = await asyncio.create_subprocess_exec(*curl, *more, cwd=tmp_path, stdout=asyncio.subprocess.PIPE)
            return (await process.communicate())[0]

        assert await status() == b"401"
        assert await status("--user", f"{job['basic_auth']['username']}:a-password") == b"200"


async def test_the_demo_listens_where_the_readme_puts_it(tmp_path: Path) -> None:
    (told,) = re.findall(r"`(WOLKVOX_EXPORTER_WEB_LISTEN_ADDRESS)=127.0.0.1:8080 make demo`", README)
    address = f"127.0.0.1:{free_port()}"
    demo = Command(tmp_path, "demo", environ={told: address})

    async def answered() -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://{address}/-/healthy") as response:
                return response.status == 200
        except aiohttp.ClientConnectionError:
            return False

    try:
        await demo.until(answered)
    finally:
        await demo.kill()

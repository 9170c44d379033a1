"""The real command follows a token file that is swapped as kubelet does, and keeps the old token where it cannot."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from raw_server import GOOD, Exchange, Peer, answer


def swap(folder: Path, version: int, token: str) -> None:
    """Kubelet's way: a new folder, and one link that is replaced at once."""
    (folder / f"..{version}").mkdir(parents=True)
    (folder / f"..{version}" / "token").write_text(token, encoding="utf-8")
    if not (folder / "token").is_symlink():
        (folder / "token").symlink_to("..data/token")
    (folder / "..new").symlink_to(f"..{version}")
    (folder / "..new").replace(folder / "..data")


async def test_a_rotated_token_is_used_without_a_reload(tmp_path: Path, run: Callable[..., Any]) -> None:
    async def reply(exchange: Exchange) -> None:
        refused = exchange.headers["wolkvox-token"] == "first-secret-token"
        body = b'{"code": "403", "error": "FORBIDDEN", "msg": "VALIDATE TOKEN"}'
        await exchange.send(answer(body, 403) if refused else answer(GOOD))
        exchange.writer.close()

    peer = Peer(reply)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    async with server:
        peer.port = server.sockets[0].getsockname()[1]
        folder = tmp_path / "secrets"
        swap(folder, 1, "first-secret-token")
        acme = {
            "name": "acme",
            "base_url": peer.url,
            "token_file": "secrets/token",
            "campaigns": [{"id": 1}, {"id": 2}],
        }
        exporter = await run({"interval": "1h", "operations": [acme]})
        await exporter.shows(lambda page: page.reason("1") == page.reason("2") == "auth")
        assert len(peer.heard) == 1
        swap(folder, 2, "second-secret-token\n")
        await exporter.said("secret file changed, the new secret is in force")
        await exporter.shows(lambda page: page.value("wolkvox_campaign_up", campaign="2") == 1)
        assert {heard.headers["wolkvox-token"] for heard in peer.heard[1:]} == {"second-secret-token"}
        (folder / "..2" / "token").write_text("", encoding="utf-8")
        await exporter.said("secret file of no use, the old secret stays in force")
        assert (await exporter.ask("/-/healthy")).status == 200
        page = await exporter.page()
        assert page.value("wolkvox_config_last_reload_successful") == 1
        outputs = exporter.stderr + exporter.stdout + str(await exporter.ask("/api/v1/status"))
        assert "secret-token" not in outputs

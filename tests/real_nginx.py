"""A real nginx in front of an exporter, as operators put it there."""

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from patience import patiently

_CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {locations}
    }}
}}
"""


def free_port() -> int:
    """A port that was free a moment ago: the exporter must know the address of the proxy before either runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@asynccontextmanager
async def nginx_on(port: int, folder: Path, locations: str) -> AsyncIterator[None]:
    """Run nginx with these `location` blocks until the end of the block."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")  # not on everybody's path
    assert program, "nginx is missing: sh tests/packages.sh"
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(_CONFIG.format(folder=folder, port=port, locations=locations))
    log = folder / "nginx.log"
    log.touch()
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(config), "-e", str(log)])

    async def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    try:
        await patiently(answers, log.read_text)
        yield
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)

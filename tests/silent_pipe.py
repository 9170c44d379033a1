"""A TCP pipe to a server that can go silent: it keeps its connections, takes what is sent, and passes nothing on."""

import socket
import threading
from contextlib import closing, suppress


class SilentPipe:
    """Listens on loopback and forwards to `port`."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._going = threading.Event()
        self._going.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()
        self._open: list[socket.socket] = []

    def silence(self) -> None:
        """Pass nothing on any more, in either direction."""
        self._going.clear()

    def resume(self) -> None:
        """Pass on again, what was held back too."""
        self._going.set()

    def close(self) -> None:
        """End all connections."""
        self._going.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5.0)

    def _serve(self) -> None:
        with closing(self._listener), suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._start(self._join, near)

    def _start(self, work: object, *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _join(self, near: socket.socket) -> None:
        self._open.append(near)
        with closing(near):
            self._going.wait()
            with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self._target))) as far:
                self._open.append(far)
                back = threading.Thread(target=self._forward, args=(near, far), daemon=True)
                back.start()
                self._forward(far, near)
                back.join()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._going.wait()
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

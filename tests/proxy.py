"""A TCP proxy on loopback that breaks connections off, as a weak mobile network does."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

_PIECE_BYTES: Final = 16 * 1024
_LOOK_SECONDS: Final = 0.1
"""How often an idle connection looks whether the proxy was closed."""
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Cut:
    """How many bytes of one connection go through before it breaks; ``None``: all of them."""

    request: int | None = None
    reply: int | None = None


class FaultyProxy:
    """Passes connections on to a local port; each takes the next cut, and when there are no more
    it is left whole. ``broken`` counts the connections that were broken off."""

    def __init__(self, port: int, cuts: Iterable[Cut] = ()) -> None:
        self._port = port
        self._cuts: Iterator[Cut] = iter(cuts)
        self._lock = threading.Lock()
        self._closing = False
        self._threads = [threading.Thread(target=self._accept)]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.broken = 0

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing = True
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing:
            if not select.select([self._listener], [], [], _LOOK_SECONDS)[0]:
                continue
            client, _ = self._listener.accept()
            cut = next(self._cuts, Cut())
            thread = threading.Thread(target=self._serve, args=(client, cut))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket, cut: Cut) -> None:
        with client, contextlib.suppress(OSError):  # an end that is gone ends the connection
            server = socket.create_connection(("127.0.0.1", self._port))
            with server:
                self._relay(client, server, cut)

    def _relay(self, client: socket.socket, server: socket.socket, cut: Cut) -> None:
        target = {client: server, server: client}
        left = {client: cut.request, server: cut.reply}
        open_ends = [client, server]
        while open_ends and not self._closing:
            for source in select.select(open_ends, [], [], _LOOK_SECONDS)[0]:
                piece = source.recv(_PIECE_BYTES)
                if not piece:
                    open_ends.remove(source)
                    target[source].shutdown(socket.SHUT_WR)
                    continue
                limit = left[source]
                target[source].sendall(piece if limit is None else piece[:limit])
                if limit is None:
                    continue
                if len(piece) >= limit:
                    self._break(client, server)
                    return
                left[source] = limit - len(piece)

    def _break(self, *ends: socket.socket) -> None:
        """Have both ends see the connection reset."""
        with self._lock:
            self.broken += 1
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)

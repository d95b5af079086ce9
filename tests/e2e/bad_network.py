"""A TCP proxy between a browser and a server, spoiled as networks are: a portal's page in place of
every answer, an answer that breaks off, an answer of somebody else's making."""

from __future__ import annotations

import re
import socket
import struct
import threading
from contextlib import closing, suppress

PORTAL_PAGE = b"<!doctype html><title>WiFi</title><p>Please sign in to this network first.</p>"
_REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.1\r\n")
_RESET = struct.pack("ii", 1, 0)


def _answer(body: bytes, content_type: str, *headers: str) -> bytes:
    lines = (
        "HTTP/1.1 200 OK",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        *headers,
    )
    return "\r\n".join((*lines, "", "")).encode() + body


class BadNetwork:
    """Carries bytes between clients and a server on loopback until a test spoils it.

    Every connection obeys the state at the moment of its next request, also one that is open.
    """

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.reset()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """Be a good network again."""
        self._portal = False
        self._cut: tuple[re.Pattern[bytes], list[int]] | None = None
        self._instead: dict[bytes, bytes] = {}
        self._may_break = threading.Event()
        self.cuts = 0
        self.portal_answers = 0

    def portal(self) -> None:
        """Answer everything with a page of one's own and status 200, as a hotel's network does."""
        self._portal = True

    def cut(self, path: str, *after: int) -> None:
        """Break off the answers to requests whose path matches: each after its number of bytes,
        and all that follow after the last of these."""
        self.stall(path, *after)
        self.break_off()

    def stall(self, path: str, *after: int) -> None:
        """As ``cut``, but silence comes first: the connections break when the test says so."""
        self._cut = (re.compile(path.encode()), list(after))
        self._may_break = threading.Event()

    def break_off(self) -> None:
        """Break the connections that are silent; further ones break at once."""
        self._may_break.set()

    def instead(self, path: str, body: bytes, content_type: str, *headers: str) -> None:
        """Answer one path with another content than the server's."""
        self._instead[path.encode()] = _answer(body, content_type, *headers)

    def close(self) -> None:
        """Stop listening; what is open ends with its client."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError):
            server = socket.create_connection(("127.0.0.1", self.server_port))
            with closing(server):
                connection = _Connection(self, client, server)
                threading.Thread(target=connection.downwards, daemon=True).start()
                connection.upwards()

    def own_answer(self, path: bytes) -> bytes | None:
        """Return what the network itself answers to a path, or nothing."""
        if self._portal:
            self.portal_answers += 1
            return _answer(PORTAL_PAGE, "text/html; charset=utf-8")
        return self._instead.get(path)

    def budget(self, path: bytes) -> tuple[int | None, threading.Event]:
        """Return after how many bytes the answer to a path breaks off (nothing for a whole one),
        and what it waits for then."""
        if self._cut is None or not self._cut[0].search(path):
            return None, self._may_break
        after = self._cut[1]
        return after.pop(0) if len(after) > 1 else after[0], self._may_break


class _Connection:
    """One client's connection and the one made for it to the server."""

    def __init__(self, network: BadNetwork, client: socket.socket, server: socket.socket) -> None:
        self._network, self._client, self._server = network, client, server
        self._left: int | None = None
        self._may_break = threading.Event()

    def upwards(self) -> None:
        """Carry requests to the server, or answer them here."""
        while chunk := self._client.recv(65536):
            if request := _REQUEST.match(chunk):
                own = self._network.own_answer(request[2])
                if own is not None:
                    self._client.sendall(own)
                    if request[1] == b"GET":
                        continue
                    # The rest of the request is of no interest, but must be read before the end.
                    self._client.shutdown(socket.SHUT_WR)
                    while self._client.recv(65536):
                        pass
                    return
                self._left, self._may_break = self._network.budget(request[2])
            self._server.sendall(chunk)

    def downwards(self) -> None:
        """Carry answers to the client until there are no more, or their budget is spent."""
        with suppress(OSError):
            while chunk := self._server.recv(65536):
                if self._left is None:
                    self._client.sendall(chunk)
                    continue
                self._client.sendall(chunk[: self._left])
                self._left -= len(chunk)
                if self._left < 0:
                    self._may_break.wait()
                    self._network.cuts += 1
                    self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                    break
        with suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)

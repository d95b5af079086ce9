"""Requests to CouchDB, so many at once and no more.

Bodies go through as bytes, so that JSON is read and written once, by orjson. A node that is busy
(429, 503) is asked again after a pause that grows; one that does not answer is left for the next.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from sync.couch.address import CouchAddress
from sync.couch.node import Answer as Answer
from sync.couch.node import NoAnswer, Node
from sync.errors import NotPermitted, StoreError, StoreFull, StoreUnavailable

_ATTEMPTS: Final = 6
_FIRST_PAUSE_SECONDS: Final = 0.1
_MOST_PAUSE_SECONDS: Final = 3.0
_BUSY: Final = (429, 503)


class CouchClient:
    """A cluster's nodes, asked one after the other when one fails."""

    def __init__(self, address: CouchAddress) -> None:
        self._nodes = [Node(url, address) for url in address.urls]
        admin = address.as_admin()
        self._admin_nodes = (
            self._nodes if admin is address else [Node(url, admin) for url in address.urls]
        )
        self._at_once = asyncio.Semaphore(address.threads)
        self._current = 0
        self._closed = False

    async def close(self) -> None:
        """Take no more requests and close the connections."""
        self._closed = True
        for node in (*self._nodes, *self._admin_nodes):
            await node.close()

    async def call(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        repeatable: bool = True,
        as_admin: bool = False,
    ) -> Answer:
        """Make a request and return its answer, whatever the status but busy and broken ones.

        ``repeatable`` tells that doing it twice is as good as once; otherwise it is not sent again
        when it is unknown whether it was done; ``as_admin`` that CouchDB takes it only from an
        administrator. Raises ``NotPermitted``, ``StoreUnavailable`` and ``StoreFull``.
        """
        pause = _FIRST_PAUSE_SECONDS
        problem = ""
        for _ in range(_ATTEMPTS):
            nodes = self._admin_nodes if as_admin else self._nodes
            node = nodes[self._current % len(nodes)]
            try:
                answer = await self._send(node, method, path, parameters, body)
            except NoAnswer as error:
                problem = str(error)
                self._current += 1
                if not repeatable:
                    raise StoreUnavailable(f"CouchDB broke off: {problem}") from None
            else:
                if answer.status == 401 and answer.error:
                    raise NotPermitted(f"our account may not do this in CouchDB: {method} {path}")
                if answer.status == 401:
                    raise StoreUnavailable("CouchDB does not take our name and password")
                if answer.status not in _BUSY and answer.status < 500:
                    return answer
                problem = f"HTTP {answer.status} {answer.error}"
                if answer.status not in _BUSY and not _passing(answer):
                    raise _fault(answer)
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311
            pause = min(pause * 2, _MOST_PAUSE_SECONDS)
        raise StoreUnavailable(f"CouchDB does not answer: {problem}")

    async def _send(
        self,
        node: Node,
        method: str,
        path: str,
        parameters: Mapping[str, str] | None,
        body: bytes | None,
    ) -> Answer:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        async with self._at_once:
            return await node.send(method, path, parameters, body)


def _passing(answer: Answer) -> bool:
    """Tell whether a server's fault goes by: a shard's node is down or being asked too much."""
    return answer.status in (500, 502, 504) and answer.error not in ("enospc", "unknown_error")


def _fault(answer: Answer) -> StoreError:
    if answer.error == "enospc":
        return StoreFull("CouchDB has no room on its disk; nothing was written")
    return StoreUnavailable(f"CouchDB failed: HTTP {answer.status} {answer.error}")


def segment(text: str) -> str:
    """Return a database's name or a document's id as one segment of a path."""
    return quote(text, safe="")

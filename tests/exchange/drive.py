"""Drives the exchange without a network: one request in, the answer's bytes out, cut if wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Scope

from sync.exchange import Exchange, Turns
from sync.follower import Follower
from sync.registry import Registry
from sync.store import DocumentStore
from sync.wire import wire_app
from tests.exchange.client import Client
from tests.sync_flow.town import keeper_for


class PlainHost:
    """A host of one person, who never changes."""

    async def session(self, scope: Scope) -> tuple[str, str]:
        return "worker1", "same"

    async def account(self, scope: Scope) -> Mapping[str, Any]:
        return {"user": {"username": "worker1"}}

    async def outcomes(self, scope: Scope, ids: Sequence[str]) -> list[Mapping[str, Any]]:
        return []

    def exchanged(self, documents: int) -> None:
        pass


async def exchange_app(store: DocumentStore, registry: Registry, user: str, device: str) -> ASGIApp:
    """Return the wire with the exchange, as one signed-in person meets it."""
    keeper = keeper_for(store, registry, await registry.actor(user, device))
    follower = Follower(store, registry)
    exchange = Exchange(store, keeper, follower.resolve, PlainHost(), Turns(100, 4))
    return wire_app(store, keeper, {"_exchange": exchange.serve})


async def ask(app: ASGIApp, asking: Mapping[str, Any], *, cut: int | None = None) -> bytes:
    """Send one exchange; return the answer's bytes, no more than ``cut`` of them: the connection
    breaks there."""
    return await call(app, "POST", "/_exchange", body=orjson.dumps(asking), cut=cut)


async def call(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    query: bytes = b"",
    body: bytes = b"",
    cut: int | None = None,
) -> bytes:
    """Make one request; return the answer's bytes, no more than ``cut`` of them."""
    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    taken = bytearray()
    broken = asyncio.Event()

    async def receive() -> Message:
        if given:
            return given.pop()
        await broken.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message
        else:
            taken.extend(message["body"])
            if cut is not None and len(taken) >= cut:
                broken.set()
                await asyncio.sleep(0)

    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": [(b"content-type", b"application/json")],
    }
    await app(scope, receive, send)
    return bytes(taken if cut is None else taken[:cut])


async def until_quiet(app: ASGIApp, client: Client, budget: int | None = None) -> int:
    """Exchange until nothing is left; return how many requests it took."""
    for number in range(1, 200):
        if client.take(await ask(app, client.asking(budget))):
            return number
    raise AssertionError("the exchange does not come to an end")

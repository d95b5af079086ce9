"""``wangge wire``: the bare store over HTTP on loopback, without accounts.

For conformance suites and clients written elsewhere, and for measuring; never for people's data.
"""

from __future__ import annotations

from typing import Annotated

import typer
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from server.collector import tune_collector
from sync import open_store
from sync.errors import StoreError
from sync.store import DocumentStore
from sync.wire import BareKeeper, wire_app

LOOPBACK = "127.0.0.1"


def _with_closing(application: ASGIApp, store: DocumentStore) -> ASGIApp:
    """Return the application with a lifespan that closes the store at the end."""

    async def whole(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await application(scope, receive, send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await store.close()
        await send({"type": "lifespan.shutdown.complete"})

    return whole


def wire(
    store: Annotated[
        str, typer.Option(help="Store URL, such as sqlite:////var/lib/wangge/wangge.db.")
    ] = "sqlite:///:memory:",
    port: Annotated[int, typer.Option(help="TCP port on 127.0.0.1.", min=0, max=65535)] = 5984,
) -> None:
    """Serve the bare store over CouchDB's protocol on 127.0.0.1, without accounts."""
    try:
        opened = open_store(store)
    except (ValueError, StoreError) as error:
        typer.echo(f"wangge wire: {error}", err=True)
        raise typer.Exit(1) from None

    typer.echo(f"serving {store} on http://{LOOPBACK}:{port}/")
    tune_collector()
    uvicorn.run(
        _with_closing(wire_app(opened, BareKeeper(opened)), opened),
        host=LOOPBACK,
        port=port,
        access_log=False,
        log_level="warning",
        proxy_headers=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    typer.run(wire)

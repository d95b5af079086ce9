"""``wangge wire``: the bare store over HTTP on loopback, without accounts.

For conformance suites and clients written elsewhere, and for measuring; never for people's data.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from sync import open_store
from sync.errors import StoreError
from sync.wire import BareKeeper, wire_app

LOOPBACK = "127.0.0.1"


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

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await opened.close()

    bare = wire_app(opened, BareKeeper(opened))
    application = Starlette(routes=[Mount("/", app=bare)], lifespan=lifespan)
    typer.echo(f"serving {store} on http://{LOOPBACK}:{port}/")
    uvicorn.run(
        application,
        host=LOOPBACK,
        port=port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    typer.run(wire)

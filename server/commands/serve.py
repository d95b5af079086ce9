"""``wangge serve`` and ``wangge resolve``."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from prometheus_client import start_http_server

from server.app import create_app
from server.collector import tune_collector
from server.databases import open_databases
from server.logs import configure, log
from server.metrics import Metrics
from server.settings import Settings
from sync.follower import Follower
from sync.registry import Registry

_PATIENCE_SECONDS: Final = 5
"""How long open requests may go on once the process is asked to stop; feeds that wait for changes
would go on for ever."""


def serve(settings: Settings) -> None:
    """Serve until asked to stop."""
    configure(settings.log_level, settings.log_format)
    app = create_app(settings)
    tune_collector()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        http="httptools",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_keep_alive=65,
        timeout_graceful_shutdown=_PATIENCE_SECONDS,
    )


def resolve(settings: Settings, metrics_port: int | None = None) -> None:
    """Merge and project until asked to stop; show nothing but metrics, if a port is given."""
    configure(settings.log_level, settings.log_format)
    tune_collector()
    asyncio.run(_resolve(settings, metrics_port))


async def _resolve(settings: Settings, metrics_port: int | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    store = await open_databases(settings)
    try:
        follower = Follower(store, Registry(store))
        with _shown(follower, settings.host, metrics_port):
            log.info("resolving")
            await follower.run(stop)
    finally:
        await store.close()


@contextmanager
def _shown(follower: Follower, host: str, port: int | None) -> Iterator[None]:
    """Serve the follower's metrics as long as the context lasts."""
    if port is None:
        yield
        return
    metrics = Metrics()
    metrics.watch(follower)
    server, thread = start_http_server(port, host, metrics.registry)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

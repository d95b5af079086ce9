"""``/healthz`` (the process answers), ``/readyz`` (so does the store), ``/metrics``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from server.gauges import refresh
from server.metrics import CONTENT_TYPE
from server.runtime import runtime_of
from sync.errors import StoreError


async def healthz(_request: Request) -> Response:
    """Tell that the process is alive."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """Tell whether requests can be served: the store answers, the follower runs."""
    runtime = runtime_of(request)
    try:
        await runtime.store.database_info("registry")
        store = "ok"
    except StoreError as error:
        store = type(error).__name__
    follower = runtime.following.state
    ready = store == "ok" and follower != "failed"
    return JSONResponse({"store": store, "follower": follower}, 200 if ready else 503)


async def metrics(request: Request) -> Response:
    """Tell the figures for Prometheus."""
    runtime = runtime_of(request)
    await refresh(runtime.store, runtime.metrics)
    return Response(runtime.metrics.text(), media_type=CONTENT_TYPE)


def routes() -> list[BaseRoute]:
    """Return the routes for watching."""
    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]

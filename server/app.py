"""The application: everything that is served over HTTP, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Router

from server.api.routes import routes as api_routes
from server.auth import AuthMiddleware
from server.console import routes as console_routes
from server.console_guard import ConsoleGuard
from server.headers import CompressionMiddleware, HeadersMiddleware
from server.logs import RequestMiddleware, log
from server.metrics import Metrics
from server.problems import Problem, from_http_exception, request_id_of
from server.settings import Settings
from server.start import close, open_runtime
from server.sync_door import sync_app
from server.templating import STATIC, page
from server.web import entrance, health, worker_app
from server.web.files import HashedFiles
from sync.errors import StoreError, StoreFull


def create_app(settings: Settings) -> Starlette:
    """Return the application. Its store is opened when it starts (ASGI lifespan)."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        runtime = await open_runtime(settings, metrics)
        app.state.runtime = runtime
        try:
            yield
        finally:
            await close(runtime)

    return Starlette(
        routes=_routes(),
        lifespan=lifespan,
        middleware=[
            Middleware(RequestMiddleware, metrics=metrics),
            Middleware(HeadersMiddleware, settings=settings),
            Middleware(CompressionMiddleware),
            Middleware(AuthMiddleware, public_url=settings.public_url),
        ],
        exception_handlers={
            Problem: on_problem,
            StoreError: on_store_error,
            HTTPException: on_http_exception,
            Exception: on_failure,
        },
    )


def _routes() -> list[BaseRoute]:
    return [
        Mount("/sync", sync_app),
        Mount("/api/v1", routes=api_routes()),
        Mount("/console", ConsoleGuard(Router(console_routes()))),
        *worker_app.routes(),
        Mount("/static", HashedFiles(STATIC, hash_in_name=False)),
        *health.routes(),
        *entrance.routes(),
    ]


async def on_problem(request: Request, error: Exception) -> Response:
    """Answer with a problem document, or with a page where a person reads."""
    assert isinstance(error, Problem)
    if _wants_page(request):
        return page(
            request,
            "problem.html",
            {"problem": error.for_people(request_id_of(request))},
            error.kind.status,
            error.headers,
        )
    return error.response(request_id_of(request))


async def on_store_error(request: Request, error: Exception) -> Response:
    """Say that the store cannot be used now; what the client sent is not lost on its side."""
    log.error("store failed", error=str(error))
    full = isinstance(error, StoreFull)
    problem = Problem(
        "store-full" if full else "store-unavailable",
        headers=None if full else {"Retry-After": "5"},
    )
    return await on_problem(request, problem)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Answer Starlette's own errors (no such route, wrong method) in our form."""
    assert isinstance(error, HTTPException)
    return await on_problem(request, from_http_exception(error))


async def on_failure(request: Request, error: Exception) -> Response:
    """Answer an error nobody expected; Starlette logs it with its traceback."""
    log.error("unexpected error", error=type(error).__name__)
    return await on_problem(request, Problem("internal"))


def _wants_page(request: Request) -> bool:
    machine = request.url.path.startswith(("/api/", "/sync/"))
    return not machine and "text/html" in request.headers.get("accept", "")

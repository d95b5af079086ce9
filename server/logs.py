"""Logs: one line per request with an id, a route and a time, and nothing about any person.

Paths can carry names and ids in their query, so only the route's pattern is logged.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from itertools import count
from typing import Any, Final

import structlog
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.metrics import Metrics

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_CLIENT_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_BOOT: Final = secrets.token_hex(6)
_numbers: Final = count(1)
_REPLICATION: Final = "/sync/…"
_SLOW_SECONDS: Final = 1.0

log = structlog.stdlib.get_logger("wangge")


def configure(level: str, form: str) -> None:
    """Set up logging for this process: ``form`` is ``text`` or ``json``."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_plain_traceback)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    logging.getLogger("uvicorn.access").disabled = True


def _plain_traceback(stream: Any, error: Any) -> None:
    structlog.dev.plain_traceback(stream, error)


def route_of(scope: Scope) -> str:
    """Return the pattern of the route that answered, such as ``/api/v1/grids/{code}``."""
    route = scope.get("route")
    if isinstance(route, Mount):
        return f"{route.path}/…"
    if isinstance(route, Route):
        root: str = scope.get("root_path", "")
        return root + route.path
    return "none"


class RequestMiddleware:
    """Gives each request an id (``X-Request-Id``, the client's own when it is harmless), logs it
    and counts it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"")
        request_id = (
            given.decode() if _CLIENT_ID.fullmatch(given) else f"{_BOOT}-{next(_numbers):013x}"
        )
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500
        began = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
                message = {**message, "headers": headers}
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_id)
            finally:
                self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route = route_of(scope)
        self._metrics.request(scope["method"], route, status, seconds)
        if route in _QUIET:
            return
        # One sync of one phone is a dozen requests; those that went well are for who looks closer.
        plain = route == _REPLICATION and status < 400 and seconds < _SLOW_SECONDS
        level = logging.DEBUG if plain else logging.INFO
        if log.isEnabledFor(level):
            log.log(
                level,
                "request",
                method=scope["method"],
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
            )

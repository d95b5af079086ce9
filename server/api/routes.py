"""All operations of the API, and the application that serves them."""

from __future__ import annotations

from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from server.api import grids, history, records, refusals, session
from server.api.events import Events
from server.api.openapi import document
from server.api.operation import Operation, route
from server.templating import VERSION

OPERATIONS: Final[tuple[Operation, ...]] = (
    *session.OPERATIONS,
    *grids.OPERATIONS,
    *refusals.OPERATIONS,
    *records.OPERATIONS,
    *history.OPERATIONS,
)


def routes() -> list[BaseRoute]:
    """Return the routes of the API, to be mounted at ``/api/v1``."""
    text = orjson.dumps(document(OPERATIONS, VERSION))

    async def openapi(_request: Request) -> Response:
        return Response(text, media_type="application/json")

    by_path: dict[str, list[Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, []).append(operation)
    return [
        Route("/openapi.json", openapi),
        Route("/events", Events(), methods=["GET"], name="events"),
        *(route(path, operations) for path, operations in by_path.items()),
    ]

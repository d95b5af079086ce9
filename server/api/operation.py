"""Operations: what a route of the API takes, gives and refuses, declared beside its function.

An operation's function gets a ``Call``: the request with its path, query and body already
validated. It returns a response model, or a Starlette response where headers are needed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.api.explain import explain
from server.auth import Identity, require
from server.problems import Problem
from server.runtime import Runtime, runtime_of

MAX_BODY: Final = 64 * 1024
"""Bytes of a request body; every body of this API is a small form."""


class Input(BaseModel):
    """Base of everything that comes in: unknown members are refused, so typing errors show."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Input):
    """No parameters."""


class Output(BaseModel):
    """Base of everything that goes out."""

    model_config = ConfigDict(extra="forbid")


P = TypeVar("P", bound=Input)
Q = TypeVar("Q", bound=Input)
B = TypeVar("B", bound=Input)
M = TypeVar("M", bound=Input)


@dataclass(frozen=True)
class Call(Generic[P, Q, B]):
    """One call of an operation."""

    request: Request
    path: P
    query: Q
    body: B

    @cached_property
    def runtime(self) -> Runtime:
        """The parts of the running application."""
        return runtime_of(self.request)

    @cached_property
    def identity(self) -> Identity:
        """Who is asking; raises ``Problem`` (401) when nobody is signed in."""
        return require(self.request)


Handler = Callable[[Any], Awaitable[BaseModel | Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. ``scope`` is what an integrator's token must carry; ``None`` asks
    for no scope. ``public`` operations need nobody to be signed in."""

    name: str
    method: str
    path: str
    handler: Handler
    returns: type[BaseModel] | None
    status: int = 200
    path_model: type[Input] = Nothing
    query_model: type[Input] = Nothing
    body_model: type[Input] = Nothing
    scope: str | None = None
    public: bool = False
    problems: tuple[str, ...] = field(default_factory=tuple)

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    @property
    def description(self) -> str:
        """The rest of the function's docstring."""
        rest = (self.handler.__doc__ or "").strip().partition("\n")[2]
        return " ".join(rest.split())

    @property
    def has_body(self) -> bool:
        """Whether a JSON body is expected."""
        return self.body_model is not Nothing

    async def serve(self, request: Request) -> Response:
        """Answer one request."""
        if not self.public:
            require(request, self.scope)
        call = Call(
            request,
            _validated(self.path_model, request.path_params, "path"),
            _validated(self.query_model, dict(request.query_params), "query"),
            await self._body(request),
        )
        result = await self.handler(call)
        return result if isinstance(result, Response) else answer(result, self.status)

    async def _body(self, request: Request) -> Input:
        if not self.has_body:
            return Nothing()
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Problem("unsupported-media-type", expected="application/json")
        return _validated(self.body_model, await _json(request), "body")


def route(path: str, operations: Sequence[Operation]) -> Route:
    """Return the route of one path with all its methods, so that ``Allow`` names them all."""
    by_method = {operation.method: operation for operation in operations}
    if "GET" in by_method:
        by_method["HEAD"] = by_method["GET"]

    async def endpoint(request: Request) -> Response:
        return await by_method[request.method].serve(request)

    return Route(path, endpoint, methods=list(by_method), name=path)


def answer(model: BaseModel, status: int = 200) -> Response:
    """Return a model as an uncached JSON response."""
    return Response(
        model.model_dump_json(by_alias=True),
        status,
        {"Cache-Control": "no-store"},
        media_type="application/json",
    )


async def _json(request: Request) -> Any:
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BODY:
            raise Problem("too-large", limit=MAX_BODY)
    try:
        return orjson.loads(bytes(content))
    except orjson.JSONDecodeError as error:
        raise Problem("malformed-json", str(error)) from None


def _validated(model: type[M], values: Any, place: str) -> M:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise Problem("invalid-value", errors=explain(error, place)) from None

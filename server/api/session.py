"""``/api/v1/session``: sign in, ask who one is, sign out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import Field
from starlette.responses import Response

from conflicts.structure import Structure
from grid.hierarchy import GridNode, Hierarchy
from grid.permissions import Actor
from server.api.operation import Call, Input, Nothing, Operation, Output, answer
from server.auth import Identity
from server.clock import timestamp, utc_now
from server.runtime import Runtime
from server.sign_in import LONG_LIVED, drop_cookie, set_cookie, sign_in, sign_out

_DATABASES_SHOWN: Final = 500
"""Nodes listed below a worker's own ones; more than any village has, fewer than a town."""


class SignIn(Input):
    """Who signs in, and on which device."""

    username: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=256)]
    device: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")] | None = None


class User(Output):
    """The signed-in person or system."""

    username: str
    name: str
    role: str


class GridSummary(Output):
    """A grid with its whole path, because names repeat between towns.

    ``took_over`` names grids of the caller that were split, merged or closed and that this one
    stands for now.
    """

    code: str
    name: str
    level: Annotated[int, Field(ge=1, le=5)]
    path: list[str]
    path_names: list[str]
    took_over: list[str]


class SessionView(Output):
    """What a client needs to start working. ``token`` is there only right after signing in."""

    token: str | None
    user: User
    device: str | None
    grids: list[GridSummary]
    bulletins: list[str]
    scopes: list[str] | None
    expires: str
    server_time: str
    epoch: str


async def create_session(call: Call[Nothing, Nothing, SignIn]) -> Response:
    """Sign in with name and password.

    Answers with a session token, to be sent as `Authorization: Bearer`, and sets it as cookie.
    """
    runtime, form = call.runtime, call.body
    token, identity = await sign_in(
        runtime, call.request, form.username, form.password, form.device
    )
    response = answer(await session_view(runtime, identity, token), 201)
    set_cookie(response, runtime.settings, token, identity.account.role)
    return response


async def read_session(call: Call[Nothing, Nothing, Nothing]) -> SessionView:
    """Tell who is signed in and what they may work on."""
    return await session_view(call.runtime, call.identity, None)


async def delete_session(call: Call[Nothing, Nothing, Nothing]) -> Response:
    """Sign out: the session's token is worth nothing any more."""
    await sign_out(call.runtime, call.identity.session)
    response = Response(status_code=204)
    drop_cookie(response, call.runtime.settings)
    return response


def grid_summary(structure: Structure, code: str, held: Iterable[str]) -> GridSummary:
    """Return a grid with the codes and names on the way to it; ``held`` are the caller's grids."""
    hierarchy = structure.hierarchy
    node = hierarchy.node(code)
    return GridSummary(
        code=node.code,
        name=node.name,
        level=node.level,
        path=list(hierarchy.path(code)),
        path_names=list(hierarchy.path_names(code)),
        took_over=sorted(old for old in held if old != code and code in structure.current(old)),
    )


async def session_view(runtime: Runtime, identity: Identity, token: str | None) -> SessionView:
    """Return what a client needs to start working."""
    structure = await runtime.registry.structure()
    hierarchy, held = structure.hierarchy, identity.actor.grids
    account, session = identity.account, identity.session
    grids = _work_grids(hierarchy, identity.actor)
    return SessionView(
        token=token,
        user=User(username=account.username, name=account.name, role=account.role),
        device=session.device,
        grids=[grid_summary(structure, code, held) for code in grids],
        bulletins=sorted({town for code in grids if (town := hierarchy.town(code))}),
        scopes=None if session.scopes is None else sorted(session.scopes),
        expires=session.expires,
        server_time=timestamp(utc_now()),
        epoch=(await runtime.store.database_info("registry")).epoch,
    )


def _work_grids(hierarchy: Hierarchy, actor: Actor) -> list[str]:
    """Return the grids to list: for a worker every one he keeps records in, for others the roots
    of what they see."""
    own = sorted(code for code in actor.grids if code in hierarchy)
    if actor.role not in LONG_LIVED:
        return own
    below = {node.code for root in own for node in hierarchy.descendants(root) if _open(node)}
    return sorted(below)[:_DATABASES_SHOWN]


def _open(node: GridNode) -> bool:
    return node.holds_records and not node.closed


OPERATIONS: Final = (
    Operation(
        "createSession",
        "POST",
        "/session",
        create_session,
        SessionView,
        status=201,
        body_model=SignIn,
        public=True,
        problems=("wrong-credentials", "account-disabled", "too-many-attempts"),
    ),
    Operation("readSession", "GET", "/session", read_session, SessionView),
    Operation("deleteSession", "DELETE", "/session", delete_session, None, status=204),
)

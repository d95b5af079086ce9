"""A running application on a small populated store, and clients signed in to it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.to_thread import run_sync
from starlette.applications import Starlette

from grid.csv_import import dianbai_csv, read_grids_csv
from grid.permissions import Role
from server.app import create_app
from server.commands.users import Users
from server.databases import opened
from server.runtime import Runtime
from server.scopes import SCOPES
from server.settings import Settings
from sync import open_store
from sync.registry import Registry
from sync.store import Write
from tests.stores import VARIABLE, remove_databases, store_url

PASSWORD = "wangge-demo"
BUILDING = "44090400400100104"
GROUP = "440904004001001"
VILLAGE = "440904004001"
TOWN = "440904004"
DISTRICT = "440904"
ELSEWHERE = "44090400420500101"
OTHER_TOWN = "440904001"
DEVICE = "0123abcd"
WORKPLACES = (
    f"grid-{BUILDING}",
    f"grid-{ELSEWHERE}",
    f"bulletin-{TOWN}",
    f"bulletin-{OTHER_TOWN}",
)

PEOPLE: dict[str, tuple[Role, tuple[str, ...]]] = {
    "worker1": (Role.GRIDWORKER, (BUILDING,)),
    "worker2": (Role.GRIDWORKER, (BUILDING,)),
    "worker3": (Role.GRIDWORKER, (ELSEWHERE,)),
    "lead": (Role.LEAD, (GROUP,)),
    "dispatcher": (Role.DISPATCHER, (TOWN,)),
    "department": (Role.DEPARTMENT, (TOWN,)),
    "auditor": (Role.AUDITOR, (DISTRICT,)),
    "village": (Role.SUPERVISOR_VILLAGE, (VILLAGE,)),
    "town": (Role.SUPERVISOR_TOWN, (TOWN,)),
    "district": (Role.SUPERVISOR_DISTRICT, (DISTRICT,)),
    "integrator": (Role.INTEGRATOR, (TOWN,)),
}


async def _populate(settings: Settings) -> None:
    async with opened(settings) as store:
        await Registry(store).import_grids(read_grids_csv(dianbai_csv()).nodes)
        users = Users(store, settings)
        for username, (role, grids) in PEOPLE.items():
            scopes = frozenset(SCOPES) if role is Role.INTEGRATOR else frozenset()
            await users.add(username, f"演示{username}", role, PASSWORD, grids, scopes)


@pytest.fixture(scope="session")
def populated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data folder with the hierarchy of 电白 and an account of every role."""
    folder = tmp_path_factory.mktemp("populated")
    settings = Settings.load({}, data=folder)
    settings.signing_key()
    asyncio.run(_populate(settings))
    return folder


async def settle(populated: Path, data: Path, store: str | None) -> None:
    """Make a data folder that is populated as well. In a CouchDB, where each grid is a database,
    only those in which tests work get theirs."""
    await run_sync(shutil.copytree, populated, data)
    if store is None:
        return
    async with opened(Settings.load({}, data=data, store=store)) as own:
        embedded = open_store(Settings.load({}, data=populated).store_url)
        try:
            known = await embedded.documents("registry")
        finally:
            await embedded.close()
        await asyncio.gather(*map(own.create_database, WORKPLACES))
        writes = [Write(one.doc_id, one.body, one.rev) for one in known]
        await own.write("registry", writes, new_edits=False)


Serve = Callable[..., Any]


@pytest.fixture
def serve(populated: Path, tmp_path: Path) -> Iterator[Serve]:
    """Start an application on a copy of the populated folder, with other settings if wanted."""
    store = _own_store()

    @asynccontextmanager
    async def start(**overrides: Any) -> AsyncIterator[Starlette]:
        data = tmp_path / "data"
        settings = Settings.load({}, data=data, store=store, **overrides)
        if not data.exists():
            await settle(populated, data, store)
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            yield app

    yield start
    if store is not None:
        asyncio.run(remove_databases(store))


def _own_store() -> str | None:
    """Return the address of an empty store, ``None`` for the embedded one in the data folder."""
    return store_url() if VARIABLE in os.environ else None


@pytest.fixture
async def app(serve: Serve) -> AsyncIterator[Starlette]:
    """Start an application with default settings."""
    async with serve() as started:
        yield started


@pytest.fixture
def runtime(app: Starlette) -> Runtime:
    """Return the parts of the running application."""
    found: Runtime = app.state.runtime
    return found


def client_of(app: Starlette, **options: Any) -> httpx.AsyncClient:
    """Return a client that talks to the application without a network."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://testserver", **options)


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Make a client of the application, nobody signed in."""
    async with client_of(app) as made:
        yield made


SignIn = Callable[..., Awaitable[str]]


@pytest.fixture
def sign_in(client: httpx.AsyncClient) -> SignIn:
    """Sign in and return the token; the client keeps no cookie, so tests choose how to show it."""

    async def do(username: str, device: str | None = DEVICE) -> str:
        form = {"username": username, "password": PASSWORD, "device": device}
        response = await client.post("/api/v1/session", json=form)
        assert response.status_code == 201, response.text
        client.cookies.clear()
        token: str = response.json()["token"]
        return token

    return do


def bearer(token: str) -> dict[str, str]:
    """Return the header that shows a token."""
    return {"Authorization": f"Bearer {token}"}

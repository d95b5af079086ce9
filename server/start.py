"""Opens and closes what a running application holds."""

from __future__ import annotations

from typing import Final

from anyio.to_thread import run_sync

from server.audit import Audit
from server.background import Supervisor
from server.gauges import REVIEWS_BY_AGE, watched
from server.metrics import Metrics
from server.passwords import PasswordChecker
from server.runtime import Runtime
from server.sessions import SESSIONS_BY_USER, Sessions
from server.settings import Settings
from server.throttle import SignInThrottle
from sync import open_store
from sync.follower import Follower
from sync.indexes import ALL_INDEXES
from sync.registry import Registry
from sync.store import DocumentStore

DATABASES: Final = ("registry", "canonical", "reviews", "quarantine", "audit")


async def open_databases(settings: Settings) -> DocumentStore:
    """Open the store; make the server's own databases and indexes if they are not there."""
    settings.data.mkdir(parents=True, exist_ok=True)
    store = open_store(settings.store_url)
    for name in DATABASES:
        await store.create_database(name)
    await store.ensure_indexes([*ALL_INDEXES, SESSIONS_BY_USER, REVIEWS_BY_AGE])
    return store


async def open_runtime(settings: Settings, metrics: Metrics) -> Runtime:
    """Open everything and start the follower, if it is to run in this process."""
    store = await open_databases(settings)
    registry = Registry(store)
    follower = Follower(store, registry)
    key = await run_sync(settings.signing_key)
    runtime = Runtime(
        settings=settings,
        store=store,
        registry=registry,
        follower=follower,
        following=Supervisor("follower", follower.run),
        sessions=Sessions(store, key),
        audit=Audit(store),
        passwords=PasswordChecker(settings.password_threads),
        throttle=SignInThrottle(settings.sign_in_per_account, settings.sign_in_per_address),
        metrics=metrics,
    )
    metrics.watch(watched(runtime))
    if settings.follower:
        runtime.following.start()
    return runtime


async def close(runtime: Runtime) -> None:
    """Let the follower finish its step, then close the store."""
    await runtime.following.stop()
    await runtime.store.close()

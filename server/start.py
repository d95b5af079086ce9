"""Opens and closes what a running application holds."""

from __future__ import annotations

from anyio.to_thread import run_sync

from server.audit import Audit
from server.background import Supervisor
from server.databases import open_databases
from server.exchange import ExchangeHost
from server.live import Live
from server.metrics import Metrics
from server.passwords import PasswordChecker
from server.runtime import Runtime
from server.sessions import Sessions
from server.settings import Settings
from server.sync_door import TokenKeeper, actor_in
from server.throttle import SignInThrottle
from sync.exchange import Exchange, Turns
from sync.follower import Follower
from sync.gateway import GatewayKeeper
from sync.registry import Registry
from sync.rush import Rush
from sync.wire import wire_app


async def open_runtime(settings: Settings, metrics: Metrics) -> Runtime:
    """Open everything and start the follower, if it is to run in this process."""
    store = await open_databases(settings)
    registry = Registry(store)
    rush = Rush()
    follower = Follower(store, registry, rush)
    audit = Audit(store)
    gateway = GatewayKeeper(store, registry, actor_in)
    turns = Turns(settings.exchanges_open, settings.exchanges_at_once)
    keeper = TokenKeeper(gateway, audit, metrics, rush)
    exchange = Exchange(store, keeper, follower.resolve, ExchangeHost(metrics), turns)
    live = Live(store, registry)
    key = await run_sync(settings.signing_key)
    runtime = Runtime(
        settings=settings,
        store=store,
        registry=registry,
        follower=follower,
        following=Supervisor("follower", follower.run),
        sessions=Sessions(store, registry, key),
        audit=audit,
        passwords=PasswordChecker(settings.password_threads),
        throttle=SignInThrottle(settings.sign_in_per_account, settings.sign_in_per_address),
        metrics=metrics,
        live=live,
        telling=Supervisor("live", live.run),
        wire=wire_app(store, keeper, {"_exchange": exchange.serve}),
    )
    metrics.watch(follower)
    metrics.watch_open(turns, live)
    runtime.telling.start()
    if settings.follower:
        runtime.following.start()
    return runtime


async def close(runtime: Runtime) -> None:
    """Let the follower finish its step, then close the store."""
    await runtime.telling.stop()
    await runtime.following.stop()
    await runtime.store.close()

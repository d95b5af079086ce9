"""Loads the demo into a store: the 电白 hierarchy, fictitious people, accounts of every kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from itertools import groupby
from typing import Any, Final

import orjson
from anyio.to_thread import run_sync
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from grid.csv_import import dianbai_csv, read_grids_csv
from grid.demo import DemoAccount, demo_accounts, demo_records
from grid.demo.bulletins import TOWN, demo_bulletins
from grid.permissions import Role
from server.clock import timestamp, utc_now
from server.databases import opened
from server.passwords import hash_password
from server.scopes import SCOPES
from server.settings import Settings
from sync.bulletin import publish
from sync.follower import Follower
from sync.registry import Account, Registry
from sync.store import DocumentStore, Write

PASSWORD: Final = "wangge-demo"  # noqa: S105 -- everybody knows it; the people are fictitious
SEED: Final = 440904
CHINA: Final = timezone(timedelta(hours=8))
_MARK: Final = "demo"
_BATCH: Final = 200


async def load(settings: Settings) -> bool:
    """Load the demo if it is not there; return whether it was loaded now.

    Each step may be repeated, so a load that was killed half-way is completed the next time.
    """
    async with opened(settings) as store:
        if await store.get_local("registry", _MARK):
            return False
        bar = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with bar:
            await _load_all(store, bar)
        await store.put_local("registry", _MARK, {"seed": SEED, "at": timestamp(utc_now())})
    return True


async def _load_all(store: DocumentStore, bar: Progress) -> None:
    registry = Registry(store)
    nodes = read_grids_csv(dianbai_csv()).nodes
    task = bar.add_task("hierarchy", total=len(nodes))
    await registry.import_grids(nodes)
    bar.update(task, completed=len(nodes))

    accounts = demo_accounts()
    task = bar.add_task("accounts", total=len(accounts))
    for account in accounts:
        await _add_account(registry, account)
        bar.advance(task)

    records = list(demo_records(await registry.hierarchy(), SEED, datetime.now(CHINA).date()))
    task = bar.add_task("records", total=len(records))
    for code, group in groupby(records, key=lambda record: str(record["grid"])):
        for batch in _batches(list(group)):
            await store.write(f"grid-{code}", [_write(record) for record in batch])
            bar.advance(task, len(batch))

    for notice in demo_bulletins(datetime.now(CHINA).date()):
        await publish(store, TOWN, notice.pop("_id"), notice)

    task = bar.add_task("projection", total=None)
    await Follower(store, registry).catch_up()
    bar.update(task, total=1, completed=1)


async def _add_account(registry: Registry, account: DemoAccount) -> None:
    integrator = account.role is Role.INTEGRATOR
    await registry.save_account(
        Account(
            username=account.username,
            name=account.name,
            role=account.role,
            password_hash=await run_sync(hash_password, PASSWORD),
            created=timestamp(utc_now()),
            scopes=frozenset(SCOPES if integrator else ()),
        )
    )
    for code in account.grids:
        await registry.assign(account.username, code)


def _write(record: dict[str, Any]) -> Write:
    body = {name: value for name, value in record.items() if name != "_id"}
    return Write(record["_id"], orjson.dumps(body))


def _batches(records: Sequence[dict[str, Any]]) -> Iterable[Sequence[dict[str, Any]]]:
    return (records[first : first + _BATCH] for first in range(0, len(records), _BATCH))

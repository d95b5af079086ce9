"""What to look at in a CouchDB: version, cluster, settings that matter, clock, who may come in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final

import requests

from server.commands.finding import Finding, Grade
from sync.couch import CouchAddress, CouchStore, parse_address
from sync.couch.databases import SYSTEM
from sync.errors import NotPermitted, StoreError
from sync.paths import GRID_PREFIX

_LEAST_VERSION: Final = (3, 2)
_LEAST_OPEN_DATABASES: Final = 2_000
_LEAST_DOCUMENT_BYTES: Final = 1024 * 1024
_MOST_CLOCK_SECONDS: Final = 5.0
_PATIENCE_SECONDS: Final = 10.0
_MOST_LOOKED_AT: Final = 100


async def examine_couchdb(url: str) -> AsyncIterator[Finding]:
    """Look at the cluster that a store address names; raise ``ValueError`` for a bad address."""
    address = parse_address(url)
    for finding in _open_doors(address):
        yield finding
        if finding.grade is Grade.BAD:
            return
    store = CouchStore(address)
    try:
        for finding in read(await _answers(store)):
            yield finding
    except StoreError as error:
        mend = "check the names and passwords in WANGGE_STORE (docs/couchdb.md, Accounts)"
        yield Finding(Grade.BAD, "CouchDB", str(error), mend)
    finally:
        await store.close()


def _open_doors(address: CouchAddress) -> Iterator[Finding]:
    """Ask each node as a stranger: does it answer, what is its clock, does it let anybody in?"""
    for url in address.urls:
        try:
            welcome = requests.get(url, timeout=_PATIENCE_SECONDS)
            stranger = requests.get(f"{url}/_all_dbs", timeout=_PATIENCE_SECONDS)
        except requests.RequestException as error:
            found = f"{url} does not answer ({type(error).__name__})"
            yield Finding(Grade.BAD, "node", found, "start it, or take it out of WANGGE_STORE")
            continue
        if stranger.status_code == 200:
            found = f"{url} lets anybody in"
            yield Finding(Grade.BAD, "accounts", found, "make an admin: [admins] in local.ini")
            continue
        version = welcome.json().get("version", "0")
        yield _version(url, version)
        yield _clock(url, welcome.headers.get("date"))


def _version(url: str, version: str) -> Finding:
    numbers = tuple(int(part) for part in version.partition("-")[0].split(".")[:2])
    if numbers >= _LEAST_VERSION:
        return Finding(Grade.GOOD, "node", f"{url}, CouchDB {version}")
    wanted = ".".join(map(str, _LEAST_VERSION))
    return Finding(Grade.BAD, "node", f"{url}, CouchDB {version}", f"needs {wanted} or later")


def _clock(url: str, date: str | None) -> Finding:
    if date is None:
        return Finding(Grade.WARNING, "clock", f"{url} does not tell the time")
    ahead = parsedate_to_datetime(date).timestamp() - time.time()
    if abs(ahead) <= _MOST_CLOCK_SECONDS:
        return Finding(Grade.GOOD, "clock", f"{url} agrees with this machine's")
    found = f"{url} is {ahead:+.0f} s off this machine's"
    return Finding(Grade.WARNING, "clock", found, "run a time service (chrony) on both")


async def _answers(store: CouchStore) -> Mapping[str, Any]:
    """Ask for what the findings are made of; what may not be read is ``None``."""

    async def ask(path: str, *, as_admin: bool = True) -> Any:
        try:
            answer = await store.client.call("GET", path, as_admin=as_admin)
        except NotPermitted:
            return None
        return answer.json() if answer.status == 200 else None

    names = await store.database_names()
    return {
        "membership": await ask("/_membership"),
        "config": await ask("/_node/_local/_config"),
        "system": {name: await ask(f"/{name}") for name in SYSTEM},
        "session": await ask("/_session", as_admin=False),
        "security": await _security(store, names),
        "names": names,
        "address": store.address,
    }


async def _security(store: CouchStore, names: Sequence[str]) -> Mapping[str, Any]:
    """Return the security objects of the server's own databases and of some grids."""
    own = [name for name in names if not name.startswith(GRID_PREFIX)]
    grids = [name for name in names if name.startswith(GRID_PREFIX)]
    asked = [*own[:_MOST_LOOKED_AT], *grids[:_MOST_LOOKED_AT]]
    paths = [store.databases.path(name, "_security") for name in asked]
    answers = await asyncio.gather(
        *(store.client.call("GET", path, as_admin=True) for path in paths)
    )
    return {
        name: answer.json()
        for name, answer in zip(asked, answers, strict=True)
        if answer.status == 200
    }


def read(answers: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge what a cluster answered."""
    yield _account(answers["session"]["userCtx"])
    yield _access(answers["security"])
    yield _membership(answers["membership"])
    missing = [name for name, found in answers["system"].items() if found is None]
    if missing:
        found = f"missing: {', '.join(missing)}"
        yield Finding(Grade.WARNING, "system databases", found, "run: wangge init")
    else:
        yield Finding(Grade.GOOD, "system databases", ", ".join(SYSTEM))
    config = answers["config"]
    if config is None:
        found = "this account may not read them"
        yield Finding(Grade.WARNING, "settings", found, "examine once with an admin's account")
        return
    yield from _settings(config, len(answers["names"]), answers["address"])


def _account(who: Mapping[str, Any]) -> Finding:
    if "_admin" in who["roles"]:
        found = f"{who['name']} is an administrator of the whole CouchDB"
        mend = "name an account of its own in WANGGE_STORE, the administrator in ?admin=, and run:"
        return Finding(Grade.WARNING, "account", found, f"{mend} wangge init")
    return Finding(Grade.GOOD, "account", f"{who['name']}, no administrator")


def _access(security: Mapping[str, Any]) -> Finding:
    """Look whether databases let in whoever has an account: an object without members does."""
    unguarded = sorted(
        name
        for name, found in security.items()
        if not any(found.get("members", {}).get(kind) for kind in ("names", "roles"))
    )
    if unguarded:
        some = ", ".join(unguarded[:3]) + (" …" if len(unguarded) > 3 else "")
        found = f"{len(unguarded)} of {len(security)} looked at let everybody in: {some}"
        return Finding(Grade.BAD, "security objects", found, "run: wangge init")
    return Finding(Grade.GOOD, "security objects", f"{len(security)} looked at, all closed")


def _membership(found: Any) -> Finding:
    if found is None:
        return Finding(Grade.WARNING, "cluster", "not told", "examine with an admin's account")
    known, there = set(found["cluster_nodes"]), set(found["all_nodes"])
    away = sorted(known - there)
    if away:
        mend = "start them; until then their copies fall behind"
        return Finding(Grade.WARNING, "cluster", f"not there: {', '.join(away)}", mend)
    return Finding(Grade.GOOD, "cluster", f"{len(there)} node{'s' * (len(there) > 1)}, all there")


def _settings(
    config: Mapping[str, Mapping[str, str]], databases: int, address: CouchAddress
) -> Iterator[Finding]:
    couchdb = config.get("couchdb", {})
    most_open = int(couchdb.get("max_dbs_open", 500))
    wanted = max(_LEAST_OPEN_DATABASES, min(databases * address.q * 2, 20_000))
    if most_open < wanted:
        mend = f"[couchdb] max_dbs_open = {wanted}, and as many open files for CouchDB's process"
        yield Finding(Grade.WARNING, "max_dbs_open", f"{most_open} for {databases} databases", mend)
    else:
        yield Finding(Grade.GOOD, "max_dbs_open", str(most_open))
    largest = int(couchdb.get("max_document_size", 8_000_000))
    if largest < _LEAST_DOCUMENT_BYTES:
        mend = "[couchdb] max_document_size = 8000000"
        yield Finding(Grade.BAD, "max_document_size", f"{largest} bytes", mend)
    else:
        yield Finding(Grade.GOOD, "max_document_size", f"{largest} bytes")
    copies = address.n or int(config.get("cluster", {}).get("n", 3))
    yield Finding(Grade.GOOD, "shards", f"q={address.q} for a grid, n={copies} copies")

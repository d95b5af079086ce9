"""The registry: hierarchy, accounts, devices and assignments, documents of ``registry``.

The hierarchy is the imported grids with all operations on them (``conflicts.hierarchy``).

Everything but devices is kept in memory, because every replication request asks for it. What
another process changed is seen within a second; what this one changed, at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from ulid import ULID

from conflicts.hierarchy import fold
from conflicts.structure import Structure
from grid.codes import LENGTHS
from grid.hierarchy import GridNode, Hierarchy, HierarchyChange, compare
from grid.operations import GridOperation
from grid.permissions import Actor, Role
from sync.store import DocumentStore, Revision, Write
from sync.timing import china_day, now_text

DATABASE: Final = "registry"
_FRESH_SECONDS: Final = 1.0
_PAGE: Final = 2_000
_ATTEMPTS: Final = 5
_AT_ONCE: Final = 100
_RIGHTS: Final = frozenset({"operation", "grid", "account", "assignment"})
"""Kinds of document on which it depends who may work where."""


class UnknownAccount(KeyError):
    """There is no account of this name."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in. ``scopes`` are what an integrator may do, empty for people."""

    username: str
    name: str
    role: Role
    password_hash: str
    created: str
    disabled: bool = False
    scopes: frozenset[str] = frozenset()

    def as_document(self) -> dict[str, Any]:
        """Return the body of its document."""
        return {
            "type": "account",
            "username": self.username,
            "name": self.name,
            "role": self.role.value,
            "password_hash": self.password_hash,
            "created": self.created,
            "disabled": self.disabled,
            "scopes": sorted(self.scopes),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Account:
        """Return what ``as_document`` wrote."""
        return cls(
            username=document["username"],
            name=document["name"],
            role=Role(document["role"]),
            password_hash=document["password_hash"],
            created=document["created"],
            disabled=document.get("disabled", False),
            scopes=frozenset(document.get("scopes", ())),
        )


@dataclass(frozen=True, slots=True)
class Assignment:
    """A grid (and all below it) that somebody works in, from a time on and perhaps until one."""

    id: str
    user: str
    grid: str
    role: Role
    since: str
    until: str | None = None

    def holds(self, moment: str) -> bool:
        """Return whether it is in force at a time (RFC 3339 UTC text)."""
        return self.since <= moment and (self.until is None or moment < self.until)

    def as_document(self) -> dict[str, Any]:
        """Return the body of its document."""
        return {
            "type": "assignment",
            "user": self.user,
            "grid": self.grid,
            "role": self.role.value,
            "from": self.since,
            "to": self.until,
        }

    @classmethod
    def from_document(cls, doc_id: str, document: Mapping[str, Any]) -> Assignment:
        """Return what ``as_document`` wrote."""
        return cls(
            id=doc_id,
            user=document["user"],
            grid=document["grid"],
            role=Role(document["role"]),
            since=document["from"],
            until=document.get("to"),
        )


class Registry:
    """Reads and changes the registry."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store
        self.version = 0
        """Grows whenever grids, accounts or assignments changed."""
        self._seq = "0"
        self._checked = float("-inf")
        self._lock = asyncio.Lock()
        self._nodes: dict[str, GridNode] = {}
        self._operations: dict[str, GridOperation] = {}
        self._structure: Structure | None = None
        self._day = ""
        self._accounts: dict[str, Account] = {}
        self._assignments: dict[str, Assignment] = {}
        self._by_user: dict[str, dict[str, Assignment]] = {}
        self._watching: dict[str, Callable[[str], None]] = {}

    def watch(self, kind: str, changed: Callable[[str], None]) -> None:
        """Tell somebody from now on of changed documents ``<kind>:<name>``, by name."""
        self._watching[kind] = changed

    async def hierarchy(self) -> Hierarchy:
        """Return the hierarchy as it is now."""
        return (await self.structure()).hierarchy

    async def structure(self) -> Structure:
        """Return the hierarchy as it is today and what the operations on it came to."""
        await self.refresh()
        day = china_day()
        if self._structure is None or self._day != day:
            self._structure = fold(self._nodes.values(), self._operations.values(), day)
            self._day = day
        return self._structure

    async def structure_with(self, operation: GridOperation, day: str) -> Structure:
        """Return what the structure would be on a day if this were ordered too; nothing changes."""
        await self.refresh()
        return fold(self._nodes.values(), [*self._operations.values(), operation], day)

    async def imported_parents(self) -> dict[str, str | None]:
        """Return the parent of each grid as it was imported, without any operation."""
        await self.refresh()
        return {node.code: node.parent for node in self._nodes.values()}

    async def operations(self) -> list[GridOperation]:
        """Return all operations on grids in the order in which they apply."""
        await self.refresh()
        return sorted(self._operations.values(), key=lambda one: one.order)

    async def add_operation(self, operation: GridOperation) -> None:
        """Append an operation to the log; the databases of the grids it makes come first."""
        await self._create_databases(part.code for part in operation.parts if part.name is not None)
        await self._save({operation.id: operation.as_document()})

    async def import_grids(self, nodes: Sequence[GridNode]) -> HierarchyChange:
        """Add and change nodes, all in one transaction; those not named stay.

        Every node that holds records gets its database, every town its bulletin, before the node
        shows up. Raises ``BrokenHierarchy``, and nothing is changed, when the outcome would not be
        a tree.
        """
        today = await self.structure()
        # A file is compared with what was imported before it: what operations did to it stays, and
        # a grid that one of them made is theirs.
        nodes = [
            node for node in nodes if node.code not in today.issued or node.code in self._nodes
        ]
        made = {node.code: node for node in today.hierarchy if node.code not in self._nodes}
        change = compare(Hierarchy({**made, **self._nodes}.values()), nodes)
        new = (*change.added, *change.changed)
        named = {node.code: node for node in (*today.hierarchy, *new)}
        Hierarchy(named.values())  # what would not be a tree is not written at all
        await self._create_databases(node.code for node in nodes)
        await self._save({f"grid:{node.code}": node.as_document() for node in new})
        return change

    async def _create_databases(self, codes: Iterable[str]) -> None:
        """Make the databases of household groups and towns, some at a time."""
        prefixes = {LENGTHS[4]: "grid-", LENGTHS[1]: "bulletin-"}
        names = [prefixes[len(code)] + code for code in codes if len(code) in prefixes]
        for first in range(0, len(names), _AT_ONCE):
            await asyncio.gather(
                *(self._store.create_database(name) for name in names[first : first + _AT_ONCE])
            )

    async def account(self, username: str) -> Account | None:
        """Return an account, or ``None``."""
        await self.refresh()
        return self._accounts.get(username)

    async def accounts(self) -> list[Account]:
        """Return all accounts by name."""
        await self.refresh()
        return [self._accounts[name] for name in sorted(self._accounts)]

    async def save_account(self, account: Account) -> None:
        """Add or replace an account."""
        await self._save({f"account:{account.username}": account.as_document()})

    async def set_password(self, username: str, password_hash: str) -> Account:
        """Give an account another password; raise ``UnknownAccount``."""
        account = await self.account(username)
        if account is None:
            raise UnknownAccount(username)
        changed = replace(account, password_hash=password_hash)
        await self.save_account(changed)
        return changed

    async def assign(self, username: str, grid: str) -> bool:
        """Give an account a grid from now on; return whether it did not have it before.

        Raise ``UnknownAccount`` or ``grid.hierarchy.UnknownGrid``.
        """
        account = await self.account(username)
        if account is None:
            raise UnknownAccount(username)
        structure = await self.structure()
        structure.hierarchy.node(grid)
        now = now_text()
        if grid in structure.taken_over(a.grid for a in await self.assignments(username)):
            return False
        given = Assignment(f"assignment:{ULID()}", username, grid, account.role, now)
        await self._save({given.id: given.as_document()})
        return True

    async def unassign(self, username: str, grid: str) -> bool:
        """End an account's assignment to a grid; return whether there was one.

        Of a grid that others took over, the successors not named become assignments of their own.
        """
        structure = await self.structure()
        held = [
            a for a in await self.assignments(username) if grid in structure.taken_over({a.grid})
        ]
        now = now_text()
        left = {code: a for a in held for code in structure.current(a.grid) if grid != a.grid}
        new = [
            replace(a, id=f"assignment:{ULID()}", grid=code, since=now)
            for code, a in left.items()
            if code != grid
        ]
        ended = [replace(a, until=now) for a in held]
        await self._save({a.id: a.as_document() for a in (*new, *ended)})
        return bool(held)

    async def assignments(self, username: str) -> list[Assignment]:
        """Return the assignments that an account has now, as they were given."""
        await self.refresh()
        now = now_text()
        return [a for a in self._by_user.get(username, {}).values() if a.holds(now)]

    async def ever_assigned(self, username: str, path: Sequence[str]) -> bool:
        """Return whether an account has, or once had, a node on this path (from the district), or
        a grid that the last one of it came from."""
        structure = await self.structure()
        once = structure.taken_over(a.grid for a in self._by_user.get(username, {}).values())
        before = structure.came_from(path[-1])
        return not once.isdisjoint(before.union(path))

    async def users_of_device(self, device: str) -> list[str]:
        """Return the accounts that ever signed in on a device."""
        known = await self._store.get(DATABASE, f"device:{device}")
        return [] if known is None or known.deleted else orjson.loads(known.body)["users"]

    async def actor(self, username: str, device: str | None) -> Actor:
        """Return the account as an actor on a device; raise ``UnknownAccount``.

        Whoever works in a grid that others took over works in those, and may still hand in what he
        recorded in the old one.
        """
        account = await self.account(username)
        if account is None:
            raise UnknownAccount(username)
        held = [a.grid for a in await self.assignments(username)]
        grids = (await self.structure()).taken_over(held)
        return Actor(username, account.role, device, grids)

    async def record_device(self, device: str, username: str) -> None:
        """Note that somebody signed in on a device."""
        doc_id = f"device:{device}"
        known = await self._store.get(DATABASE, doc_id)
        now = now_text()
        before = {} if known is None or known.deleted else orjson.loads(known.body)
        first = before.get("first_seen", now)
        users = sorted({*before.get("users", ()), username})
        body = {"type": "device", "users": users, "first_seen": first, "last_seen": now}
        await self._save({doc_id: {**body, "last_user": username}})

    async def _save(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        """Write documents over what is there, in one batch; read them back into memory."""
        left = dict(documents)
        for _ in range(_ATTEMPTS):
            if not left:
                break
            ids = list(left)
            known = await self._store.get_many(DATABASE, ids)
            writes = [
                Write(doc_id, orjson.dumps(left[doc_id]), ancestors=_parent(found))
                for doc_id, found in zip(ids, known, strict=True)
            ]
            results = await self._store.write(DATABASE, writes)
            left = {r.doc_id: left[r.doc_id] for r in results if r.error is not None}
        if left:
            raise RuntimeError(f"registry documents keep changing: {', '.join(left)}")
        await self.refresh(now=True)
        # A cluster may tell the feed from a copy that is behind; a read asks several.
        self._take(await self._store.get_many(DATABASE, list(documents)))

    async def refresh(self, *, now: bool = False) -> None:
        """Read what changed since the last look: at most once a second, unless it has to be now."""
        enough = time.monotonic() - (0 if now else _FRESH_SECONDS)
        if self._checked > enough:
            return
        async with self._lock:
            if self._checked > enough:
                return
            began, pending = time.monotonic(), 1
            while pending:
                page = await self._store.changes(DATABASE, self._seq, limit=_PAGE, bodies=True)
                self._take(change.winner for change in page.changes)
                self._seq, pending = page.last_seq, page.pending
            self._checked = began

    def _take(self, winners: Iterable[Revision | None]) -> None:
        for winner in winners:
            if winner is None:
                continue
            kind, _, name = winner.doc_id.partition(":")
            self.version += kind in _RIGHTS
            if kind in self._watching:
                self._watching[kind](name)
            if kind == "operation":
                self._structure = None
                self._operations.pop(winner.doc_id, None)
                if not winner.deleted:
                    operation = GridOperation.from_document(
                        winner.doc_id, orjson.loads(winner.body)
                    )
                    self._operations[operation.id] = operation
            elif kind == "grid":
                self._structure = None
                self._nodes.pop(name, None)
                if not winner.deleted:
                    self._nodes[name] = GridNode.from_document(orjson.loads(winner.body))
            elif kind == "account":
                self._accounts.pop(name, None)
                if not winner.deleted:
                    self._accounts[name] = Account.from_document(orjson.loads(winner.body))
            elif kind == "assignment":
                self._take_assignment(winner)

    def _take_assignment(self, winner: Revision) -> None:
        before = self._assignments.pop(winner.doc_id, None)
        if before is not None:
            del self._by_user[before.user][before.id]
        if not winner.deleted:
            taken = Assignment.from_document(winner.doc_id, orjson.loads(winner.body))
            self._assignments[taken.id] = taken
            self._by_user.setdefault(taken.user, {})[taken.id] = taken


def _parent(found: Revision | None) -> tuple[str, ...]:
    return () if found is None or found.deleted else (found.rev,)

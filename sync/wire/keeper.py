"""Who may open which database: the wire asks its keeper and works through the door it gets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from starlette.types import Scope

from sync.store import DocumentStore, Write, WriteResult
from sync.wire.errors import WireError

_NAME: Final = re.compile(r"[a-z][a-z0-9_$()+/-]{0,237}")


class Door(Protocol):
    """An opened database."""

    @property
    def database(self) -> str:
        """The database's name in the store."""

    @property
    def shown_name(self) -> str:
        """The name the client knows it by."""

    @property
    def read_only(self) -> bool:
        """Whether documents may not be written (checkpoints in ``_local`` may)."""

    async def write(self, writes: Sequence[Write], new_edits: bool) -> list[WriteResult]:
        """Judge and write a batch; results are per document and in order."""

    async def keep(
        self, refused: Sequence[tuple[Mapping[str, Any], WireError]]
    ) -> list[Mapping[str, Any]]:
        """Keep documents, as sent, that the wire could not take; return, for each, members to add
        to its refusal."""


class Keeper(Protocol):
    """Decides who may do what; every refusal is a ``WireError``."""

    @property
    def prefixes(self) -> frozenset[str]:
        """First path segments that are only the first half of a database's name
        (``bulletin`` in ``/sync/bulletin/<town code>``)."""

    async def open(self, scope: Scope, name: str, *, write: bool) -> Door:
        """Open a database for this request; ``write`` when documents will be written."""

    async def create(self, scope: Scope, name: str) -> bool:
        """Create a database; return whether it was not there before."""

    async def destroy(self, scope: Scope, name: str) -> bool:
        """Destroy a database; return whether it was there."""

    async def names(self, scope: Scope) -> list[str]:
        """Return the names of the databases this request may open."""

    async def who(self, scope: Scope) -> tuple[str | None, list[str]]:
        """Return the name (``None``: nobody) and the roles of who asks."""


class StoreDoor:
    """A door that writes straight into the store."""

    __slots__ = ("_store", "database", "read_only", "shown_name")

    def __init__(
        self, store: DocumentStore, database: str, shown_name: str, *, read_only: bool = False
    ) -> None:
        self._store = store
        self.database = database
        self.shown_name = shown_name
        self.read_only = read_only

    async def write(self, writes: Sequence[Write], new_edits: bool) -> list[WriteResult]:
        """Write a batch without any judgement."""
        return await self._store.write(self.database, writes, new_edits=new_edits)

    async def keep(
        self, refused: Sequence[tuple[Mapping[str, Any], WireError]]
    ) -> list[Mapping[str, Any]]:
        """Keep nothing, as CouchDB does."""
        return [{} for _ in refused]


class BareKeeper:
    """Opens, creates and destroys any database for anybody: for ``wangge wire`` on loopback."""

    prefixes: frozenset[str] = frozenset()

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    async def open(self, scope: Scope, name: str, *, write: bool) -> Door:
        """Open a database, whether it exists or not; the store will tell."""
        return StoreDoor(self._store, name, name)

    async def create(self, scope: Scope, name: str) -> bool:
        """Create a database of a name that CouchDB allows."""
        if not _NAME.fullmatch(name):
            raise WireError(
                400,
                "illegal_database_name",
                f"Name: '{name}'. Only lowercase characters (a-z), digits (0-9), and any of the"
                " characters _, $, (, ), +, -, and / are allowed. Must begin with a letter.",
            )
        return await self._store.create_database(name)

    async def destroy(self, scope: Scope, name: str) -> bool:
        """Destroy a database."""
        return await self._store.delete_database(name)

    async def names(self, scope: Scope) -> list[str]:
        """Return all names."""
        return await self._store.database_names()

    async def who(self, scope: Scope) -> tuple[str | None, list[str]]:
        """Return nobody in the role of an administrator, as CouchDB without accounts did."""
        return None, ["_admin"]

"""Databases: their names in CouchDB, and the identity that each carries.

``_local/wangge`` in each database says who it is: ``birth`` never changes and is part of the keys
in the archive; ``epoch`` changes when the database was restored, so that no checkpoint of another
life is trusted. Local documents do not replicate, so a copy at another site has its own.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from sync.couch.address import CouchAddress
from sync.couch.client import Answer, CouchClient, segment
from sync.errors import BadDocument, DatabaseNotFound, NotPermitted, StoreError, StoreUnavailable

OWN_LOCALS: Final = "_local/wangge"
"""How the store's own local documents begin; no client reads or writes them."""
IDENTITY: Final = OWN_LOCALS
INTERNAL: Final = "archive"
"""The database that the store keeps for itself (``sync.couch.archive``)."""
SYSTEM: Final = ("_users", "_replicator", "_global_changes")
_FINAL: Final = frozenset({"bad_request", "forbidden", "unauthorized", "illegal_docid"})
"""What CouchDB says of a replicated document that it will never take. Anything else (a node that
went away under the batch) passes, and must not be told to a worker as a fault of his record."""
_FRESH_SECONDS: Final = 5.0
_SHARDS_FRESH_SECONDS: Final = 600.0
_SIGN_IN_ATTEMPTS: Final = 20
_SIGN_IN_SECONDS: Final = 0.25
_SEQUENCE: Final = re.compile(r"([0-9]{1,18}(?:-[A-Za-z0-9_-]+)?)(?:\.([0-9a-f]+))?")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a database is."""

    birth: str
    epoch: str


class Databases:
    """Names, creation, destruction and identities of our databases."""

    def __init__(self, client: CouchClient, address: CouchAddress) -> None:
        self._client = client
        self._address = address
        self._known: dict[str, tuple[float, Identity]] = {}
        self._single: dict[str, tuple[float, bool]] = {}

    def path(self, name: str, *rest: str) -> str:
        """Return the path of a database of ours, or of something below it."""
        return "/".join(["", segment(self._address.prefix + name), *rest])

    def couch_name(self, name: str) -> str:
        """Return what CouchDB calls a database of ours."""
        return self._address.prefix + name

    def own_name(self, couch_name: str) -> str | None:
        """Return our name of a database in CouchDB; ``None`` when it is not ours, or is kept from
        those who use the store."""
        prefix = self._address.prefix
        name = couch_name[len(prefix) :] if couch_name.startswith(prefix) else INTERNAL
        return None if name == INTERNAL else name

    async def prepare(self) -> None:
        """Create CouchDB's own system databases where they are missing, and our account when an
        administrator's is given beside it; close every database of ours to other accounts."""
        for name in SYSTEM:
            await self._client.call("PUT", f"/{name}", as_admin=True)
        if self._address.admin is not None:
            await self._make_account()
        for name in [*await self.names(""), INTERNAL]:
            try:
                await self._close(name)
            except DatabaseNotFound:
                continue  # the archive before its first body, or destroyed just now

    async def _make_account(self) -> None:
        """Make our account an ordinary one of our role; what is there already stays."""
        doc_id = f"org.couchdb.user:{self._address.user}"
        path = f"/_users/{segment(doc_id)}"
        found = await self._client.call("GET", path, as_admin=True)
        known = found.json() if found.status == 200 else {"_id": doc_id, "roles": []}
        if self._address.role in known["roles"] and await self._signs_in():
            return
        account = known | {
            "name": self._address.user,
            "type": "user",
            "roles": sorted({*known["roles"], self._address.role}),
            "password": self._address.password,
        }
        answer = await self._client.call("PUT", path, body=orjson.dumps(account), as_admin=True)
        check(answer, "_users", 201, 202)
        for _ in range(_SIGN_IN_ATTEMPTS):  # another node may not know of it yet
            if await self._signs_in():
                return
            await asyncio.sleep(_SIGN_IN_SECONDS)
        raise StoreUnavailable(f"CouchDB does not let {self._address.user!r} in")

    async def _signs_in(self) -> bool:
        try:
            return (await self._client.call("GET", "/_session")).status == 200
        except StoreUnavailable:
            return False

    async def _close(self, name: str) -> None:
        """Let nobody in but our account, those of our role, and CouchDB's administrators."""
        group = {"names": [self._address.user], "roles": ["_admin", self._address.role]}
        body = orjson.dumps({"admins": group, "members": group})
        path = self.path(name, "_security")
        answer = await self._client.call("PUT", path, body=body, as_admin=True)
        check(answer, name, 200, 201, 202)

    async def create(self, name: str) -> bool:
        """Create a database; return whether it was not there before."""
        parameters = {"q": str(self._address.shards(name))}
        if self._address.n is not None:
            parameters["n"] = str(self._address.n)
        try:
            answer = await self._client.call("PUT", self.path(name), parameters, as_admin=True)
        except NotPermitted:
            if (await self._client.call("GET", self.path(name))).status == 200:
                return False
            raise
        if answer.status == 412:
            return False
        check(answer, name, 201, 202)
        await self._close(name)
        self._known[name] = (time.monotonic(), await self._give_identity(name))
        return True

    async def delete(self, name: str) -> bool:
        """Destroy a database; return whether it was there."""
        self._known.pop(name, None)
        self._single.pop(name, None)
        answer = await self._client.call("DELETE", self.path(name), as_admin=True)
        if answer.status == 404:
            return False
        check(answer, name, 200, 202)
        return True

    async def compact(self, name: str) -> None:
        """Begin to write a database anew without the bodies of inner revisions."""
        answer = await self._client.call("POST", self.path(name, "_compact"), body=b"{}")
        check(answer, name, 202)

    async def is_compacting(self, name: str) -> bool:
        """Tell whether a database is being written anew, on whichever node."""
        answer = await self._client.call("GET", "/_active_tasks", as_admin=True)
        check(answer, "_active_tasks", 200)
        own = f"/{self.couch_name(name)}."  # each copy of a shard has a file of its own
        return any(own in str(task.get("database")) for task in answer.json())

    async def names(self, prefix: str) -> list[str]:
        """Return our databases whose names start with ``prefix``, sorted."""
        start = self._address.prefix + prefix
        parameters = {
            "start_key": orjson.dumps(start).decode(),
            "end_key": orjson.dumps(start + "\ufff0").decode(),
        }
        answer = await self._client.call("GET", "/_all_dbs", parameters, as_admin=True)
        check(answer, "_all_dbs", 200)
        names = [self.own_name(couch_name) for couch_name in answer.json()]
        return sorted(name for name in names if name is not None)

    async def replicate(self, name: str, documents: Sequence[bytes]) -> tuple[bool, list[Any]]:
        """Store documents as they are (``_bulk_docs``, ``new_edits`` false). Return whether all
        nodes that should have them do (doing it again is harmless), and CouchDB's rows of those
        that it will never take. Raises ``StoreUnavailable`` when it failed with one of them."""
        answer = await self._client.call(
            "POST",
            self.path(name, "_bulk_docs"),
            body=b'{"new_edits":false,"docs":[%b]}' % b",".join(documents),
        )
        check(answer, name, 201, 202)
        if answer.status == 202:
            return False, []
        faults = [row for row in answer.json() if "error" in row]
        passing = {
            str(row["error"])
            for row in faults
            if row["error"] not in _FINAL or str(row.get("id")).startswith(OWN_LOCALS)
        }
        if passing:
            raise StoreUnavailable(f"CouchDB failed within a batch: {', '.join(sorted(passing))}")
        return True, faults

    async def keep(self, name: str, documents: Sequence[bytes]) -> bool:
        """Store documents of our own, none of which may be left out; return whether all nodes that
        should have them do. Raises ``StoreError``."""
        everywhere, refused = await self.replicate(name, documents)
        if refused:
            raise StoreUnavailable(f"CouchDB does not take what is ours: {refused[0]['error']}")
        return everywhere

    async def has_one_shard(self, name: str) -> bool:
        """Tell whether one commit makes durable what is written to a database in one request."""
        known = self._single.get(name)
        if known is None or time.monotonic() - known[0] > _SHARDS_FRESH_SECONDS:
            answer = await self._client.call("GET", self.path(name))
            check(answer, name, 200)
            known = time.monotonic(), answer.json()["cluster"]["q"] == 1
            self._single[name] = known
        return known[1]

    async def identity(self, name: str) -> Identity:
        """Return who a database is, and give it an identity when it has none."""
        known = self._fresh(name)
        if known is not None:
            return known
        found = await self._read_identity(name)
        if found is None:
            found = await self._give_identity(name)
        self._known[name] = (time.monotonic(), found)
        return found

    def wants_identity(self, name: str) -> bool:
        """Tell whether it is worth reading ``IDENTITY`` along with other documents."""
        return self._fresh(name) is None

    def saw_identity(self, name: str, document: Mapping[str, Any] | None) -> None:
        """Take ``IDENTITY`` as it was read along with other documents."""
        if document is not None:
            known = Identity(document["birth"], document["epoch"])
            self._known[name] = (time.monotonic(), known)

    def _fresh(self, name: str) -> Identity | None:
        known = self._known.get(name)
        if known is None or time.monotonic() - known[0] >= _FRESH_SECONDS:
            return None
        return known[1]

    def forget(self, name: str) -> None:
        """Look again who a database is, the next time."""
        self._known.pop(name, None)

    async def _read_identity(self, name: str) -> Identity | None:
        answer = await self._client.call("GET", self.path(name, IDENTITY))
        if answer.status == 404 and is_missing_document(answer):
            return None
        check(answer, name, 200)
        body = answer.json()
        return Identity(body["birth"], body["epoch"])

    async def _give_identity(self, name: str) -> Identity:
        fresh = secrets.token_hex(6)
        body = orjson.dumps({"birth": fresh, "epoch": fresh})
        for _ in range(5):
            answer = await self._client.call("PUT", self.path(name, IDENTITY), body=body)
            if answer.status in (201, 202):
                return Identity(fresh, fresh)
            if answer.status != 403:  # the node has not heard yet that we may come in
                check(answer, name, 409)
                found = await self._read_identity(name)  # the first of two wins
                if found is not None:
                    return found
            await asyncio.sleep(0.1)
        raise StoreUnavailable(f"the identity of database {name!r} could not be written")

    async def renew_epoch(self, name: str) -> None:
        """Give a database another epoch: what was restored from a backup."""
        answer = await self._client.call("GET", self.path(name, IDENTITY))
        body = answer.json() if answer.status == 200 else {"birth": secrets.token_hex(6)}
        body["epoch"] = secrets.token_hex(6)
        answer = await self._client.call("PUT", self.path(name, IDENTITY), body=orjson.dumps(body))
        check(answer, name, 201, 202)
        self.forget(name)

    async def since(self, name: str, text: str) -> str:
        """Return CouchDB's sequence for one of ours; of another epoch it is the beginning."""
        if text == "now":
            return text
        match = _SEQUENCE.fullmatch(text)
        if match is None:
            raise BadDocument(f"malformed sequence {text[:64]!r}")
        sequence, epoch = match.groups()
        if epoch is not None and epoch != (await self.identity(name)).epoch:
            return "0"
        return sequence

    async def marked(self, name: str, sequence: str) -> str:
        """Return our sequence for one of CouchDB's."""
        return f"{sequence}.{(await self.identity(name)).epoch}"


def is_missing_document(answer: Answer) -> bool:
    """Tell whether a 404 is about a document, not about its database."""
    reason = str(answer.json().get("reason", ""))
    return answer.status == 404 and "atabase" not in reason


def check(answer: Answer, name: str, *good: int) -> None:
    """Raise unless the answer has a good status: ``DatabaseNotFound`` for a database that is not
    there, ``StoreError`` otherwise."""
    if answer.status in good:
        return
    if answer.status == 404 and not is_missing_document(answer):
        raise DatabaseNotFound(name)
    raise StoreError(f"CouchDB answered {answer.status} {answer.error} about {name!r}")

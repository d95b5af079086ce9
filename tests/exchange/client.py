"""A reference client of the exchange, written from ``docs/exchange.md`` alone: a replica of some
databases that edits offline and takes answers that may be cut anywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass
class Database:
    """What one database's replica holds: leaves by document, and revisions still to be sent."""

    since: str | None = None
    leaves: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    unsent: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    fresh: bool = True
    """Whether nothing in it was ever written here."""

    def live(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return the documents' leaves that are not tombstones."""
        found = {
            doc_id: {rev: doc for rev, doc in leaves.items() if not doc.get("_deleted")}
            for doc_id, leaves in self.leaves.items()
        }
        return {doc_id: leaves for doc_id, leaves in found.items() if leaves}

    def take(self, document: dict[str, Any]) -> None:
        """Take in a revision: it replaces those it descends from. One that came without its
        history may come again with it."""
        leaves = self.leaves.setdefault(document["_id"], {})
        line = lineage(document)
        if any(line[0] in lineage(leaf)[1:] for leaf in leaves.values()):
            return
        for rev in line[1:]:
            leaves.pop(rev, None)
        if line[0] not in leaves or "_revisions" in document:
            leaves[line[0]] = document


def lineage(document: Mapping[str, Any]) -> list[str]:
    """Return a document's revision and its ancestors, newest first."""
    history = document.get("_revisions")
    if history is None:
        return [document["_rev"]]
    start = history["start"]
    return [f"{start - number}-{digest}" for number, digest in enumerate(history["ids"])]


@dataclass
class Client:
    """A device with replicas; ``receipts`` are by id and revision."""

    databases: dict[str, Database] = field(default_factory=dict)
    session: str | None = None
    account: dict[str, Any] | None = None
    receipts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    closed: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    """Ids of documents in the order in which they came."""
    left: list[int] = field(default_factory=list)

    def edit(
        self, database: str, document: dict[str, Any], parent: Mapping[str, Any] | None
    ) -> str:
        """Write a new revision, a child of ``parent``; return its id."""
        line = lineage(parent) if parent else []
        body = {name: value for name, value in document.items() if name[0] != "_"}
        body = {"_id": document["_id"], **body}
        if document.get("_deleted"):
            body["_deleted"] = True
        seed = orjson.dumps([body, line], option=orjson.OPT_SORT_KEYS)
        digest = hashlib.md5(seed, usedforsecurity=False).hexdigest()
        start = int(line[0].partition("-")[0]) + 1 if line else 1
        ids = [digest, *(rev.partition("-")[2] for rev in line)]
        whole = {**body, "_rev": f"{start}-{digest}", "_revisions": {"start": start, "ids": ids}}
        replica = self.databases[database]
        replica.take(whole)
        replica.fresh = False
        replica.unsent[document["_id"], whole["_rev"]] = whole
        return str(whole["_rev"])

    def asking(self, budget: int | None = None) -> dict[str, Any]:
        """Return the next request's JSON object."""
        asked: dict[str, Any] = {"v": 1, "session": self.session, "databases": {}}
        for name, replica in self.databases.items():
            wanted: dict[str, Any] = {"since": replica.since}
            if replica.fresh:
                wanted["fresh"] = True
            if replica.unsent:
                wanted["docs"] = list(replica.unsent.values())
            asked["databases"][name] = wanted
        if budget is not None:
            asked["budget"] = budget
        return asked

    def take(self, answer: bytes) -> bool:
        """Take in an answer, also the beginning of one; return whether there is nothing more."""
        whole = answer[: answer.rfind(b"\n") + 1]  # a last line that was cut off does not count
        held: list[dict[str, Any]] = []
        for text in whole.splitlines():
            line = orjson.loads(text)
            if "doc" in line:
                held.append(line["doc"])
            elif "mark" in line or "end" in line:
                self._commit(line, held)
                held = []
            elif "bye" in line:
                return not line["bye"].get("more")
            else:
                self._note(line)
        return False

    def _commit(self, line: Mapping[str, Any], documents: list[dict[str, Any]]) -> None:
        replica = self.databases[line.get("mark") or line["end"]]
        for document in documents:
            replica.take(document)
            self.order.append(document["_id"])
        replica.since = line.get("since", replica.since)
        if "left" in line:
            self.left.append(line["left"])

    def _note(self, line: Mapping[str, Any]) -> None:
        if "hello" in line:
            self.session = line["hello"]["session"]
            self.account = line["hello"].get("account", self.account)
        elif "receipts" in line:
            unsent = self.databases[line["of"]].unsent
            for receipt in line["receipts"]:
                key = receipt["id"], receipt["rev"]
                self.receipts[key] = receipt
                unsent.pop(key, None)
        elif "closed" in line:
            self.closed[line["closed"]] = dict(line)
        elif "outcome" in line:
            self.outcomes.append(line["outcome"])
        else:
            raise AssertionError(f"a line that the documentation does not know: {line}")

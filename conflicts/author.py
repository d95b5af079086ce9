"""An author: one person's edit that takes part in a merge, with what the policies ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .ancestry import History
from .clock import is_clock
from .model import Body
from .policies import stamps_of


@dataclass(slots=True)
class Author:
    """One edit: its revision, its content (that before deletion, if it deletes), who and when."""

    rev: str
    content: Body | None
    stamps: Mapping[str, str]
    created_at: str
    at: str | None
    by: str | None
    device: str | None
    deletes: bool
    received: bool = False
    """Whether who and when are those of its receipt, because the edit itself does not say."""

    def entries(self, name: str) -> list[Mapping[str, Any]]:
        """Return what the edit says of ``created`` or ``updated``, its receipt included."""
        entry = (self.content or {}).get(name)
        entries: list[Mapping[str, Any]] = [entry] if isinstance(entry, dict) else []
        if self.received and name == "updated":
            entries.append({"at": self.at, "by": self.by, "device": self.device})
        return entries


def read_author(rev: str, history: History) -> Author:
    """Return the author behind a revision; a deletion speaks for the content it deleted."""
    deletes = history.is_deleted(rev)
    own = history.leaves[rev].body if deletes else history.body(rev)
    content = own
    if deletes:
        parent = history.tree_parent(rev)
        found = history.nearest_body(parent) if parent is not None else None
        content = found[1] if found is not None else None
    content = None if content is None else history.upcast(content)
    updated = _entry(own, "updated") or _entry(own, "created")
    receipt = history.receipts.get(rev)
    if receipt is not None and is_clock(receipt.at):
        updated = {"at": receipt.at, "by": receipt.by, "device": receipt.at[-8:]}
    return Author(
        rev=rev,
        content=content,
        stamps=stamps_of(content) if content is not None else {},
        created_at=_text(_entry(content, "created").get("at")) or "",
        at=_text(updated.get("at")),
        by=_text(updated.get("by")),
        device=_text(updated.get("device")),
        deletes=deletes,
        received=receipt is not None and updated["at"] == receipt.at,
    )


def stamp_for(
    author: Author, name: str, base: Body | None, changed: bool
) -> tuple[str, str | None]:
    """Return the clock of a field's last change and the stamp to write for it, if any.

    That is the author's stamp. A change without one of its own (an integrator's plain ``PUT``)
    counts from the document's ``updated`` time if the author moved that on, and else from when the
    server received it; a field never changed counts from ``created``.
    """
    given = author.stamps.get(name)
    if given is not None and not is_clock(given):
        given = None
    if changed and base is not None and given == stamps_of(base).get(name):
        before = _text(_entry(base, "updated").get("at"))
        if author.at is not None and author.at != before and author.at > (given or ""):
            return author.at, author.at
    return given or author.created_at, given


def _entry(body: Body | None, name: str) -> Mapping[str, Any]:
    entry = body.get(name) if body is not None else None
    return entry if isinstance(entry, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None

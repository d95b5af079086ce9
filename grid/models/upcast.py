"""Records of older schemas brought up to date: pure rewrites by record type and version.

A record is brought up to date wherever its meaning matters: before it is validated, merged, shown
or edited on the server. What a phone sent stays in the store as it was sent. The worker's app has
the same table (``pwa/src/generated``) and does the same with what it pulls.

A rewrite does nothing where there is nothing of its older version, so it may be repeated. A record
that names a schema newer than ours is left alone: its own program knows better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from grid.models.registry import schema_version

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Recode:
    """A field that got another name, its values others: ``values`` pairs old and new ones.

    ``since`` is the schema that has the new field. A value that is in no pair is kept as it is, for
    validation to name. Where a record has both fields (a program that knew only the old one wrote
    into a record that was new already), the one with the later stamp stands.
    """

    since: int
    old: str
    new: str
    values: Sequence[tuple[Any, Any]]

    def __call__(self, document: Document) -> Document:
        """Return the document with the new field alone; itself when it has nothing of the old."""
        found = document.get("stamps")
        stamps = dict(found) if isinstance(found, Mapping) else {}
        if self.old not in document and self.old not in stamps:
            return document
        old_stamp = stamps.pop(self.old, None)
        rest = {name: value for name, value in document.items() if name != self.old}
        known = self.new in document or self.new in stamps
        if not known or _later(old_stamp, stamps.get(self.new)):
            rest.pop(self.new, None)
            if self.old in document:
                rest[self.new] = self._value(document[self.old])
            if old_stamp is not None:
                stamps[self.new] = old_stamp
        if "stamps" in document:
            rest["stamps"] = stamps if isinstance(found, Mapping) else found
        return rest

    def _value(self, value: Any) -> Any:
        return next(
            (new for old, new in self.values if type(old) is type(value) and old == value), value
        )


def _later(one: object, other: object) -> bool:
    return isinstance(one, str) and (not isinstance(other, str) or one > other)


UPCASTS: Final[Mapping[str, tuple[Recode, ...]]] = {
    "resident": (
        # A yes or no could not say of a pupil that he is at home on weekends.
        Recode(2, "living_here", "presence", ((True, "here"), (False, "away"))),
    ),
}
"""The rewrites of each record type, oldest first."""


def upcast(document: Document) -> Document:
    """Return a record in the schema of this program; itself when there is nothing to do."""
    type_name = document.get("type")
    rewrites = UPCASTS.get(type_name) if isinstance(type_name, str) else None
    if rewrites is None:
        return document
    return brought_up_to(schema_version(str(type_name)), rewrites, document)


def brought_up_to(current: int, rewrites: Sequence[Recode], document: Document) -> Document:
    """Return a record rewritten to the schema ``current``; ``rewrites`` are its type's."""
    version = document.get("schema")
    if not isinstance(version, int) or isinstance(version, bool) or version > current:
        return document
    for rewrite in rewrites:
        document = rewrite(document)
    return document if version == current else {**document, "schema": current}

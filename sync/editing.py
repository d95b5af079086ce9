"""Edits made on the server: a supervisor's decision, an integrator's plain document.

Such an edit is an edit like a phone's: it has an author, a device (the server's own id), a clock,
and a stamp for each field it changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from conflicts.clock import ClockError, HybridClock, parse_clock
from grid.models import schema_version
from grid.permissions import Actor

SERVER_DEVICE: Final = "00000000"
"""The device id in clocks of edits that were made on the server."""
SYSTEM: Final = "system"
"""Who the author of an edit is that a rule made, not a person."""
_BOOKKEEPING: Final = frozenset({"created", "updated", "stamps", "merge", "schema"})
_clock = HybridClock(SERVER_DEVICE)


def changed_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the fields in which two states of a record differ, without bookkeeping."""
    names = (before.keys() | after.keys()) - _BOOKKEEPING
    missing = object()
    return sorted(
        name
        for name in names
        if not name.startswith("_") and before.get(name, missing) != after.get(name, missing)
    )


def stamped(
    before: Mapping[str, Any], after: Mapping[str, Any], actor: Actor, physical_ms: int
) -> dict[str, Any]:
    """Return ``after`` as an edit of ``before`` by ``actor`` now: ``updated`` and stamps set.

    A new stamp is always above the one it overwrites, however wrong that clock was.
    """
    old = before.get("stamps") or {}
    stamps = dict(old)
    at = str(_clock.now(physical_ms))
    for name in changed_fields(before, after):
        stamps[name] = str(_clock.overwrite(_parsed(old.get(name)), physical_ms))
        at = max(at, stamps[name])
    # The device is the one in the clock: a reader of a stamp finds out from it whose edit it was.
    trace = {"at": at, "by": actor.user, "device": SERVER_DEVICE}
    return {**after, "updated": trace, "stamps": stamps}


def next_stamp(seen: str | None, physical_ms: int) -> str:
    """Return a clock for something ordered on the server now, above ``seen``."""
    return str(_clock.overwrite(_parsed(seen), physical_ms))


def complete(
    document: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    actor: Actor,
    physical_ms: int,
) -> dict[str, Any]:
    """Fill in the bookkeeping that a plain document from another system lacks.

    The ``merge`` note is that of the state it was made on, whatever the document says. One that
    brings its own ``updated``, other than that state's, is otherwise left as it is; the rest get
    ``schema``, ``created``, ``updated`` and the stamps of changed fields.
    """
    known = before or {}
    after = dict(document)
    after.pop("merge", None)
    if "merge" in known:
        after["merge"] = known["merge"]
    brought = document.get("updated")
    if brought is not None and brought != known.get("updated"):
        return after
    after.setdefault("schema", known.get("schema", schema_version(str(document.get("type")))))
    if before is None:
        at = str(_clock.now(physical_ms))
        trace = {"at": at, "by": actor.user, "device": SERVER_DEVICE}
        after.update(created=trace, updated=trace, stamps={})
        return after
    after.setdefault("created", known.get("created"))
    return stamped(known, after, actor, physical_ms)


def _parsed(stamp: Any) -> Any:
    try:
        return parse_clock(stamp) if isinstance(stamp, str) else None
    except ClockError:
        return None

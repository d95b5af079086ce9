"""A record's history as read by people: one step per edit, the newest first."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any, Final

from grid.masking import mask_value
from server.console.fields import label_of, text_of
from sync import history
from sync.store import DocumentStore

_UNTOLD: Final = frozenset({"type", "grid"})


@dataclass(frozen=True, slots=True)
class Turn:
    """What one edit did to one field, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """One edit. ``parallel``: made without knowing of another that won or was merged with it."""

    by: str
    device: str
    at: str | None
    first: bool
    merged: bool
    deleted: bool
    parallel: bool
    complete: bool
    rev: str
    received: str | None
    offline: bool | None
    turns: tuple[Turn, ...]

    @property
    def icon(self) -> str:
        """The name of the icon that stands for the kind of step."""
        if self.deleted:
            return "close"
        return "merged" if self.merged else "record" if self.first else "edited"


async def steps_of(
    store: DocumentStore, grid: str, record_id: str, merged: Container[str], *, masked: bool
) -> list[Step]:
    """Return the steps of a record that the archive still knows."""
    kind = record_id.partition(":")[0]
    known = await history.history_of(store, grid, record_id)
    return [_step(kind, step, merged, masked=masked) for step in known]


def _step(kind: str, step: history.Step, merged: Container[str], *, masked: bool) -> Step:
    first = step.rev.startswith("1-")
    told = [] if first else [change for change in step.fields if change.name not in _UNTOLD]
    return Step(
        step.by or "—",
        step.device or "",
        step.at,
        first,
        step.merged,
        step.deleted,
        step.losing or step.rev in merged,
        step.complete,
        step.rev,
        step.received,
        step.offline,
        tuple(_turn(kind, change, masked=masked) for change in told),
    )


def _turn(kind: str, change: history.FieldChange, *, masked: bool) -> Turn:
    def shown(value: Any) -> str:
        return text_of(kind, change.name, mask_value(change.name, value) if masked else value)

    return Turn(label_of(kind, change.name), shown(change.before), shown(change.after))

"""Two records beside each other, as shown for review: what agrees, what not, who wrote what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conflicts.canonical_json import same
from conflicts.joining import OWN, absorb
from conflicts.policies import stamps_of
from grid.masking import is_personal, mask_value
from grid.models import field_labels
from server.console.fields import label_of, text_of
from sync.editing import SERVER_DEVICE
from sync.held import Held

SIDES: Final = ("keeps", "gives_way")
"""What stands in the address and the form for the older record and the newer one."""


@dataclass(frozen=True, slots=True)
class Value:
    """One side's value of a field: as text, with the device and time of its last change."""

    text: str
    device: str
    at: str | None
    by: str
    on_server: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One field of two records; ``taken`` is the side whose value a merge would leave."""

    field: str
    label: str
    sides: tuple[Value | None, Value | None]
    result: str
    contradicts: bool
    agrees: bool
    taken: str
    alike_masked: bool


def rows_of(one: Held, other: Held, contradicts: Sequence[str], *, masked: bool) -> list[Row]:
    """Return the filled fields of two records, those that contradict each other first."""
    kind = str(one.body.get("type"))
    ids = (one.revision.doc_id, other.revision.doc_id)
    joined = absorb(one.body, one.revision.rev, other.body, ids[1], other.revision.rev, None).body
    labels = field_labels(kind)
    names = [name for name in labels if name in one.body or name in other.body]
    names += sorted((one.body.keys() | other.body.keys()) - labels.keys())
    rows = [
        _row(kind, name, (one, other), joined, name in contradicts, masked=masked)
        for name in names
        if name not in OWN and name[0] != "_" and (_filled(one, name) or _filled(other, name))
    ]
    return sorted(rows, key=lambda row: (not row.contradicts, row.agrees))


def _filled(at: Held, name: str) -> bool:
    return at.body.get(name) not in (None, "", [])


def _row(
    kind: str,
    name: str,
    both: tuple[Held, Held],
    joined: Mapping[str, Any],
    contradicts: bool,
    *,
    masked: bool,
) -> Row:
    def shown(value: Any) -> str:
        return text_of(kind, name, mask_value(name, value) if masked else value)

    values = [at.body.get(name) for at in both]
    texts = [shown(value) for value in values]
    agrees = all(_filled(at, name) for at in both) and not contradicts and texts[0] == texts[1]
    return Row(
        name,
        label_of(kind, name),
        (_value(both[0], name, texts[0]), _value(both[1], name, texts[1])),
        shown(joined.get(name)),
        contradicts,
        agrees,
        SIDES[0] if same(joined.get(name), values[0]) else SIDES[1],
        contradicts and texts[0] == texts[1],
    )


def _value(at: Held, name: str, text: str) -> Value | None:
    if not _filled(at, name):
        return None
    created, updated = (at.body.get(trace) or {} for trace in ("created", "updated"))
    stamp = stamps_of(at.body).get(name) or str(created.get("at") or "")
    device = stamp[-8:]
    known = {str(trace.get("device")): str(trace.get("by")) for trace in (created, updated)}
    return Value(text, device, stamp or None, known.get(device, ""), device == SERVER_DEVICE)


def has_personal(type_name: str, rows: Sequence[Row]) -> bool:
    """Return whether two records of a type have personal fields."""
    return any(is_personal(type_name, row.field) for row in rows)

"""The declared indexes: which questions the console, the API and the follower may ask cheaply."""

from __future__ import annotations

from typing import Final

from sync.store import Index

RECORDS_BY_TYPE: Final = Index("by-type", "canonical", ("type", "path", "updated.at"))
"""Key ``(type, *path, updated.at)``: lists of one kind of record under any node, newest last."""

RECORDS_BY_PATH: Final = Index("by-path", "canonical", ("path", "type"))
"""Key ``(*path, type)``: counts that roll up the levels."""

RECORDS_BY_SEARCH: Final = Index("by-search", "canonical", ("type", "path"), each="search")
"""Key ``(suffix, type, *path)``: search by any part of what is in ``search``."""

RECORDS_BY_GRID: Final = Index("by-grid", "canonical", ("grid", "updated.at"))
"""Key ``(grid, updated.at)``: what changed in a grid."""

RECORDS_BY_TIME: Final = Index("by-time", "canonical", ("updated.at",))
"""Key ``(updated.at,)``: what changed anywhere, for the integrator's API."""

REVIEWS_BY_STATUS: Final = Index("by-status", "reviews", ("status", "path"))
"""Key ``(status, *path)``: decisions that wait for a person, under any node."""

REVIEWS_BY_DOCUMENT: Final = Index("by-document", "reviews", ("doc_id",))
"""Key ``(doc_id,)``: the decisions of one record."""

QUARANTINE_BY_STATUS: Final = Index("by-status", "quarantine", ("status", "path"))
"""Key ``(status, *path)``: refused edits that wait for a person, under any node."""

QUARANTINE_BY_DEVICE: Final = Index("by-device", "quarantine", ("grid", "device", "at"))
"""Key ``(grid, device, at)``: what became of a phone's refused edits."""

AUDIT_BY_TIME: Final = Index("by-time", "audit", ("at",))
"""Key ``(at,)``: the audit log in order."""

ALL_INDEXES: Final = (
    RECORDS_BY_TYPE,
    RECORDS_BY_PATH,
    RECORDS_BY_SEARCH,
    RECORDS_BY_GRID,
    RECORDS_BY_TIME,
    REVIEWS_BY_STATUS,
    REVIEWS_BY_DOCUMENT,
    QUARANTINE_BY_STATUS,
    QUARANTINE_BY_DEVICE,
    AUDIT_BY_TIME,
)

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

RECORDS_BY_HOUSEHOLD: Final = Index("by-household", "canonical", ("household", "type"))
"""Key ``(household id, type)``: who lives in a household, and its visits and events."""

RECORDS_BY_IDENTITY: Final = Index("by-identity", "canonical", ("type",), each="identity")
"""Key ``(identity key, type)``: what may be the same household or person."""

RECORDS_BY_REFERENCE: Final = Index("by-reference", "canonical", ("type",), each="refs")
"""Key ``(id of a household or resident, type)``: what names it, also by an id merged since."""

HOUSEHOLDS_BY_ADDRESS: Final = Index(
    "households-by-address", "canonical", ("path", "door"), {"type": "household"}
)
"""Key ``(*path, door)``: a node's households, grid by grid, door by door."""

HOUSEHOLDS_BY_RESIDENCE: Final = Index(
    "households-by-residence",
    "canonical",
    ("residence_type", "path", "door"),
    {"type": "household"},
)
"""Key ``(residence type, *path, door)``: the same of one kind of residence."""

RESIDENTS_BY_HOUSEHOLD: Final = Index(
    "residents-by-household", "canonical", ("path", "household", "relation"), {"type": "resident"}
)
"""Key ``(*path, household, relation)``: a node's residents, family by family, its head first."""

RESIDENTS_BY_POPULATION: Final = Index(
    "residents-by-population",
    "canonical",
    ("population", "path", "household", "relation"),
    {"type": "resident"},
)
"""Key ``(kind of resident, *path, household, relation)``: the same of one kind of resident."""

EVENTS_BY_STATUS: Final = Index(
    "events-by-status", "canonical", ("status", "path"), {"type": "event"}
)
"""Key ``(status, *path)``: how many events stand where."""

EVENTS_BY_NODE: Final = Index(
    "events-by-node", "canonical", ("happened",), {"type": "event"}, each="path"
)
"""Key ``(code of any node above, happened)``: a node's events in order of time."""

EVENTS_BY_NODE_AND_STATUS: Final = Index(
    "events-by-node-and-status",
    "canonical",
    ("status", "happened"),
    {"type": "event"},
    each="path",
)
"""Key ``(code of any node above, status, happened)``: the same of one status."""

PATROLS_BY_WEEK: Final = Index("patrols-by-week", "canonical", ("week", "path"), {"type": "patrol"})
"""Key ``(ISO week in China, *path)``: patrols of a week, under any node."""

PATROLS_BY_NODE: Final = Index(
    "patrols-by-node", "canonical", ("started",), {"type": "patrol"}, each="path"
)
"""Key ``(code of any node above, started)``: a node's patrols in order of time."""

VISITS_BY_WEEK: Final = Index("visits-by-week", "canonical", ("week", "path"), {"type": "visit"})
"""Key ``(ISO week in China, *path)``: visits of a week, under any node."""

VISITS_BY_NODE: Final = Index(
    "visits-by-node", "canonical", ("visited",), {"type": "visit"}, each="path"
)
"""Key ``(code of any node above, visited)``: a node's visits in order of time."""

DISPUTES_BY_NODE: Final = Index(
    "disputes-by-node", "canonical", ("happened",), {"type": "dispute"}, each="path"
)
"""Key ``(code of any node above, happened)``: a node's disputes in order of time."""

DISPUTES_BY_NODE_AND_STATUS: Final = Index(
    "disputes-by-node-and-status",
    "canonical",
    ("status", "happened"),
    {"type": "dispute"},
    each="path",
)
"""Key ``(code of any node above, status, happened)``: the same of one status."""

TASKS_BY_NODE: Final = Index(
    "tasks-by-node", "canonical", ("created.at",), {"type": "task"}, each="path"
)
"""Key ``(code of any node above, created)``: a node's tasks in the order in which they came."""

TASKS_BY_NODE_AND_STATUS: Final = Index(
    "tasks-by-node-and-status", "canonical", ("status", "created.at"), {"type": "task"}, each="path"
)
"""Key ``(code of any node above, status, created)``: the same of one status."""

CAMPAIGN_RECORDS_BY_NODE: Final = Index(
    "campaign-records-by-node",
    "canonical",
    ("created.at",),
    {"type": "campaign-record"},
    each="path",
)
"""Key ``(code of any node above, created)``: a node's campaign records in order of time."""

CAMPAIGN_RECORDS_BY_NODE_AND_STATUS: Final = Index(
    "campaign-records-by-node-and-status",
    "canonical",
    ("status", "created.at"),
    {"type": "campaign-record"},
    each="path",
)
"""Key ``(code of any node above, status, created)``: the same of one outcome."""

PLACES_BY_TITLE: Final = Index("places-by-title", "canonical", ("path", "title"), {"type": "place"})
"""Key ``(*path, title)``: a node's places, grid by grid."""

PLACES_BY_KIND: Final = Index(
    "places-by-kind", "canonical", ("kind", "path", "title"), {"type": "place"}
)
"""Key ``(kind, *path, title)``: the same of one kind of place."""

ORGANISATIONS_BY_TITLE: Final = Index(
    "organisations-by-title", "canonical", ("path", "title"), {"type": "organisation"}
)
"""Key ``(*path, title)``: a node's organisations, grid by grid."""

ORGANISATIONS_BY_KIND: Final = Index(
    "organisations-by-kind", "canonical", ("kind", "path", "title"), {"type": "organisation"}
)
"""Key ``(kind, *path, title)``: the same of one kind of organisation."""

REVIEWS_BY_STATUS: Final = Index("by-status", "reviews", ("status", "path"))
"""Key ``(status, *path)``: decisions that wait for a person, under any node."""

REVIEWS_BY_DOCUMENT: Final = Index("by-document", "reviews", ("doc_id",))
"""Key ``(doc_id,)``: the decisions of one record."""

REVIEWS_BY_NODE: Final = Index("by-node", "reviews", ("status", "opened"), each="path")
"""Key ``(code of any node above, status, opened)``: a node's decisions, the oldest first."""

REVIEWS_BY_KIND: Final = Index(
    "by-kind", "reviews", ("status", "kind", "severity", "opened"), each="path"
)
"""Key ``(code of any node above, status, kind, severity, opened)``: the same of one kind."""

REVIEWS_BY_STATUS_AND_KIND: Final = Index(
    "by-status-and-kind", "reviews", ("status", "kind", "path")
)
"""Key ``(status, kind, *path)``: how many of each kind wait under any node."""

REVIEWS_BY_SUBJECT: Final = Index("by-subject", "reviews", ("status",), each="subjects")
"""Key ``(id of a record it is about, status)``: reviews across documents."""

REVIEWS_BY_REASON: Final = Index(
    "by-reason", "reviews", ("status", "path", "opened"), each="reviews"
)
"""Key ``(reason, status, *path, opened)``: decisions that wait for one kind of reason."""

QUARANTINE_BY_STATUS: Final = Index("by-status", "quarantine", ("status", "path"))
"""Key ``(status, *path)``: refused edits that wait for a person, under any node."""

QUARANTINE_BY_DEVICE: Final = Index("by-device", "quarantine", ("grid", "device", "at"))
"""Key ``(grid, device, at)``: what became of a phone's refused edits."""

QUARANTINE_BY_NODE: Final = Index("by-node", "quarantine", ("status", "at"), each="path")
"""Key ``(code of any node above, status, at)``: a node's refused edits in order of time."""

QUARANTINE_BY_DOCUMENT: Final = Index("by-document", "quarantine", ("doc_id", "at"))
"""Key ``(doc_id, at)``: the refused edits of one record."""

ARRIVALS_BY_DOCUMENT: Final = Index("by-document", "arrivals", ("at",), each="documents")
"""Key ``(document id, at)``: when edits of one record reached the server."""

ARRIVALS_BY_TIME: Final = Index("by-time", "arrivals", ("at",))
"""Key ``(at,)``: all of them in order."""

AUDIT_BY_TIME: Final = Index("by-time", "audit", ("at",))
"""Key ``(at,)``: the audit log in order."""

ALL_INDEXES: Final = (
    RECORDS_BY_TYPE,
    RECORDS_BY_PATH,
    RECORDS_BY_SEARCH,
    RECORDS_BY_GRID,
    RECORDS_BY_TIME,
    RECORDS_BY_HOUSEHOLD,
    RECORDS_BY_IDENTITY,
    RECORDS_BY_REFERENCE,
    HOUSEHOLDS_BY_ADDRESS,
    HOUSEHOLDS_BY_RESIDENCE,
    RESIDENTS_BY_HOUSEHOLD,
    RESIDENTS_BY_POPULATION,
    EVENTS_BY_STATUS,
    EVENTS_BY_NODE,
    EVENTS_BY_NODE_AND_STATUS,
    PATROLS_BY_WEEK,
    PATROLS_BY_NODE,
    VISITS_BY_WEEK,
    VISITS_BY_NODE,
    DISPUTES_BY_NODE,
    DISPUTES_BY_NODE_AND_STATUS,
    TASKS_BY_NODE,
    TASKS_BY_NODE_AND_STATUS,
    CAMPAIGN_RECORDS_BY_NODE,
    CAMPAIGN_RECORDS_BY_NODE_AND_STATUS,
    PLACES_BY_TITLE,
    PLACES_BY_KIND,
    ORGANISATIONS_BY_TITLE,
    ORGANISATIONS_BY_KIND,
    REVIEWS_BY_STATUS,
    REVIEWS_BY_NODE,
    REVIEWS_BY_KIND,
    REVIEWS_BY_STATUS_AND_KIND,
    REVIEWS_BY_SUBJECT,
    REVIEWS_BY_REASON,
    REVIEWS_BY_DOCUMENT,
    QUARANTINE_BY_STATUS,
    QUARANTINE_BY_NODE,
    QUARANTINE_BY_DEVICE,
    QUARANTINE_BY_DOCUMENT,
    ARRIVALS_BY_DOCUMENT,
    ARRIVALS_BY_TIME,
    AUDIT_BY_TIME,
)

"""The lists of records: for each kind its columns, its filter, and the indexes it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grid.lifecycle import OPEN_STATES
from server.console.fields import choices_of
from server.console.listing import Source
from server.i18n import gettext as _
from sync.indexes import (
    EVENTS_BY_NODE,
    EVENTS_BY_NODE_AND_STATUS,
    HOUSEHOLDS_BY_ADDRESS,
    HOUSEHOLDS_BY_RESIDENCE,
    PATROLS_BY_NODE,
    RESIDENTS_BY_HOUSEHOLD,
    RESIDENTS_BY_POPULATION,
    VISITS_BY_NODE,
)
from sync.store import Index

OPEN: Final = "open"
"""The state that stands for all states of an event in which something is still to be done."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record as listed.

    ``whole`` lists all of it, ``by_state`` those of one ``state_field``. Lists of work
    (``by_time``) run from the newest back over all grids below a node; the others go grid by grid.
    """

    section: str
    type: str
    columns: tuple[str, ...]
    whole: Index
    state_field: str | None = None
    by_state: Index | None = None
    by_time: bool = False

    def states(self) -> list[tuple[str, str]]:
        """Return what one may filter by, with words; empty when there is nothing to choose."""
        if self.state_field is None:
            return []
        choices = choices_of(self.type, self.state_field)
        return [(OPEN, _("未结")), *choices] if self.type == "event" else choices

    def sources(self, path: Sequence[str], state: str) -> list[Source]:
        """Return what to read for the list of the node at ``path``."""
        node = (path[-1],) if self.by_time else tuple(path)
        if not state or self.by_state is None:
            return [Source(self.whole, node)]
        wanted = sorted(OPEN_STATES) if self.type == "event" and state == OPEN else [state]
        if self.by_time:
            return [Source(self.by_state, (*node, one)) for one in wanted]
        return [Source(self.by_state, (one, *node)) for one in wanted]

    def accepts(self, document: Mapping[str, object], state: str) -> bool:
        """Return whether a record is of the state filtered by."""
        if not state or self.state_field is None:
            return True
        value = document.get(self.state_field)
        return value in OPEN_STATES if self.type == "event" and state == OPEN else value == state


KINDS: Final = {
    kind.section: kind
    for kind in (
        Kind(
            "households",
            "household",
            ("head_name", "phone", "residence_type", "members", "last_visit"),
            HOUSEHOLDS_BY_ADDRESS,
            "residence_type",
            HOUSEHOLDS_BY_RESIDENCE,
        ),
        Kind(
            "residents",
            "resident",
            ("relation", "sex", "id_number", "phone", "population"),
            RESIDENTS_BY_HOUSEHOLD,
            "population",
            RESIDENTS_BY_POPULATION,
        ),
        Kind(
            "events",
            "event",
            ("happened", "category", "urgency", "status"),
            EVENTS_BY_NODE,
            "status",
            EVENTS_BY_NODE_AND_STATUS,
            by_time=True,
        ),
        Kind(
            "patrols",
            "patrol",
            ("started", "ended", "worker", "findings"),
            PATROLS_BY_NODE,
            by_time=True,
        ),
        Kind(
            "visits",
            "visit",
            ("visited", "household", "worker", "kind", "outcome"),
            VISITS_BY_NODE,
            by_time=True,
        ),
    )
}
"""Kinds of record by what stands in the address."""
SECTION_OF: Final = {kind.type: section for section, kind in KINDS.items()}
"""Where records of a type are listed."""

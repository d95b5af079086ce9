"""The lists of records: for each kind its columns, its filter, and the indexes it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grid.lifecycle import LifeCycle
from grid.models import life_cycle
from server.console.fields import choices_of
from server.console.listing import Source
from server.i18n import gettext as _
from sync.indexes import (
    CAMPAIGN_RECORDS_BY_NODE,
    CAMPAIGN_RECORDS_BY_NODE_AND_STATUS,
    DISPUTES_BY_NODE,
    DISPUTES_BY_NODE_AND_STATUS,
    EVENTS_BY_NODE,
    EVENTS_BY_NODE_AND_STATUS,
    HOUSEHOLDS_BY_ADDRESS,
    HOUSEHOLDS_BY_RESIDENCE,
    ORGANISATIONS_BY_KIND,
    ORGANISATIONS_BY_TITLE,
    PATROLS_BY_NODE,
    PLACES_BY_KIND,
    PLACES_BY_TITLE,
    RESIDENTS_BY_HOUSEHOLD,
    RESIDENTS_BY_POPULATION,
    TASKS_BY_NODE,
    TASKS_BY_NODE_AND_STATUS,
    VISITS_BY_NODE,
)
from sync.store import Index

OPEN: Final = "open"
"""The state that stands for all states in which something is still to be done."""


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

    @property
    def name(self) -> str:
        """What these records are called above a list."""
        return {
            "households": _("户"),
            "residents": _("人员"),
            "events": _("事件"),
            "disputes": _("纠纷"),
            "tasks": _("任务"),
            "patrols": _("巡查"),
            "visits": _("走访"),
            "campaign-records": _("宣传"),
            "places": _("场所"),
            "organisations": _("单位"),
        }[self.section]

    @property
    def first_column(self) -> str:
        """The heading over the records' titles."""
        return {"households": _("门牌"), "residents": _("姓名")}.get(self.section, self.name)

    @property
    def searched(self) -> str:
        """What one may search by."""
        return {
            "households": _("地址、房号、户主姓名、电话后四位"),
            "residents": _("姓名、曾用名、电话后四位"),
            "events": _("标题、地点"),
            "disputes": _("纠纷名称、当事人、地点"),
            "tasks": _("任务名称"),
            "patrols": _("巡查人、路线"),
            "visits": _("走访人"),
            "campaign-records": _("活动名称、宣传人"),
            "places": _("名称、地址、负责人"),
            "organisations": _("名称、地址、信用代码、法定代表人"),
        }[self.section]

    @property
    def cycle(self) -> LifeCycle | None:
        """The life cycle that the filter goes by, if it does."""
        return life_cycle(self.type) if self.state_field == "status" else None

    def states(self) -> list[tuple[str, str]]:
        """Return what one may filter by, with words; empty when there is nothing to choose."""
        if self.state_field is None:
            return []
        choices = choices_of(self.type, self.state_field)
        return [(OPEN, _("未结")), *choices] if self.cycle else choices

    def sources(self, path: Sequence[str], state: str) -> list[Source]:
        """Return what to read for the list of the node at ``path``."""
        node = (path[-1],) if self.by_time else tuple(path)
        if not state or self.by_state is None:
            return [Source(self.whole, node)]
        wanted = sorted(self.cycle.open) if self.cycle and state == OPEN else [state]
        if self.by_time:
            return [Source(self.by_state, (*node, one)) for one in wanted]
        return [Source(self.by_state, (one, *node)) for one in wanted]

    def accepts(self, document: Mapping[str, object], state: str) -> bool:
        """Return whether a record is of the state filtered by."""
        if not state or self.state_field is None:
            return True
        value = document.get(self.state_field)
        return value in self.cycle.open if self.cycle and state == OPEN else value == state


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
            "disputes",
            "dispute",
            ("happened", "category", "scale", "deadline", "status"),
            DISPUTES_BY_NODE,
            "status",
            DISPUTES_BY_NODE_AND_STATUS,
            by_time=True,
        ),
        Kind(
            "tasks",
            "task",
            ("kind", "due", "urgency", "done", "status"),
            TASKS_BY_NODE,
            "status",
            TASKS_BY_NODE_AND_STATUS,
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
        Kind(
            "campaign-records",
            "campaign-record",
            ("household", "first_told", "attempts", "worker", "status"),
            CAMPAIGN_RECORDS_BY_NODE,
            "status",
            CAMPAIGN_RECORDS_BY_NODE_AND_STATUS,
            by_time=True,
        ),
        Kind(
            "places",
            "place",
            ("kind", "address", "owner_name", "attention", "status"),
            PLACES_BY_TITLE,
            "kind",
            PLACES_BY_KIND,
        ),
        Kind(
            "organisations",
            "organisation",
            ("kind", "address", "legal_name", "staff", "status"),
            ORGANISATIONS_BY_TITLE,
            "kind",
            ORGANISATIONS_BY_KIND,
        ),
    )
}
"""Kinds of record by what stands in the address."""
SECTION_OF: Final = {kind.type: section for section, kind in KINDS.items()}
"""Where records of a type are listed."""

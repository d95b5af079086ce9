"""What makes demo documents: seeded choices, ids, clocks, id numbers and phones."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from ulid import ULID

from grid.idnumber import make_fictitious
from grid.models import schema_version

_FIRST_ID: Final = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Ids count from here, whatever day the demo is loaded on."""
_HOUSE_TO_HOUSE: Final = timedelta(days=180)
"""How long before today the base data was collected."""


class Maker:
    """Makes the documents of one grid; all that is random comes from ``rng``."""

    def __init__(self, seed: int, grid: str, position: int, user: str, today: date) -> None:
        self.rng = Random(f"{seed}/{grid}")  # noqa: S311 - made up, not secret
        self.grid = grid
        self.user = user
        self.device = f"{self.rng.getrandbits(32):08x}"
        self.office = f"{self.rng.getrandbits(32):08x}"
        self.today = datetime.combine(today, time(), UTC)
        self.collected = self.today - _HOUSE_TO_HOUSE
        self._next_id = int(_FIRST_ID.timestamp() * 1000)
        self._sequences: dict[tuple[date, str], int] = {}
        # Grids lie apart in the sequence numbers of a day, so that no two people share a number.
        self._offset = position * 20

    def record(self, type_name: str, at: datetime, **fields: Any) -> dict[str, Any]:
        """Return a document of a type, written at ``at``; fields that are ``None`` are left out."""
        trace = {"at": self.clock(at), "by": self.user, "device": self.device}
        return {
            "_id": self.new_id(type_name),
            "type": type_name,
            "schema": schema_version(type_name),
            "grid": self.grid,
            "created": trace,
            "updated": dict(trace),
            "stamps": {},
            "fictitious": True,
            **{name: value for name, value in fields.items() if value is not None},
        }

    def new_id(self, type_name: str) -> str:
        """Return the next id of a type: ULIDs in rising order."""
        self._next_id += self.rng.randint(1_000, 60_000)
        random_part = self.rng.getrandbits(80).to_bytes(10, "big")
        return f"{type_name}:{ULID.from_bytes(self._next_id.to_bytes(6, 'big') + random_part)}"

    def clock(self, at: datetime, device: str | None = None) -> str:
        """Return the hybrid logical clock of a moment, on this grid's device unless told."""
        return f"{instant(at)}-0000-{device or self.device}"

    def touch(self, document: dict[str, Any], at: str, *fields: str, by: str | None = None) -> None:
        """Note on a document that its fields were changed at a clock."""
        trace = {"at": at, "by": by or self.user, "device": at.rpartition("-")[2]}
        document["updated"] = max(document["updated"], trace, key=lambda one: str(one["at"]))
        document["stamps"] = {**document["stamps"], **dict.fromkeys(fields, at)}

    def moment(self, days_ago: int) -> datetime:
        """Return a working moment (08:00–19:59 in China) so many days before today."""
        minutes = self.rng.randrange(12 * 60)
        milliseconds = self.rng.randrange(60_000)
        return self.today + timedelta(days=-days_ago, minutes=minutes, milliseconds=milliseconds)

    def collection_moment(self) -> datetime:
        """Return a moment in the month in which the base data was collected."""
        return self.collected + timedelta(minutes=self.rng.randrange(30 * 24 * 60))

    def birthday(self, age: int) -> date:
        """Return the birth date of somebody of an age in years."""
        return self.today.date() - timedelta(days=age * 365 + self.rng.randrange(1, 360))

    def id_number(self, born: date, sex: str) -> str:
        """Return an id number of nobody that no one else in the demo has."""
        count = self._sequences.get((born, sex), 0)
        self._sequences[born, sex] = count + 1
        sequence = 2 * ((self._offset + count) % 449) + (1 if sex == "1" else 2)
        return make_fictitious(born, sequence)

    def phone(self) -> str:
        """Return a phone number that is not in use."""
        return f"1200000{self.rng.randrange(10_000):04d}"


def instant(at: datetime) -> str:
    """Return a moment as UTC text with milliseconds."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"

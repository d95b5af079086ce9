"""What makes two records the same household or the same person: identity keys.

Records that share a key are looked up by index and then judged (``conflicts.duplicates``). A key is
a hash, so that an index over keys holds no personal data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from grid.idnumber import birth_date, id_number_fault

from .normalise import Door, code_text, door, person_name, phone_number

_TOWN: Final = 2
_MIN_CODE: Final = 4
_MIN_PHONE: Final = 7

Record = Mapping[str, Any]


def identity_keys(record: Record, path: Sequence[str]) -> list[str]:
    """Return the keys under which a record's duplicates are found, sorted; ``path`` is its grid's.

    A household's door counts within its town, so that a border between grids or villages hides
    nothing; its household number within the district; a person everywhere.
    """
    kinds = {"household": _household, "resident": _resident}
    keys = kinds.get(str(record.get("type")), _nothing)(record, path)
    return sorted({_hashed(key) for key in keys})


def _hashed(parts: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _nothing(record: Record, path: Sequence[str]) -> Iterator[tuple[str, ...]]:
    yield from ()


def _household(record: Record, path: Sequence[str]) -> Iterator[tuple[str, ...]]:
    at = door_of(record)
    if at.exact:
        yield "door", "/".join(path[:_TOWN]), *at
    number = number_of(record)
    if number:
        yield "household-number", path[0] if path else "", number


def _resident(record: Record, path: Sequence[str]) -> Iterator[tuple[str, ...]]:
    number = id_of(record)
    if number:
        yield "id", number
    person = person_of(record)
    if person is not None:
        yield "person", *person


def door_of(record: Record) -> Door:
    """Return a household's door in one form."""
    return door(*(_text(record, name) for name in ("address", "building", "unit", "room")))


def number_of(record: Record) -> str:
    """Return a household's number (户号) in one form; empty when there is none to go by."""
    number = code_text(_text(record, "household_number") or "")
    return number if len(number) >= _MIN_CODE else ""


def id_of(record: Record) -> str:
    """Return a person's id number, or an empty text when there is no valid one."""
    number = code_text(_text(record, "id_number") or "")
    return number if number and id_number_fault(number) is None else ""


def person_of(record: Record) -> tuple[str, str, str] | None:
    """Return name, birth date and phone in one form; ``None`` unless all three are there."""
    name = person_name(_text(record, "name") or "")
    phone = phone_number(_text(record, "phone") or "")
    born = born_of(record)
    return (name, born, phone) if name and born and len(phone) >= _MIN_PHONE else None


def born_of(record: Record) -> str:
    """Return a person's birth date, that of the id number where none is given; else empty."""
    given = _text(record, "birth_date")
    number = id_of(record)
    if given or not number:
        return given or ""
    born = birth_date(number)
    return born.isoformat() if born else ""


def _text(record: Record, name: str) -> str | None:
    value = record.get(name)
    return value if isinstance(value, str) else None

"""What rows a document has in an index, and how rows add up to groups; pure.

An index is compiled once into a ``RowMaker``: a batch of documents asks it thousands of times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any, Final

import orjson

from sync.sqlite.keys import encode_member
from sync.store import Index

Members = tuple[bytes, ...]
"""An index key, each member encoded."""
GroupRow = tuple[int, int, bytes, int, float]
"""Index number, depth, key, count and total; depth ``-1 - length`` stands for the whole key."""
_INDEXES_KEPT: Final = 256
_TEXTS_KEPT: Final = 4096

_encode_text = lru_cache(_TEXTS_KEPT)(encode_member)


def declaration(index: Index) -> bytes:
    """Return an index's declaration as stored; two that differ are different indexes."""
    return orjson.dumps(asdict(index), option=orjson.OPT_SORT_KEYS)


def _look_up(path: str) -> Callable[[Mapping[str, Any]], Any]:
    """Return what finds a dotted path in a body; ``None`` where there is none."""
    names = path.split(".")
    if len(names) == 1:
        return lambda body: body.get(path)

    def walk(body: Mapping[str, Any]) -> Any:
        value: Any = body
        for name in names:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    return walk


def _members(value: Any) -> list[bytes]:
    """Encode a field for a key: a list is spread, an object counts as its JSON text."""
    if type(value) is str:
        return [_encode_text(value)]  # most fields are codes, which come again and again
    return [_encode(member) for member in (value if isinstance(value, list) else (value,))]


def _encode(member: Any) -> bytes:
    if type(member) is str:
        return _encode_text(member)
    if isinstance(member, (list, dict)):
        member = orjson.dumps(member, option=orjson.OPT_SORT_KEYS).decode()
    return encode_member(member)


class RowMaker:
    """An index, ready to be asked for the rows of documents."""

    __slots__ = ("_each", "_fields", "_value", "_where", "grouped")

    def __init__(self, index: Index) -> None:
        self._where = [(_look_up(path), value) for path, value in index.where.items()]
        self._fields = [_look_up(path) for path in index.fields]
        self._each = None if index.each is None else _look_up(index.each)
        self._value = None if index.value is None else _look_up(index.value)
        self.grouped = index.each is None
        """Whether counts per key prefix are kept."""

    def rows(self, body: Mapping[str, Any]) -> dict[Members, float]:
        """Return the index rows of one document: encoded key members and the value to add up."""
        for find, wanted in self._where:
            if find(body) != wanted:
                return {}
        members = [member for find in self._fields for member in _members(find(body))]
        value = 1.0
        if self._value is not None:
            found = self._value(body)
            value = float(found) if isinstance(found, (int, float)) else 0.0
        if self._each is None:
            return {tuple(members): value}
        elements = self._each(body)
        if not isinstance(elements, list):
            return {}
        return {(first, *members): value for element in elements for first in _members(element)}


@lru_cache(_INDEXES_KEPT)
def row_maker(data: bytes) -> RowMaker:
    """Return the row maker of a stored declaration."""
    fields = orjson.loads(data)
    fields["fields"] = tuple(fields["fields"])
    return RowMaker(Index(**fields))


class GroupSums:
    """Adds rows up, by whole key at first; prefixes, which many keys share, only at the end."""

    def __init__(self) -> None:
        self._keys: dict[tuple[int, Members], tuple[int, float]] = {}

    def add(self, number: int, members: Members, by: int, value: float) -> None:
        """Count a row of index ``number`` in (``by`` 1) or out (-1)."""
        key = (number, members)
        count, total = self._keys.get(key, (0, 0.0))
        self._keys[key] = (count + by, total + value)

    def rows(self) -> Iterator[GroupRow]:
        """Yield what to add to the group of each key and of each of its prefixes."""
        by_length: dict[int, dict[tuple[int, Members], tuple[int, float]]] = {}
        for (number, members), (count, total) in self._keys.items():
            yield number, -1 - len(members), b"".join(members), count, total
            _add(by_length, number, members[:-1], count, total, len(members))
        for length in range(max(by_length, default=-1), -1, -1):
            for (number, members), (count, total) in by_length.get(length, {}).items():
                yield number, length, b"".join(members), count, total
                _add(by_length, number, members[:-1], count, total, length)


def _add(
    by_length: dict[int, dict[tuple[int, Members], tuple[int, float]]],
    number: int,
    parent: Members,
    count: int,
    total: float,
    length: int,
) -> None:
    """Add to the prefix one shorter than ``length``, if there is one."""
    if length:
        sums = by_length.setdefault(length - 1, {})
        before = sums.get((number, parent), (0, 0.0))
        sums[number, parent] = (before[0] + count, before[1] + total)

"""One byte sequence for one JSON value, in the manner of RFC 8785.

Object members are sorted by code point, there is no white space, text is UTF-8. Two differences
from RFC 8785, neither of which matters to a resolver that only compares its own output: members
whose names lie outside the Basic Multilingual Plane sort by code point instead of by UTF-16 unit,
and numbers keep the kind they were parsed as (``1.0`` stays ``1.0``).
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

_SCALARS: Final = frozenset({str, int, bool, type(None)})


class Absent:
    """The type of ``ABSENT``: a field that is not in the document at all."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent()
"""Stands where a document has no such field; JSON ``null`` is a value, this is none."""


def canonical(value: Any) -> bytes:
    """Return the canonical JSON of ``value``; raise ``TypeError`` if it is not JSON."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest(value: Any) -> str:
    """Return a hash of a JSON value or ``ABSENT`` (which sorts before everything)."""
    if value is ABSENT:
        return ""
    return hashlib.md5(canonical(value), usedforsecurity=False).hexdigest()


def same(left: Any, right: Any) -> bool:
    """Tell whether two JSON values are the same, more strictly than Python's ``==``.

    Python holds ``1``, ``1.0`` and ``True`` equal; they are different JSON, and a merge that took
    one for the other would depend on which came first.
    """
    if left is right:
        return True
    kind = type(left)
    if kind is not type(right):
        return False
    if kind in _SCALARS:
        return bool(left == right)
    if left is ABSENT or left != right:
        return False
    return canonical(left) == canonical(right)

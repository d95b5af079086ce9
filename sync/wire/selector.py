"""Mango selectors, for the ``_selector`` filter of a changes feed.

The operators that compare and combine are there; ``$text``-like ones are not. Source: CouchDB
documentation, "/{db}/_find", selector syntax.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from sync.wire.errors import WireError

_ABSENT: Final = object()
_MAX_DEPTH: Final = 50
_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_ORDER: Final = tuple(_TYPES)


def _collation(value: Any) -> tuple[int, Any]:
    """Return a sort key: by type in CouchDB's order, then by value."""
    rank = next(number for number, name in enumerate(_ORDER) if _TYPES[name](value))
    if isinstance(value, list):
        return rank, [_collation(member) for member in value]
    if isinstance(value, dict):
        return rank, [(name, _collation(member)) for name, member in value.items()]
    return rank, 0 if value is None else value


def _bad(reason: str) -> WireError:
    return WireError(400, "bad_request", f"Selector error: {reason}")


def check_selector(selector: Any) -> dict[str, Any]:
    """Return the selector; raise ``WireError`` when it is none or has operators not known here."""
    if not isinstance(selector, dict):
        raise _bad("expected a JSON object")
    _check(selector, 0)
    return selector


def _check(selector: Any, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise _bad("too deeply nested")
    if not isinstance(selector, dict):
        return
    for name, argument in selector.items():
        if name in ("$and", "$or", "$nor"):
            if not isinstance(argument, list) or not all(isinstance(o, dict) for o in argument):
                raise _bad(f"{name} needs a list of selectors")
            for one in argument:
                _check(one, depth + 1)
        elif name in ("$not", "$elemMatch", "$allMatch") or not name.startswith("$"):
            if name.startswith("$") and not isinstance(argument, dict):
                raise _bad(f"{name} needs a selector")
            _check(argument, depth + 1)
        elif name not in _OPERATORS:
            raise _bad(f"operator {name[:32]} is not known")
        else:
            _check_argument(name, argument)


def _check_argument(name: str, argument: Any) -> None:
    if name in ("$in", "$nin", "$all") and not isinstance(argument, list):
        raise _bad(f"{name} needs a list")
    if name == "$exists" and not isinstance(argument, bool):
        raise _bad("$exists needs true or false")
    if name == "$type" and argument not in _TYPES:
        raise _bad(f"$type must be one of {', '.join(_TYPES)}")
    if name == "$size" and (type(argument) is not int or argument < 0):
        raise _bad("$size needs a whole number from 0 on")
    if name == "$beginsWith" and not isinstance(argument, str):
        raise _bad("$beginsWith needs a text")


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, other: value is not _ABSENT and test(_collation(value), _collation(other))


_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$eq": _compare(lambda value, other: value == other),
    "$ne": _compare(lambda value, other: value != other),
    "$lt": _compare(lambda value, other: value < other),
    "$lte": _compare(lambda value, other: value <= other),
    "$gt": _compare(lambda value, other: value > other),
    "$gte": _compare(lambda value, other: value >= other),
    "$exists": lambda value, wanted: (value is not _ABSENT) == wanted,
    "$type": lambda value, name: value is not _ABSENT and _TYPES[name](value),
    "$in": lambda value, several: _holds(value, several),
    "$nin": lambda value, several: value is not _ABSENT and not _holds(value, several),
    "$size": lambda value, size: isinstance(value, list) and len(value) == size,
    "$all": lambda value, several: (
        isinstance(value, list) and all(_holds(one, value) for one in several)
    ),
    "$beginsWith": lambda value, start: isinstance(value, str) and value.startswith(start),
}


def _holds(value: Any, several: list[Any]) -> bool:
    if value is _ABSENT:
        return False
    if isinstance(value, list):
        return any(_equal(value, one) or any(_equal(m, one) for m in value) for one in several)
    return any(_equal(value, one) for one in several)


def _equal(value: Any, other: Any) -> bool:
    return _collation(value) == _collation(other)


def matches(selector: Mapping[str, Any], value: Any) -> bool:
    """Tell whether a document (or a value inside one) fits a checked selector."""
    return all(_fits(name, argument, value) for name, argument in selector.items())


def _fits(name: str, argument: Any, value: Any) -> bool:
    if name == "$and":
        return all(matches(one, value) for one in argument)
    if name == "$or":
        return any(matches(one, value) for one in argument)
    if name == "$nor":
        return not any(matches(one, value) for one in argument)
    if name == "$not":
        return not matches(argument, value)
    if name == "$elemMatch":
        return isinstance(value, list) and any(matches(argument, one) for one in value)
    if name == "$allMatch":
        return isinstance(value, list) and all(matches(argument, one) for one in value)
    if name.startswith("$"):
        return _OPERATORS[name](value, argument)
    found = _look_up(value, name)
    return matches(
        argument if isinstance(argument, dict) and argument else {"$eq": argument}, found
    )


def _look_up(value: Any, path: str) -> Any:
    for part in re.split(r"(?<!\\)\.", path):
        if not isinstance(value, dict):
            return _ABSENT
        value = value.get(part.replace("\\.", "."), _ABSENT)
    return value

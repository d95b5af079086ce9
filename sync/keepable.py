"""Documents that JSON allows and a store cannot hold, brought into a form that it can.

A refused document is kept inside a quarantine entry, whatever it is. Only nesting stands in the
way: the JSON writer goes 254 levels deep, the reader 1,024.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

_CONTAINERS: Final = frozenset({dict, list})
"""What JSON nests; compared as exact types, since every pushed document is looked at."""
MOST_LEVELS: Final = 64
"""Levels of lists and objects that a record may have; the deepest of the models has 4."""


def too_deep(document: Mapping[str, Any], text: bytes | None = None) -> bool:
    """Tell whether a document has more than ``MOST_LEVELS`` levels of lists and objects.

    ``text`` is its JSON, where it is at hand: so few brackets that they cannot be nested too deep
    spare looking at every member.
    """
    if text is not None and text.count(b"{") + text.count(b"[") <= MOST_LEVELS:
        return False
    level: list[Any] = [document]
    for _ in range(MOST_LEVELS):
        level = [
            member
            for one in level
            for member in (one if isinstance(one, list) else one.values())
            if type(member) in _CONTAINERS
        ]
        if not level:
            return False
    return True


def keepable(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document, and instead of each member that is too deep its JSON text."""
    if not too_deep(document):
        return document
    return {
        name: json_text(value) if too_deep({name: value}) else value
        for name, value in document.items()
    }


def json_text(value: Any) -> str:
    """Return a value's JSON however deep it is."""
    text: list[str] = []
    left: list[tuple[bool, Any]] = [(False, value)]  # whether it is text already, last comes first
    while left:
        done, one = left.pop()
        if done or not isinstance(one, list | dict):
            text.append(one if done else json.dumps(one, ensure_ascii=False))
            continue
        opening, closing = "[]" if isinstance(one, list) else "{}"
        pieces: list[tuple[bool, Any]] = []
        for number, member in enumerate(one):
            name = f"{json.dumps(member, ensure_ascii=False)}:" if isinstance(one, dict) else ""
            pieces.append((True, f"{',' if number else ''}{name}"))
            pieces.append((False, one[member] if isinstance(one, dict) else member))
        left += [(True, closing), *reversed(pieces), (True, opening)]
    return "".join(text)

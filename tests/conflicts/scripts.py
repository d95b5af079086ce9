"""Random but meaningful edits: what a gridworker can do to each kind of field."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.conflicts.world import LATTICE, Phone

STATES = ("handling", "done", "rejected")

edits = st.one_of(
    st.tuples(st.just("name"), st.integers(0, 2)),
    st.tuples(st.just("phone"), st.integers(0, 2)),
    st.tuples(st.just("drop name"), st.just(0)),
    st.tuples(st.just("tag+"), st.integers(0, 3)),
    st.tuples(st.just("tag-"), st.integers(0, 3)),
    st.tuples(st.just("member+"), st.integers(0, 2)),
    st.tuples(st.just("member-"), st.integers(0, 2)),
    st.tuples(st.just("log+"), st.just(0)),
    st.tuples(st.just("state"), st.integers(0, 2)),
    st.tuples(st.just("first"), st.integers(0, 99)),
    st.tuples(st.just("last"), st.integers(0, 99)),
    st.tuples(st.just("visit"), st.integers(1, 3)),
    st.tuples(st.just("note change"), st.integers(0, 5)),
    st.tuples(st.just("note insert"), st.integers(0, 5)),
    st.tuples(st.just("note delete"), st.integers(0, 5)),
    st.tuples(st.just("unknown"), st.integers(0, 2)),
)
"""One edit: what, and a small number that makes clashes likely."""


def changes(phone: Phone, what: str, number: int, *, unique: bool = False) -> dict[str, Any]:
    """Return the field changes of one edit; ``unique`` makes every written value one of a kind."""
    body = phone.head.body
    token = phone.unique() if unique else f"v{number}"
    tags, members = list(body.get("tags", [])), list(body.get("members", []))
    lines = body.get("note", "").split("\n")
    at = min(number, len(lines) - 1)
    match what:
        case "name" | "phone" | "unknown":
            return {what: token}
        case "drop name":
            return {"name": None}
        case "tag+":
            tag = token if unique else f"t{number}"
            return {"tags": [*(item for item in tags if item != tag), tag]}
        case "tag-":
            return {"tags": [item for item in tags if item != f"t{number}"]}
        case "member+":
            others = [item for item in members if item["id"] != f"m{number}"]
            return {"members": [*others, {"id": f"m{number}", "name": token}]}
        case "member-":
            return {"members": [item for item in members if item["id"] != f"m{number}"]}
        case "log+":
            name = phone.unique()
            entry = {"id": name, "at": str(phone.clock.last), "text": name}
            return {"log": [*body["log"], entry]}
        case "state":
            following = LATTICE.join(body["state"], STATES[number])
            return {"state": body["state"] if following == LATTICE.contested else following}
        case "first":
            return {"first": min(body["first"], number)}
        case "last":
            return {"last": max(body["last"], number)}
        case "visit":
            mine = body["visits"].get(phone.device, 0) + number
            return {"visits": {**body["visits"], phone.device: mine}}
        case "note change":
            return {"note": "\n".join([*lines[:at], token, *lines[at + 1 :]])}
        case "note insert":
            return {"note": "\n".join([*lines[:at], token, *lines[at:]])}
        case "note delete":
            return {"note": "\n".join([*lines[:at], *lines[at + 1 :]])}
    raise AssertionError(what)

"""Documents of different schemas in one merge: brought up first, the newest schema stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conflicts import Leaf, Merged, merge, reasons
from grid.models import upcast
from tests.conflicts.world import START_MS, Document, Node, Phone, child, content, first_body

Changes = dict[str, Any]


def resident(**fields: Any) -> Node:
    body = {**first_body(), "type": "resident", "schema": 1, "living_here": True, "name": "黄"}
    body = {name: value for name, value in body.items() if name not in ("first", "last", "visits")}
    return child(None, {**body, **fields})


def edited(number: int, head: Node, **changes: Any) -> Node:
    return Phone(number, head=head).edit(START_MS + 1000 * (number + 1), changes)


def merged(base: Node, *nodes: Node, current: Any = upcast) -> Merged:
    leaves = [Leaf(node.rev, node.body, False, node.chain[1:]) for node in nodes]
    return merge("resident:1", leaves, {base.rev: base.body}, upcast=current)


def updated(base: Node, number: int, **changes: Any) -> Node:
    """Return the edit of a phone with the new program, which brings the record up first."""
    modern = Node(base.rev, base.chain, dict(upcast(base.body)))
    return edited(number, modern, **changes)


def test_an_old_phone_and_a_new_one_edit_the_field_that_changed_its_name() -> None:
    base = resident()
    result = merged(base, edited(0, base, living_here=False), updated(base, 1, presence="partly"))
    assert (result.body["presence"], result.body["schema"]) == ("partly", 2)
    assert "living_here" not in result.body
    assert set(result.body["stamps"]) == {"presence"}
    (field,) = result.decision.fields
    assert (field.field, field.base) == ("presence", "here")
    assert [side.value for side in field.lost] == ["away"]


def test_an_old_phone_that_touched_other_fields_takes_nothing_back() -> None:
    base = resident()
    result = merged(base, edited(0, base, name="黄水生"), updated(base, 1, presence="partly"))
    assert (result.body["presence"], result.body["name"]) == ("partly", "黄水生")
    assert result.decision.reviews == ()


def test_two_old_phones_merge_to_our_schema() -> None:
    base = resident()
    result = merged(base, edited(0, base, living_here=False), edited(1, base, phone="12000000001"))
    assert (result.body["presence"], result.body["schema"]) == ("away", 2)
    assert result.body["phone"] == "12000000001"


def test_a_newer_schema_than_ours_keeps_its_fields_and_its_number() -> None:
    base = resident()
    newer = edited(1, base, schema=7, companions=[{"key": "1"}], living_here=False)
    result = merged(base, edited(0, base, name="黄水生"), newer)
    assert (result.body["schema"], result.body["companions"]) == (7, [{"key": "1"}])
    assert result.body["name"] == "黄水生"
    # What the newer program means by the old name we cannot know: it is kept.
    assert result.body["living_here"] is False


def test_a_deletion_speaks_for_the_record_brought_up() -> None:
    base = resident()
    deleter = Phone(0, head=base)
    late = updated(base, 1, presence="partly")
    leaves = [late.leaf(), deleter.delete().leaf()]
    result = merge("resident:1", leaves, {base.rev: base.body})
    assert result.body["presence"] == "partly"
    assert result.decision.reviews == (reasons.EDITED_AND_DELETED,)
    assert [field.field for field in result.decision.fields] == ["_deleted", "presence"]


@pytest.mark.parametrize("schemas", [(1, 1), (1, 2), (2, 1), (2, 5), (5, 1), (5, 7)])
def test_the_schema_of_a_merge_is_the_highest(schemas: tuple[int, int]) -> None:
    base = resident(schema=1)
    nodes = [edited(number, base, schema=schema) for number, schema in enumerate(schemas)]
    assert merged(base, *nodes).body["schema"] == max(*schemas, 2)


edits = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["甲", "乙"]),
        "phone": st.sampled_from(["12000000001", "12000000002"]),
        "care": st.lists(st.sampled_from(["独居老人", "重病"]), unique=True),
        "note": st.sampled_from(["line 1", "line 2\nline 3"]),
        "living_here": st.sampled_from([True, False, None]),
        "unknown": st.integers(0, 2),
    },
)


@given(st.lists(edits, min_size=2, max_size=4))
def test_bringing_up_commutes_with_merging(changes: list[Changes]) -> None:
    """For fields that keep their name, and, since a rewrite takes stamps along, for others too."""
    base = resident(care=["独居老人"])
    nodes = [edited(number, base, **change) for number, change in enumerate(changes)]
    leaves = {node.rev: node for node in nodes}.values()

    def alone(body: Any) -> Any:
        return body

    before, after = merged(base, *leaves), merged(base, *leaves, current=alone)
    if before.noop:
        return
    old_way: Document = dict(upcast(after.body))
    assert content(before.body) == content(old_way)
    told = [{**field.as_document(), "field": _new(field.field)} for field in after.decision.fields]
    for mine, other in zip(before.decision.fields, sorted(told, key=_field), strict=True):
        if mine.field != "presence":
            assert mine.as_document() == other


def _new(field: str) -> str:
    return "presence" if field == "living_here" else field


def _field(decision: Document) -> str:
    return str(decision["field"])

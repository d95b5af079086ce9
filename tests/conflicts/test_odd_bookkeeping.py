"""Documents whose times, stamps, types or bases are odd, missing or tied: what stands then, and
what a decision says of it."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from conflicts import POLICY_VERSION, Decision, Leaf, Merged, Receipt, merge, reasons
from conflicts.merge import declared_policies
from tests.conflicts.test_policies import decided
from tests.conflicts.world import FIRST, START_MS, Document, Phone, policies

A, B, C = (f"2-{letter * 32}" for letter in "abc")
BASE = "1-" + "0" * 32


def clock(second: int, device: int = 1) -> str:
    return f"2026-11-24T08:00:{second:02d}.000Z-0000-{device:08x}"


def trace(second: int, device: int = 1, by: str = "w1") -> Document:
    return {"at": clock(second, device), "by": by, "device": f"{device:08x}"}


def together(base: Document | None, *bodies: Document, **options: Any) -> Merged:
    """Merge bodies under the revisions A, B, C, in every order; ``None`` is a base that is gone."""
    leaves = [Leaf(rev, body, False, (BASE,)) for rev, body in zip((A, B, C), bodies, strict=False)]
    known = {} if base is None else {BASE: base}
    outcomes = [
        merge("test:1", order, known, policies=policies, **options)
        for order in permutations(leaves)
    ]
    assert all(outcome == outcomes[0] for outcome in outcomes)
    return outcomes[0]


# What a decision says


def test_the_decision_names_record_revision_base_and_authors() -> None:
    base = {**FIRST.body, "grid": "44090400400100104"}
    one = {**base, "phone": "12000000001", "stamps": {"phone": clock(1, 1)}, "updated": trace(1)}
    two = {**base, "phone": "12000000002", "stamps": {"phone": clock(2, 2)}}
    two["updated"] = trace(2, 2, "w2")
    result = together(base, one, two)
    decision = result.decision
    assert (result.doc_id, decision.doc_id, decision.rev) == ("test:1", "test:1", result.rev)
    assert (decision.type, decision.grid) == ("test", "44090400400100104")
    assert (decision.base_rev, decision.base) == (BASE, base)
    assert (decision.leaves, decision.supersedes) == ((A, B), ())
    assert decision.policy_version == POLICY_VERSION
    field = decided(result, "phone")
    assert (field.base, field.value, field.chosen) == ("12000000000", "12000000002", B)
    assert [(side.by, side.device, side.at) for side in field.sides] == [
        ("w1", "00000001", clock(1, 1)),
        ("w2", "00000002", clock(2, 2)),
    ]


def test_where_there_is_nothing_to_merge_the_decision_names_the_one_leaf() -> None:
    body = {"type": "test", "grid": "44090400400100104", "name": "甲"}
    result = merge("test:1", [Leaf(A, body, False, ())], {})
    decision = result.decision
    assert (result.doc_id, result.rev, result.parent, result.noop) == ("test:1", A, A, True)
    assert (decision.doc_id, decision.rev, decision.leaves) == ("test:1", A, (A,))
    assert (decision.type, decision.grid) == ("test", "44090400400100104")
    assert (decision.fields, decision.reviews, decision.base_rev) == ((), (), None)
    assert decision.policy_version == POLICY_VERSION


def test_a_type_that_is_no_text_is_none() -> None:
    assert merge("test:1", [Leaf(A, {"type": 5}, False, ())], {}).decision.type is None
    assert declared_policies(None) == {}


def test_a_decision_that_supersedes_others_survives_its_document() -> None:
    decision = together({}, {"x": 1}, {"x": 2}).decision
    later = Decision.from_document({**decision.as_document(), "supersedes": [C, BASE]})
    assert later.supersedes == (C, BASE)
    assert Decision.from_document(later.as_document()) == later


def test_a_deletion_says_who_when_and_which_edit_won() -> None:
    edit = {**FIRST.body, "name": "甲", "stamps": {"name": clock(1)}, "updated": trace(1)}
    stone = {"type": "test", "updated": trace(2, 2, "w2")}
    leaves = [Leaf(A, edit, False, (BASE,)), Leaf(B, stone, True, (BASE,))]
    result = merge("test:1", leaves, {BASE: FIRST.body}, policies=policies)
    field = decided(result, "_deleted")
    assert (field.policy, field.base, field.value, field.chosen) == ("edit-wins", False, False, A)
    told = [(s.rev, s.by, s.device, s.at, s.value, s.changed) for s in field.sides]
    assert told == [
        (A, "w1", "00000001", clock(1), False, False),
        (B, "w2", "00000002", clock(2, 2), True, True),
    ]
    assert result.body["merge"]["sides"] == [
        {"rev": A, "by": "w1", "device": "00000001", "at": clock(1)},
        {"rev": B, "by": "w2", "device": "00000002", "at": clock(2, 2), "deleted": True},
    ]
    other = {**FIRST.body, "last": 90, "stamps": {"last": clock(3, 3)}, "updated": trace(3, 3)}
    leaves.append(Leaf(C, other, False, (BASE,)))
    result = merge("test:1", leaves, {BASE: FIRST.body}, policies=policies)
    assert decided(result, "_deleted").chosen is None


def test_whoever_wrote_a_value_that_another_carries_is_named_if_he_takes_part() -> None:
    first = Phone(0)
    first.edit(START_MS + 1000, {"phone": "12000000001"})
    second, third = Phone(1, head=first.head), Phone(2)
    second.edit(START_MS + 2000, {"name": "甲"})
    first.edit(START_MS + 3000, {"phone": "12000000009"})
    third.edit(START_MS + 4000, {"phone": "12000000003"})
    heads = [phone.head.leaf() for phone in (first, second, third)]
    result = merge("test:1", heads, {FIRST.rev: FIRST.body}, policies=policies)
    field = decided(result, "phone")
    side = next(side for side in field.sides if side.rev == second.head.rev)
    assert (side.by, side.device, side.value) == ("w1", "00000001", "12000000001")


# Revisions


def test_the_longest_line_wins_by_number_and_then_the_highest_hash() -> None:
    lines = [tuple(f"{n}-{n:032x}" for n in range(top, 0, -1)) for top in (8, 9)]
    leaves = [Leaf(f"{len(line) + 1}-{'f' * 32}", {"x": len(line)}, False, line) for line in lines]
    assert merge("x", leaves, {}).parent.startswith("10-")
    gone = [Leaf(leaf.rev, {}, True, leaf.ancestors) for leaf in leaves]
    result = merge("x", gone, {})
    assert (result.noop, result.deleted, result.rev) == (True, True, leaves[1].rev)
    assert together({}, {"x": 1}, {"x": 2}, {"x": 3}).parent == C


# Times


def test_both_changed_it_to_the_same_and_the_newest_stamp_stays() -> None:
    bodies = [
        {**FIRST.body, "phone": "12000000001", "stamps": {"phone": clock(n, n)}} for n in (2, 1)
    ]
    result = together(FIRST.body, *bodies)
    assert result.body["stamps"] == {"phone": clock(2, 2)}
    assert result.decision.fields == ()


def test_created_is_the_earliest_and_updated_the_latest_that_is_a_time() -> None:
    odd = {"at": 5, "by": "odd"}
    bodies = [{"x": n, "created": trace(n), "updated": trace(n)} for n in (1, 2)]
    result = together(None, {"x": 0, "created": odd, "updated": odd}, *bodies)
    assert result.body["created"] == odd
    assert result.body["updated"] == trace(2)
    tied = [
        {"x": n, "created": trace(1, 1, by), "updated": trace(1, 1, by)}
        for n, by in enumerate("ba")
    ]
    for pair in (tied, tied[::-1]):
        result = together(None, *pair)
        assert (result.body["created"]["by"], result.body["updated"]["by"]) == ("a", "b")


def test_who_does_not_say_when_he_changed_it_counts_from_creation() -> None:
    bodies = [{"x": n, "created": trace(n, 3 - n, f"w{n}")} for n in (1, 2)]
    result = together(None, *bodies)
    assert result.body["x"] == 2
    assert [(side.by, side.at) for side in decided(result, "x").sides] == [
        ("w1", clock(1, 2)),
        ("w2", clock(2, 1)),
    ]
    assert "updated" not in result.body


def test_who_does_not_even_say_when_it_was_created_comes_last() -> None:
    assert together(None, {"x": 1, "created": trace(1)}, {"x": 2}).body["x"] == 1
    assert together(None, {"x": 1}, {"x": 2, "created": trace(1)}).body["x"] == 2


def test_equal_times_go_by_device_also_where_one_has_none() -> None:
    one = {"x": 1, "updated": {"device": "0000000a"}}
    assert together({"x": 0}, one, {"x": 2}).body["x"] == 1
    assert together({"x": 0}, {"x": 2}, one).body["x"] == 1


def test_the_type_is_that_of_whoever_wrote_last_and_said_when() -> None:
    asked: list[str | None] = []

    def table(record_type: str | None) -> Any:
        asked.append(record_type)
        return {}

    leaves = [
        Leaf(A, {"type": "dated", "updated": trace(1)}, False, (BASE,)),
        Leaf(B, {"type": "undated"}, False, (BASE,)),
    ]
    merge("x", leaves, {}, policies=table)
    assert asked == ["dated"]


def test_a_stamp_that_is_no_clock_counts_for_nothing_and_is_not_written() -> None:
    base = {**FIRST.body, "stamps": {}}
    result = together(
        base, {**base, "name": "甲", "stamps": {"name": "never"}}, {**base, "last": 90}
    )
    assert result.body["name"] == "甲"
    assert "name" not in result.body["stamps"]


def test_a_plain_edit_that_left_the_time_alone_does_not_count_from_it() -> None:
    base = {**FIRST.body, "stamps": {"name": clock(20)}, "updated": trace(20)}
    worker = {**base, "phone": "12000000001", "updated": trace(10, 2, "w2")}
    worker["stamps"] = {**base["stamps"], "phone": clock(10, 2)}
    result = together(base, worker, {**base, "phone": "12000000009"})
    assert result.body["phone"] == "12000000001"
    assert result.body["stamps"]["phone"] == clock(10, 2)


def test_a_plain_edit_over_a_stamped_value_counts_from_the_time_it_moved_on() -> None:
    base = {**FIRST.body, "stamps": {"phone": clock(1)}, "updated": trace(1)}
    worker = {**base, "phone": "12000000001", "updated": trace(10, 2, "w2")}
    worker["stamps"] = {"phone": clock(10, 2)}
    plain = {**base, "phone": "12000000009", "updated": trace(20, 3, "api")}
    result = together(base, worker, plain)
    assert result.body["phone"] == "12000000009"
    assert result.body["stamps"]["phone"] == clock(20, 3)


def test_a_receipt_tells_when_a_document_was_changed_not_when_it_was_made() -> None:
    receipts = {A: Receipt(clock(5), "api"), B: Receipt(clock(6), "api")}
    result = together({"x": 0}, {"x": 1}, {"x": 2}, receipts=receipts)
    assert "created" not in result.body
    assert result.body["updated"]["at"] == clock(6)
    early = {"x": 1, "created": trace(9), "updated": trace(9)}
    result = together(early | {"x": 0}, early, early | {"x": 2}, receipts=receipts)
    assert result.body["created"] == trace(9)


# Without a base


def test_without_a_base_an_untouched_value_gives_way_and_nothing_is_reviewed() -> None:
    phone = {**FIRST.body, "phone": "12000000001", "stamps": {"phone": clock(1)}}
    name = {**FIRST.body, "name": "甲", "stamps": {"name": clock(2)}}
    result = together(None, phone, name)
    assert (result.body["phone"], result.body["name"]) == ("12000000001", "甲")
    assert result.decision.reviews == ()
    assert decided(result, "phone").lost == ()


def test_what_was_deleted_is_gone_and_the_one_who_edits_stands_alone() -> None:
    edit = {**FIRST.body, "name": "甲", "stamps": {"name": clock(1)}}
    leaves = [Leaf(A, edit, False, (BASE,)), Leaf(B, {}, True, (BASE,))]
    result = merge("test:1", leaves, {}, policies=policies)
    assert (result.body["name"], result.deleted) == ("甲", False)
    assert result.decision.base == edit
    assert result.decision.reviews == (reasons.EDITED_AND_DELETED,)


@pytest.mark.parametrize("archived", [True, False])
def test_histories_that_crossed_merge_with_a_third_one_and_without_an_archive(
    archived: bool,
) -> None:
    from tests.conflicts.test_ancestry import edit, merged_node
    from tests.conflicts.world import Server

    one, two = edit(0, FIRST, 1, tags=["t0", "t1", "one"]), edit(1, FIRST, 2, tags=["t1"])
    servers = [Server(), Server()]
    heads = []
    for number, server in enumerate(servers):
        server.accept(FIRST, one, two, edit(2 + number, FIRST, 3, **{f"field{number}": number}))
        heads.append(merged_node(server))
    left, right = edit(4, heads[0], 10, phone="12000000004"), edit(5, heads[1], 11, name="甲")
    third = edit(6, heads[0], 12, last=99)
    leaves = [node.leaf() for node in (left, right, third)]
    bodies = {node.rev: node.body for node in (FIRST, one, two, *heads)} if archived else {}
    outcomes = [merge("x", order, bodies, policies=policies) for order in permutations(leaves)]
    assert all(outcome == outcomes[0] for outcome in outcomes)
    body = outcomes[0].body
    assert (body["phone"], body["name"], body["last"]) == ("12000000004", "甲", 99)
    assert (body["field0"], body["field1"], "one" in body["tags"]) == (0, 1, True)

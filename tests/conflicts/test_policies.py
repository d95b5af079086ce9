"""One example for each rule of each policy, as docs/merging.md tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from conflicts import FieldDecision, Leaf, Merged, Receipt, merge, reasons
from tests.conflicts.world import FIRST, START_MS, Document, Phone, Server, child, policies

Changes = Mapping[str, Any]


def edited(number: int, changes: Changes, *, seconds: int | None = None) -> Phone:
    """Return a phone that made one edit; a higher number edits later."""
    phone = Phone(number)
    phone.edit(START_MS + 1000 * (number + 1 if seconds is None else seconds), changes)
    return phone


def merged(*edits: Changes, base: Document | None = None) -> Merged:
    """Merge one edit each of as many phones, all on the same base."""
    first = child(None, {**FIRST.body, **(base or {})})
    server = Server()
    server.accept(first)
    for number, changes in enumerate(edits):
        phone = Phone(number, head=first)
        phone.edit(START_MS + 1000 * (number + 1), changes)
        server.accept(phone.head)
    return server.merged()


def decided(result: Merged, name: str) -> FieldDecision:
    return next(field for field in result.decision.fields if field.field == name)


# Last write and reviewed


def test_last_write_the_later_stamp_wins_and_the_earlier_value_is_kept_in_the_decision() -> None:
    result = merged({"name": "甲"}, {"name": "阿依古丽·买买提"})
    assert result.body["name"] == "阿依古丽·买买提"
    field = decided(result, "name")
    assert [side.value for side in field.lost] == ["甲"]
    assert field.base == "𠮷家"
    assert (field.review, result.body["merge"]["review"]) == (None, False)


def test_different_fields_do_not_meet() -> None:
    result = merged({"name": "甲"}, {"phone": "12000000001"})
    assert (result.body["name"], result.body["phone"]) == ("甲", "12000000001")
    assert result.decision.reviews == ()
    assert result.body["merge"]["fields"] == {}
    assert {field.field for field in result.decision.fields} == {"name", "phone"}


def test_equal_stamps_go_by_device_then_by_value() -> None:
    phones = [Phone(number) for number in (0, 1)]
    for phone, value in zip(phones, ("b", "a"), strict=True):
        phone.edit(START_MS, {"name": value})
    server = Server()
    server.accept(FIRST, *(phone.head for phone in phones))
    assert server.merged().body["name"] == "a"
    twin = Phone(1)
    twin.edit(START_MS, {"name": "z"})
    server.accept(twin.head)
    by_hash = server.merged().body["name"]
    assert by_hash in ("a", "z")
    assert phones[1].head.body["stamps"] == twin.head.body["stamps"]


def test_a_field_removed_later_stays_removed() -> None:
    result = merged({"name": "甲"}, {"name": None})
    assert "name" not in result.body
    assert "name" in result.body["stamps"]
    sides = decided(result, "name").sides
    assert [(side.value, side.present) for side in sides if side.changed] in (
        [("甲", True), (None, False)],
        [(None, False), ("甲", True)],
    )


def test_null_is_a_value_and_not_the_same_as_absent_nor_is_one_the_same_as_true() -> None:
    assert merged({"x": 1}, {"y": 0}).body["x"] == 1
    result = merged({"x": True}, {"x": 1})
    assert result.body["x"] is not True
    assert [side.value for side in decided(result, "x").lost] == [True]


def test_reviewed_two_different_values_open_a_review() -> None:
    result = merged({"phone": "12000000001"}, {"phone": "12000000002"})
    assert result.body["phone"] == "12000000002"
    assert result.decision.reviews == (reasons.FIELD_CLASH,)
    assert result.body["merge"]["review"] is True


def test_reviewed_one_change_or_the_same_change_twice_needs_no_review() -> None:
    assert merged({"phone": "12000000001"}, {"name": "甲"}).decision.reviews == ()
    assert merged({"phone": "12000000001"}, {"phone": "12000000001"}).decision.reviews == ()


def test_reviewed_a_value_overwritten_by_one_who_saw_it_is_no_clash() -> None:
    first, second, third = edited(0, {"phone": "12000000001"}), Phone(1), Phone(2)
    second.head = third.head = first.head
    second.edit(START_MS + 5000, {"phone": "12000000002"})
    third.edit(START_MS + 6000, {"name": "甲"})
    other = edited(3, {"tags": []})
    server = Server()
    server.accept(FIRST, first.head, second.head, third.head, other.head)
    result = server.merged()
    assert result.body["phone"] == "12000000002"
    assert result.decision.reviews == ()


# Set


def test_set_additions_unite_and_a_removal_counts() -> None:
    result = merged({"tags": ["t0", "t1", "a"]}, {"tags": ["t1", "b"]})
    assert result.body["tags"] == ["a", "b", "t1"]
    assert decided(result, "tags").lost == ()


def test_set_an_element_changed_by_one_and_removed_by_another_stays() -> None:
    changed = [{"id": "m0", "name": "新名"}, {"id": "m1", "name": "䶮"}]
    result = merged({"members": changed}, {"members": [{"id": "m1", "name": "䶮"}]})
    assert result.body["members"] == changed
    lost = decided(result, "members").lost
    assert [side.value for side in lost] == [[{"id": "m1", "name": "䶮"}]]


def test_set_an_element_removed_and_added_again_stays_when_it_has_a_stamp_of_its_own() -> None:
    again, remover = Phone(0), Phone(1)
    again.edit(START_MS + 1000, {"tags": ["t1"]})
    again.edit(START_MS + 2000, {"tags": ["t0", "t1"]})
    stamp = again.head.body["stamps"]["tags"]
    body = {**again.head.body, "stamps": {**again.head.body["stamps"], "tags/t0": stamp}}
    stamped = child(FIRST, body)
    remover.edit(START_MS + 3000, {"tags": ["t1"]})
    for head, expected in ((again.head, ["t1"]), (stamped, ["t0", "t1"])):
        server = Server()
        server.accept(FIRST, head, remover.head)
        assert server.merged().body["tags"] == expected


def test_set_the_same_element_changed_by_two_goes_to_the_later_and_the_other_is_kept() -> None:
    one, two = ([{"id": "m0", "name": name}] for name in ("一", "二"))
    result = merged({"members": one}, {"members": two})
    assert result.body["members"] == two
    assert [side.value for side in decided(result, "members").lost] == [one]


def test_set_elements_without_a_key_or_with_the_same_key_are_kept_apart() -> None:
    odd = [{"name": "无号"}, {"id": "m0", "name": "一"}, {"id": "m0", "name": "二"}]
    result = merged({"members": odd}, {"members": [*FIRST.body["members"], {"id": "m9"}]})
    for element in odd:
        assert element in result.body["members"]


def test_set_emptied_by_all_is_empty_and_dropped_by_all_is_dropped() -> None:
    assert merged({"tags": []}, {"tags": ["t1"]}).body["tags"] == []
    assert merged({"tags": None, "x": 1}, {"tags": [], "y": 2}).body["tags"] == []
    assert "tags" not in merged({"tags": None, "x": 1}, {"tags": None, "y": 2}).body


# Log


def entry(name: str, second: int) -> Document:
    return {"id": name, "at": f"2026-11-24T08:00:{second:02d}.000Z-0000-00000001", "text": name}


def test_log_entries_unite_in_the_order_of_their_clocks() -> None:
    begin = FIRST.body["log"]
    result = merged({"log": [*begin, entry("b", 20)]}, {"log": [*begin, entry("a", 10)]})
    assert [item["id"] for item in result.body["log"]] == ["e0", "a", "b"]


def test_log_an_entry_that_was_left_out_comes_back() -> None:
    result = merged({"log": []}, {"name": "甲"})
    assert result.body["log"] == FIRST.body["log"]
    assert [side.value for side in decided(result, "log").lost] == [[]]


def test_log_an_entry_changed_by_two_goes_to_the_later_and_the_other_is_kept() -> None:
    one, two = ([{**FIRST.body["log"][0], "text": text}] for text in ("一", "二"))
    result = merged({"log": one}, {"log": two})
    assert result.body["log"] == two
    assert [side.value for side in decided(result, "log").lost] == [one]


# State


def test_state_goes_forward_when_one_state_lies_behind_the_other() -> None:
    result = merged({"state": "done"}, {"state": "handling"})
    assert result.body["state"] == "done"
    assert result.decision.reviews == ()


def test_state_without_a_common_successor_is_contested_and_both_are_kept() -> None:
    result = merged({"state": "done"}, {"state": "rejected"})
    assert result.body["state"] == "contested"
    field = decided(result, "state")
    assert (field.chosen, field.review) == (None, reasons.STATE_CONTESTED)
    assert [side.value for side in field.lost] == ["done", "rejected"] or [
        side.value for side in field.lost
    ] == ["rejected", "done"]


def test_state_a_step_back_that_meets_a_step_forward_is_reviewed() -> None:
    result = merged({"state": "reported"}, {"state": "done"}, base={"state": "handling"})
    assert result.body["state"] == "done"
    assert result.decision.reviews == (reasons.STATE_RETURNED,)
    alone = merged({"state": "reported"}, {"name": "甲"}, base={"state": "handling"})
    assert (alone.body["state"], alone.decision.reviews) == ("reported", ())


def test_state_a_ruling_on_a_contested_state_holds_against_a_resolver_that_did_not_know_it() -> (
    None
):
    done, rejected = edited(0, {"state": "done"}), edited(1, {"state": "rejected"})
    late = edited(2, {"name": "甲"})
    one, two = Server(), Server()
    one.accept(FIRST, done.head, rejected.head)
    two.accept(FIRST, done.head, rejected.head, late.head)
    one.resolve()
    two.resolve()
    judge = Phone(3)
    judge.pull(one, START_MS)
    judge.edit(START_MS + 9000, {"state": "rejected"})
    one.accept(judge.head)
    one.replicate(two)
    result = one.resolve()
    assert (result.body["state"], result.body["name"]) == ("rejected", "甲")
    assert result.decision.reviews == ()


def test_state_that_nobody_declared_goes_by_last_write_and_review() -> None:
    result = merged({"state": "done"}, {"state": "of a newer client"})
    assert result.body["state"] == "of a newer client"
    assert result.decision.reviews == (reasons.FIELD_CLASH,)


def test_the_event_life_cycle_is_used_for_events() -> None:
    base = {**FIRST.body, "type": "event", "status": "10"}
    first = child(None, base)
    heads = []
    for number, status in enumerate(("20", "91")):
        phone = Phone(number, head=first)
        heads.append(phone.edit(START_MS + 1000, {"status": status}))
    leaves = [head.leaf() for head in heads]
    result = merge("event:1", leaves, {first.rev: base})
    assert result.body["status"] == "99"
    assert result.decision.reviews == (reasons.STATE_CONTESTED,)


# Minimum, maximum, counter


def test_minimum_and_maximum() -> None:
    result = merged({"first": 7, "last": 60}, {"first": 3, "last": 90}, {"first": None})
    assert (result.body["first"], result.body["last"]) == (3, 90)
    assert 7 in [side.value for side in decided(result, "first").lost]


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [(("b", "a"), "a", "b"), ((5, "a"), 5, "a"), ((None, 4), 4, 4), ((1, True), 1, True)],
)
def test_minimum_and_maximum_of_other_values(values: Any, low: Any, high: Any) -> None:
    for order in (values, values[::-1]):
        result = merged(*({"first": value, "last": value, "x": 1} for value in order))
        assert result.body["first"] == low
        assert result.body["last"] == high
        assert type(result.body["last"]) is type(high)


def test_counter_adds_up_over_devices_and_never_counts_twice() -> None:
    result = merged(
        {"visits": {"a": 3, "b": 1}}, {"visits": {"a": 2, "b": 5}}, {"visits": {"c": 1}}
    )
    assert result.body["visits"] == {"a": 3, "b": 5, "c": 1}


def test_counter_an_amount_set_back_by_its_own_device_elsewhere_is_kept_in_the_decision() -> None:
    result = merged(
        {"visits": {"a": 3}}, {"visits": {"a": 5}}, {"name": "甲"}, base={"visits": {"a": 2}}
    )
    assert result.body["visits"] == {"a": 5}
    assert [side.value for side in decided(result, "visits").lost] == [{"a": 3}]


# Text


def test_text_changes_of_different_lines_unite() -> None:
    lines = FIRST.body["note"].split("\n")
    result = merged(
        {"note": "\n".join(["甲", *lines[1:]])}, {"note": "\n".join([*lines[:4], "乙"])}
    )
    assert result.body["note"] == "\n".join(["甲", *lines[1:4], "乙"])
    assert result.decision.reviews == ()
    assert decided(result, "note").lost == ()


def test_text_overlapping_changes_are_both_kept_and_reviewed() -> None:
    result = merged({"note": "甲"}, {"note": "乙"}, base={"note": "原"})
    assert sorted(result.body["note"].split("\n")) == ["乙", "甲"]
    assert result.decision.reviews == (reasons.TEXT_OVERLAP,)
    assert len(decided(result, "note").lost) == 2


def test_text_a_line_that_both_wrote_stands_once() -> None:
    result = merged({"note": "甲\n同"}, {"note": "同\n乙"}, base={"note": "原"})
    assert result.body["note"].split("\n").count("同") == 1


def test_text_emptied_by_one_and_changed_by_another_keeps_the_change() -> None:
    result = merged({"note": None}, {"note": "新"}, base={"note": "原"})
    assert result.body["note"] == "新"
    assert result.decision.reviews == (reasons.TEXT_OVERLAP,)


# A value that is not what the policy expects


@pytest.mark.parametrize("name", ["tags", "members", "log", "visits", "note"])
def test_a_value_of_another_kind_goes_by_last_write(name: str) -> None:
    result = merged({name: 5}, {name: {"odd": "value"}}, {"x": 1})
    assert result.body[name] in (5, {"odd": "value"})
    assert len(decided(result, name).lost) == 1


# What all records have


def test_created_is_the_earliest_updated_the_latest_and_stamps_merge_field_by_field() -> None:
    result = merged({"name": "甲"}, {"phone": "12000000001"})
    assert result.body["created"] == FIRST.body["created"]
    assert result.body["updated"]["by"] == "w2"
    assert set(result.body["stamps"]) == {"name", "phone"}
    assert result.body["stamps"]["name"].endswith("-00000001")
    assert result.body["stamps"]["phone"].endswith("-00000002")


def test_a_newer_schema_is_kept_with_its_unknown_fields() -> None:
    result = merged({"schema": 2, "newer": [1]}, {"schema": 1, "name": "甲"})
    assert (result.body["schema"], result.body["newer"]) == (2, [1])


# Deletion


def test_deleted_against_edited_the_edit_wins_and_a_review_opens() -> None:
    editor, deleter = edited(0, {"name": "甲"}), Phone(1)
    deleter.delete()
    server = Server()
    server.accept(FIRST, editor.head, deleter.head)
    result = server.resolve()
    assert (result.deleted, result.body["name"]) == (False, "甲")
    assert result.parent == editor.head.rev
    assert result.tombstones == ()
    assert result.decision.reviews == (reasons.EDITED_AND_DELETED,)
    field = decided(result, "_deleted")
    assert (field.value, [side.rev for side in field.lost]) == (False, [deleter.head.rev])
    assert server.resolve().noop


def test_a_deletion_keeps_what_it_deleted_for_the_one_who_edits_on() -> None:
    first = edited(0, {"name": "甲"})
    deleter, late = Phone(1, head=first.head), edited(2, {"phone": "12000000001"})
    deleter.delete()
    server = Server()
    server.accept(FIRST, first.head, deleter.head, late.head)
    result = server.resolve()
    assert (result.body["name"], result.body["phone"]) == ("甲", "12000000001")


def test_all_deleted_is_nothing_to_do() -> None:
    first = edited(0, {"name": "甲"})
    deleters = [Phone(1), Phone(2, head=first.head)]
    server = Server()
    server.accept(FIRST, first.head, *(phone.delete() for phone in deleters))
    result = server.resolve()
    assert (result.noop, result.deleted, result.tombstones) == (True, True, ())


def test_each_deleted_the_leaf_he_knew_while_those_were_merged() -> None:
    one, two = edited(0, {"name": "甲"}), edited(1, {"phone": "12000000001"})
    server = Server()
    server.accept(FIRST, one.head, two.head)
    server.resolve()
    server.accept(one.delete(), two.delete())
    result = server.resolve()
    assert (result.noop, result.deleted) == (False, True)
    assert result.decision.fields == ()
    assert result.body["type"] == "test"
    assert all(node.deleted for node in server.leaves())
    assert server.resolve().noop
    server.accept(edited(2, {"tags": []}).head)
    again = server.resolve()
    assert not again.deleted
    assert again.decision.reviews == (reasons.EDITED_AND_DELETED,)


# Without stamps


def plain(base: Document, changes: Changes) -> Document:
    """Return a document as an integrator puts it: changed, but neither stamped nor dated."""
    return {**base, **changes}


def test_a_plain_put_without_stamps_merges_by_base() -> None:
    worker = edited(0, {"name": "甲"})
    put = child(FIRST, plain(FIRST.body, {"phone": "12000000009", "tags": ["t1"]}))
    server = Server()
    server.accept(FIRST, worker.head, put)
    result = server.merged()
    assert result.body["name"] == "甲"
    assert result.body["phone"] == "12000000009"
    assert result.body["tags"] == ["t1"]
    assert result.decision.reviews == ()


def test_a_plain_put_of_the_same_field_gives_way_to_a_stamped_one_and_is_reviewed() -> None:
    worker = edited(0, {"phone": "12000000001"})
    put = child(FIRST, plain(FIRST.body, {"phone": "12000000009"}))
    server = Server()
    server.accept(FIRST, worker.head, put)
    result = server.merged()
    assert result.body["phone"] == "12000000001"
    assert [side.value for side in decided(result, "phone").lost] == ["12000000009"]
    assert result.decision.reviews == (reasons.FIELD_CLASH,)


def test_a_put_that_moved_updated_on_counts_from_then() -> None:
    worker = edited(0, {"phone": "12000000001"})
    later = {"at": "2026-11-24T09:00:00.000Z-0000-0000000f", "by": "api", "device": "0000000f"}
    put = child(FIRST, plain(FIRST.body, {"phone": "12000000009", "updated": later}))
    server = Server()
    server.accept(FIRST, worker.head, put)
    result = server.merged()
    assert result.body["phone"] == "12000000009"
    assert result.body["stamps"]["phone"] == later["at"]
    assert next(s for s in decided(result, "phone").sides if s.rev == put.rev).by == "api"


def test_documents_without_any_bookkeeping_still_merge() -> None:
    first = child(None, {"a": 1, "b": 1})
    leaves = [child(first, body).leaf() for body in ({"a": 2, "b": 1}, {"a": 1, "b": 3, "c": 4})]
    result = merge("x", leaves, {first.rev: first.body})
    assert {name: result.body[name] for name in "abc"} == {"a": 2, "b": 3, "c": 4}


def test_two_documents_made_apart_under_one_natural_key_keep_both_sides() -> None:
    phones = [Phone(number) for number in (0, 1)]
    heads = []
    for phone in phones:
        now = START_MS + 1000 * phone.number
        at = {"at": str(phone.clock.now(now)), "by": f"w{phone.number}", "device": phone.device}
        body = {**FIRST.body, "created": at, "updated": at, "stamps": {}}
        body |= {"phone": f"1200000000{phone.number}", "tags": [f"of {phone.number}"]}
        heads.append(child(None, body))
    result = merge("x", [head.leaf() for head in heads], {}, policies=policies)
    assert result.body["tags"] == ["of 0", "of 1"]
    assert result.body["phone"] == "12000000001"
    assert result.decision.reviews == (reasons.FIELD_CLASH,)
    assert result.decision.base is None
    assert result.body["created"] == heads[0].body["created"]


def test_a_phone_two_days_ahead_cannot_hold_a_field_against_one_who_saw_and_changed_it() -> None:
    ahead = Phone(0, skew_ms=2 * 24 * 3_600_000)
    ahead.edit(START_MS, {"name": "快两天"})
    right, bystander = Phone(1, head=ahead.head), Phone(2, head=ahead.head)
    right.edit(START_MS + 1000, {"name": "正确"})
    bystander.edit(START_MS + 2000, {"tags": []})
    server = Server()
    server.accept(FIRST, ahead.head, right.head, bystander.head)
    assert server.merged().body["name"] == "正确"
    leaves = [right.head.leaf(), bystander.head.leaf()]
    assert merge("x", leaves, {}, policies=policies).body["name"] == "正确"
    assert right.clock.now(START_MS + 3000).milliseconds == START_MS + 3000


def test_leaf_order_in_the_decision_is_by_revision() -> None:
    result = merged({"name": "甲"}, {"name": "乙"}, {"name": "丙"})
    assert list(result.decision.leaves) == sorted(result.decision.leaves)
    assert isinstance(result.decision.leaves, tuple)
    assert Leaf(result.rev, result.body, False, (result.parent,)).ancestors[0] == result.parent


# Received: an edit that does not say when it was made


def test_a_plain_edit_counts_from_its_receipt() -> None:
    early, late = (
        edited(n, {"phone": f"1200000000{n}"}, seconds=s).head for n, s in ((1, 5), (2, 9))
    )
    put = child(FIRST, plain(FIRST.body, {"phone": "12000000009", "tags": ["t1"]}))
    at = "2026-11-24T08:00:07.000Z-0000-00000000"
    leaves = [early.leaf(), put.leaf()]
    receipts = {put.rev: Receipt(at, "api")}
    result = merge("x", leaves, {FIRST.rev: FIRST.body}, policies=policies, receipts=receipts)
    assert (result.body["phone"], result.body["tags"]) == ("12000000009", ["t1"])
    assert result.body["stamps"]["phone"] == at
    assert result.body["updated"] == {"at": at, "by": "api", "device": "00000000"}
    side = next(side for side in decided(result, "phone").sides if side.rev == put.rev)
    assert (side.by, side.device, side.at) == ("api", "00000000", at)
    assert result.decision.reviews == (reasons.FIELD_CLASH,)
    leaves = [late.leaf(), put.leaf()]
    result = merge("x", leaves, {FIRST.rev: FIRST.body}, policies=policies, receipts=receipts)
    assert result.body["phone"] == "12000000002"
    assert [side.value for side in decided(result, "phone").lost] == ["12000000009"]


def test_of_two_plain_edits_the_one_received_later_stands() -> None:
    puts = [child(FIRST, plain(FIRST.body, {"name": name})) for name in ("甲", "乙")]
    leaves = [put.leaf() for put in puts]
    ats = ["2026-11-24T08:00:07.000Z-0000-00000000", "2026-11-24T08:00:08.000Z-0000-00000000"]
    for order in (ats, ats[::-1]):
        receipts = {put.rev: Receipt(at, by) for put, at, by in zip(puts, order, "ab", strict=True)}
        for some in (leaves, leaves[::-1]):
            result = merge("x", some, {FIRST.rev: FIRST.body}, policies=policies, receipts=receipts)
            assert result.body["name"] == ("乙" if order == ats else "甲")
            assert result.body["updated"]["at"] == ats[1]


def test_a_receipt_says_nothing_of_a_field_that_has_a_stamp_or_a_base_that_is_gone() -> None:
    worker = edited(0, {"phone": "12000000001"}, seconds=5).head
    put = child(FIRST, plain(FIRST.body, {"phone": "12000000009"}))
    receipts = {put.rev: Receipt("2026-11-24T08:00:07.000Z-0000-00000000", "api")}
    leaves = [worker.leaf(), put.leaf()]
    result = merge("x", leaves, {}, policies=policies, receipts=receipts)
    assert result.body["phone"] == "12000000001"
    receipts = {put.rev: Receipt("not a clock", "api")}
    known = {FIRST.rev: FIRST.body}
    result = merge("x", leaves, known, policies=policies, receipts=receipts)
    assert result.body["phone"] == "12000000001"
    assert result.body["updated"]["by"] == "w1"

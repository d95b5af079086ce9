"""The laws of merging, on histories that phones really make (see ``world``)."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conflicts import Merged, merge
from conflicts.canonical_json import canonical
from tests.conflicts.scripts import changes, edits
from tests.conflicts.world import (
    FIRST,
    LATTICE,
    START_MS,
    Phone,
    Server,
    account,
    content,
    policies,
)

Script = list[tuple[int, tuple[str, int]]]
"""Who edits, and what."""

scripts = st.lists(st.tuples(st.integers(0, 3), edits), min_size=2, max_size=9)
skews = st.lists(
    st.sampled_from([0, 0, 0, -3_000, 2_000, 48 * 3_600_000, -48 * 3_600_000]),
    min_size=4,
    max_size=4,
)
deletions = st.sets(st.integers(0, 3), max_size=2)


def phones_after(script: Script, skew: list[int], deleting: set[int]) -> list[Phone]:
    """Let four phones that all know the first revision edit offline."""
    phones = [Phone(number, skew_ms=skew[number]) for number in range(4)]
    for step, (who, edit) in enumerate(script):
        phone = phones[who]
        phone.edit(START_MS + 1000 * step, changes(phone, *edit))
    for number in deleting:
        phones[number].delete()
    return phones


def server_with(phones: list[Phone]) -> Server:
    server = Server()
    server.accept(FIRST, *(phone.head for phone in phones))
    return server


@given(scripts, skews, deletions, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(
    script: Script, skew: list[int], deleting: set[int], random: Any
) -> None:
    server = server_with(phones_after(script, skew, deleting))
    leaves = [node.leaf() for node in server.leaves()]
    once = merge("test:1", leaves, server.bodies(), policies=policies)
    shuffled = [*leaves, *random.choices(leaves, k=2)]
    random.shuffle(shuffled)
    again = merge("test:1", shuffled, server.bodies(), policies=policies)
    assert again == once
    assert canonical(again.body) == canonical(once.body)
    assert canonical(again.decision.as_document()) == canonical(once.decision.as_document())


@given(scripts, skews, deletions, st.lists(st.booleans(), min_size=4, max_size=4), st.data())
def test_grouping_does_not_matter_and_a_late_leaf_gives_what_it_would_have_given_in_time(
    script: Script, skew: list[int], deleting: set[int], resolving: list[bool], data: st.DataObject
) -> None:
    phones = phones_after(script, skew, deleting)
    together = server_with(phones)
    staged = Server()
    staged.accept(FIRST)
    for phone, resolve in zip(data.draw(st.permutations(phones)), resolving, strict=True):
        staged.accept(phone.head)
        if resolve:
            staged.resolve()
    assert_same_outcome(staged.resolve(), together.resolve())


@given(scripts, scripts, skews, st.lists(st.integers(0, 3), max_size=4), st.data())
def test_a_late_edit_on_a_leaf_already_merged_gives_what_it_would_have_given_in_time(
    before: Script, after: Script, skew: list[int], late: list[int], data: st.DataObject
) -> None:
    phones = phones_after(before, skew, set())
    together, staged = Server(), Server()
    for server in (together, staged):
        server.accept(FIRST, *(phone.head for phone in phones))
    staged.resolve()
    for step, (who, edit) in enumerate(after):
        phone = phones[who]
        phone.edit(START_MS + 60_000 + 1000 * step, changes(phone, *edit))
        together.accept(phone.head)
        staged.accept(phone.head)
        if data.draw(st.booleans()):
            staged.resolve()
    for number in sorted(set(late)):
        phones[number].delete()
        together.accept(phones[number].head)
        staged.accept(phones[number].head)
    assert_same_outcome(staged.resolve(), together.resolve())


def assert_same_outcome(staged: Merged, together: Merged) -> None:
    assert staged.deleted == together.deleted
    if staged.deleted:
        return
    assert content(staged.body) == content(together.body)
    assert account(staged.body) == account(together.body)
    if not staged.noop and not together.noop:
        assert staged.decision.fields == together.decision.fields
        assert staged.decision.reviews == together.decision.reviews
        assert staged.decision.base == together.decision.base


@given(scripts, skews, deletions)
def test_what_is_merged_stays_as_it_is(script: Script, skew: list[int], deleting: set[int]) -> None:
    server = server_with(phones_after(script, skew, deleting))
    first = server.resolve()
    second = server.resolve()
    assert second.noop
    assert not second.tombstones
    assert second.rev == first.rev == server.winner().rev
    live = [node for node in server.leaves() if not node.deleted]
    assert len(live) == (0 if first.deleted else 1)


@given(scripts, skews, deletions)
def test_the_bodies_that_are_wanted_are_enough(
    script: Script, skew: list[int], deleting: set[int]
) -> None:
    server = server_with(phones_after(script, skew, deleting))
    assert server.merged() == server.merged(all_bodies=True)


@given(scripts, skews)
def test_states_never_go_backwards(script: Script, skew: list[int]) -> None:
    phones = phones_after(script, skew, set())
    server = server_with(phones)
    state = server.merged().body["state"]
    for phone in phones:
        assert state in LATTICE.above[phone.head.body["state"]]


@given(scripts, skews)
def test_without_any_archive_order_does_not_matter_and_nothing_is_lost(
    script: Script, skew: list[int]
) -> None:
    phones = phones_after(script, skew, set())
    leaves = [node.leaf() for node in server_with(phones).leaves()]
    once = merge("test:1", leaves, {}, policies=policies)
    for order in permutations(leaves):
        assert merge("test:1", order, {}, policies=policies) == once
    if once.noop:
        return
    decided = {decision.field: decision for decision in once.decision.fields}
    for leaf in leaves:
        for name in ("name", "phone", "unknown"):
            value = leaf.body.get(name)
            changed = leaf.body["stamps"].get(name) is not None
            if changed and value != once.body.get(name):
                assert value in [side.value for side in decided[name].lost]
        assert {item["id"] for item in leaf.body["log"]} <= {
            item["id"] for item in once.body["log"]
        }
        several = sum("tags" in other.body["stamps"] for other in leaves) > 1
        if several and "tags" in leaf.body["stamps"]:
            assert set(leaf.body["tags"]) <= set(once.body["tags"])


@given(scripts, skews, deletions)
def test_a_single_leaf_is_left_alone(script: Script, skew: list[int], deleting: set[int]) -> None:
    for phone in phones_after(script, skew, deleting):
        merged = merge("test:1", [phone.head.leaf()], {}, policies=policies)
        assert merged.noop
        assert (merged.rev, merged.body) == (phone.head.rev, phone.head.body)
        assert not merged.tombstones
        assert merged.deleted == phone.head.deleted


@settings(max_examples=30)
@given(scripts)
def test_ancestors_among_the_leaves_change_nothing(script: Script) -> None:
    server = server_with(phones_after(script, [0] * 4, set()))
    merged = server.merged()
    leaves = [node.leaf() for node in server.leaves()]
    widened = merge("test:1", [*leaves, FIRST.leaf()], server.bodies(), policies=policies)
    assert (widened.rev, widened.body) == (merged.rev, merged.body)


def test_no_leaf_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one leaf"):
        merge("test:1", [], {})

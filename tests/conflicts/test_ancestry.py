"""Which state is the base, in trees and in histories that crossed; what is asked of the archive."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conflicts import Leaf, merge, reasons, wanted
from conflicts.ancestry import History
from tests.conflicts.world import (
    FIRST,
    START_MS,
    Node,
    Phone,
    Server,
    child,
    content,
    policies,
)


def edit(number: int, head: Node, second: int, **changes: object) -> Node:
    return Phone(number, head=head).edit(START_MS + 1000 * second, changes)


def merged_node(server: Server) -> Node:
    server.resolve()
    return server.winner()


def test_the_base_of_two_leaves_is_the_revision_from_which_they_parted() -> None:
    first = edit(0, FIRST, 1, name="甲")
    left, right = edit(0, first, 2, phone="12000000001"), edit(1, first, 3, tags=[])
    server = Server()
    server.accept(FIRST, first, left, right)
    assert server.merged().decision.base_rev == first.rev
    assert wanted([left.leaf(), right.leaf()], {}) == [first.rev]


def test_a_late_edit_on_a_merged_leaf_has_that_leaf_as_its_base_with_what_was_edited_since() -> (
    None
):
    one = edit(0, FIRST, 1, tags=["t0", "t1", "new"])
    two = edit(1, FIRST, 2, name="甲")
    server = Server()
    server.accept(FIRST, one, two)
    head = merged_node(server)
    since = edit(2, head, 3, phone="12000000001")
    late = edit(0, one, 4, tags=["t0", "t1"])
    server.accept(since, late)
    result = server.merged()
    assert result.decision.base_rev == one.rev
    assert result.body["tags"] == ["t0", "t1"]
    assert (result.body["name"], result.body["phone"]) == ("甲", "12000000001")


def test_a_merged_revision_is_taken_apart_and_its_review_is_decided_anew() -> None:
    server = Server()
    server.accept(FIRST, edit(0, FIRST, 1, phone="12000000001"))
    server.accept(edit(1, FIRST, 2, phone="12000000002"))
    first = server.resolve()
    server.accept(edit(2, FIRST, 3, phone="12000000003"))
    second = server.resolve()
    assert second.decision.supersedes == (first.rev,)
    assert second.decision.reviews == (reasons.FIELD_CLASH,)
    (field,) = second.decision.fields
    assert sorted(side.value for side in field.lost) == ["12000000001", "12000000002"]


def test_after_an_edit_the_merged_revision_stands_and_its_review_is_not_asked_again() -> None:
    server = Server()
    server.accept(FIRST, edit(0, FIRST, 1, phone="12000000001"))
    server.accept(edit(1, FIRST, 2, phone="12000000002"))
    head = merged_node(server)
    server.accept(edit(3, head, 4, name="甲"), edit(2, FIRST, 3, tags=[]))
    result = server.merged()
    assert result.decision.supersedes == ()
    assert result.decision.reviews == ()
    assert (result.body["phone"], result.body["tags"]) == ("12000000002", [])


def test_crossed_histories_take_the_merge_of_their_common_ancestors_as_base() -> None:
    """Two servers merge the same two leaves with different third ones; people edit on both."""
    one = edit(0, FIRST, 1, tags=["t0", "t1", "one"])
    two = edit(1, FIRST, 2, tags=["t1"])
    servers = [Server(), Server()]
    heads = []
    for number, server in enumerate(servers):
        third = edit(2 + number, FIRST, 3, **{f"field{number}": number})
        server.accept(FIRST, one, two, third)
        heads.append(merged_node(server))
    left = edit(4, heads[0], 10, tags=["t1"])
    right = edit(5, heads[1], 11, name="甲")
    servers[0].accept(left)
    servers[1].accept(right)
    servers[0].replicate(servers[1])
    result = servers[0].merged()
    assert result == servers[1].merged()
    assert result.decision.base_rev is None
    assert result.decision.base is not None
    assert result.decision.base["tags"] == ["one", "t1"]
    assert result.body["tags"] == ["t1"]
    assert [result.body[name] for name in ("field0", "field1", "name")] == [0, 1, "甲"]


def test_three_leaves_with_two_bases_are_judged_pair_by_pair() -> None:
    first = edit(0, FIRST, 1, phone="12000000001")
    left, right = edit(0, first, 2, phone="12000000002"), edit(1, first, 3, name="甲")
    other = edit(2, FIRST, 4, tags=["t1"])
    server = Server()
    server.accept(FIRST, first, left, right, other)
    result = server.merged()
    assert result.body["phone"] == "12000000002"
    assert result.decision.reviews == ()
    assert result.decision.base_rev == FIRST.rev


def long_history(length: int) -> Node:
    chain = tuple(f"{number}-{number:032x}" for number in range(length, 0, -1))
    return Node(chain[0], chain, FIRST.body)


@pytest.mark.parametrize("length", [1, 10, 1000])
def test_only_one_body_is_wanted_however_long_the_history(length: int) -> None:
    top = long_history(length)
    leaves = [edit(number, top, number + 1, name=str(number)).leaf() for number in range(3)]
    assert wanted(leaves, {}) == [top.rev]
    assert wanted(leaves, {top.rev: top.body}) == []


def test_work_does_not_grow_with_the_length_of_the_history() -> None:
    def looked_at(length: int) -> int:
        top = long_history(length)
        leaves = [edit(number, top, number + 1, name=str(number)).leaf() for number in range(3)]
        history = History(leaves, {top.rev: top.body})
        history.survey(history.leaves)
        return sum(len(history.contained(rev)) for rev in history.leaves)

    assert looked_at(1000) == looked_at(10)


def test_when_the_base_is_gone_an_older_one_is_asked_for_and_used() -> None:
    first = edit(0, FIRST, 1, name="甲")
    left, right = edit(0, first, 2, tags=["t1"]), edit(1, first, 3, phone="12000000001")
    leaves = [left.leaf(), right.leaf()]
    assert wanted(leaves, {}, frozenset({first.rev})) == [FIRST.rev]
    assert wanted(leaves, {}, frozenset({first.rev, FIRST.rev})) == []
    result = merge("x", leaves, {FIRST.rev: FIRST.body}, policies=policies)
    assert result.decision.base_rev == FIRST.rev
    assert result.body["tags"] == ["t1"]
    assert result.body["name"] == "甲"


def test_a_merged_revision_whose_parts_are_gone_stands_for_itself() -> None:
    server = Server()
    server.accept(FIRST, edit(0, FIRST, 1, name="甲"), edit(1, FIRST, 2, name="乙"))
    server.resolve()
    late = edit(2, FIRST, 3, tags=["t1"])
    server.accept(late)
    leaves = [node.leaf() for node in server.leaves()]
    alone = merge("x", leaves, {FIRST.rev: FIRST.body}, policies=policies)
    assert server.winner().rev in alone.decision.leaves
    assert alone.decision.supersedes == ()
    assert content(alone.body) == content(server.merged().body)


def alter_field(node: Node) -> Node:
    return child(FIRST, {**node.body, "name": "他"}, rev=node.rev)


def alter_note(node: Node) -> Node:
    note = {**node.body["merge"], "parents": [*node.body["merge"]["parents"], "2-" + "f" * 32]}
    return child(FIRST, {**node.body, "merge": note}, rev=node.rev)


@pytest.mark.parametrize("alter", [alter_field, alter_note])
def test_only_what_the_resolver_wrote_is_taken_apart(alter: Callable[[Node], Node]) -> None:
    server = Server()
    server.accept(FIRST, edit(0, FIRST, 1, name="甲"), edit(1, FIRST, 2, name="乙"))
    head = merged_node(server)
    altered = Node(head.rev, head.chain, alter(head).body)
    server.nodes[head.rev] = altered
    history = History([node.leaf() for node in server.leaves()], server.bodies())
    assert history.authors(head.rev) == {head.rev}
    server.nodes[head.rev] = head
    history = History([node.leaf() for node in server.leaves()], server.bodies())
    assert len(history.authors(head.rev)) == 2


def test_a_note_copied_from_another_document_contains_nothing_here() -> None:
    note = {"parents": ["7-" + "a" * 32, "7-" + "b" * 32], "policy": 1}
    copied = edit(0, FIRST, 1, name="甲", merge=note)
    other = edit(1, FIRST, 2, phone="12000000001")
    server = Server()
    server.accept(FIRST, copied, other)
    result = server.merged()
    assert (result.body["name"], result.body["phone"]) == ("甲", "12000000001")
    assert result.body["merge"]["parents"] == sorted([copied.rev, other.rev])


def test_live_leaves_that_are_contained_are_closed_without_a_new_revision() -> None:
    server = Server()
    one, two = edit(0, FIRST, 1, name="甲"), edit(1, FIRST, 2, name="乙")
    server.accept(FIRST, one, two)
    first = server.merged()
    server.accept(child(server.nodes[first.parent], first.body, rev=first.rev))
    again = server.merged()
    assert (again.noop, again.rev, again.tombstones) == (True, first.rev, first.tombstones)


def test_only_tombstones_of_ours_are_nothing_to_do() -> None:
    server = Server()
    server.accept(FIRST, edit(0, FIRST, 1, name="甲"), edit(1, FIRST, 2, name="乙"))
    server.resolve()
    tombstones = [node.leaf() for node in server.leaves() if node.deleted]
    result = merge("x", tombstones, {}, policies=policies)
    assert (result.noop, result.deleted, result.tombstones) == (True, True, ())


def test_the_winning_leaf_is_the_parent_and_the_generation_has_no_gap() -> None:
    long = edit(0, edit(0, FIRST, 1, name="甲"), 2, name="乙")
    short = edit(1, FIRST, 3, phone="12000000001")
    deleted = Phone(2, head=edit(2, edit(2, edit(2, FIRST, 4, x=1), 5, x=2), 6, x=3)).delete()
    server = Server()
    server.accept(FIRST, long, short, deleted)
    result = server.merged()
    assert result.parent == long.rev
    assert result.rev.startswith("4-")
    assert [leaf for leaf, _ in result.tombstones] == [short.rev]
    assert result.tombstones[0][1].startswith("3-")
    assert result.body["merge"]["parents"] == sorted([long.rev, short.rev, deleted.rev])


def test_leaf_without_ancestors_merges_too() -> None:
    leaves = [Leaf(f"{n}-{n:032x}", {"type": "test", "x": n}, False, ()) for n in (1, 2)]
    result = merge("x", leaves, {}, policies=policies)
    assert result.parent == leaves[1].rev
    assert result.decision.base_rev is None


@pytest.mark.parametrize("phone", [f"1200000000{last}" for last in range(8)])
def test_two_sites_that_archived_different_things_close_each_others_merges_alike(
    phone: str,
) -> None:
    """Each site merges with what it saw; then both see both merges and must keep the same one."""
    gone = child(FIRST, {}, deleted=True)
    first, second = Server(), Server()
    first.accept(FIRST, edit(0, FIRST, 1, phone=phone), gone)
    second.accept(FIRST, edit(1, FIRST, 2, name="甲"))
    first.resolve()
    second.accept(*first.leaves())  # the merge and what it closed, without their bodies
    first.accept(*(node for node in second.leaves() if node.body.get("name") == "甲"))
    assert first.resolve().rev != second.resolve().rev
    for _ in range(2):
        first.replicate(second)
        first.resolve()
        second.resolve()
    assert first.winner() == second.winner()
    (live,) = [node for node in first.leaves() if not node.deleted]
    assert (live.body["phone"], live.body["name"]) == (phone, "甲")

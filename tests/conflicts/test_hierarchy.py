"""Operations on the tree of grids: in whatever order they arrive, one tree, and always a tree."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conflicts import structure as found
from conflicts.hierarchy import fold
from conflicts.structure import FINDINGS, Structure
from grid.hierarchy import GridNode
from grid.operations import GridOperation, Kind
from grid.placing import Part, Rule, place

D, T = "440904", "440904001"
V1, V2 = T + "001", T + "002"
G1, G2, G3 = V1 + "001", V1 + "002", V2 + "001"
A, B, C = G1 + "01", G1 + "02", G2 + "01"
NEW1, NEW2 = G1 + "08", G1 + "09"
DAY = "2026-12-01"


def tree() -> list[GridNode]:
    return [
        GridNode(D, None, 1, "区"),
        GridNode(T, D, 2, "镇"),
        GridNode(V1, T, 3, "甲村"),
        GridNode(V2, T, 3, "乙村"),
        GridNode(G1, V1, 4, "一组"),
        GridNode(G2, V1, 4, "二组"),
        GridNode(G3, V2, 4, "三组"),
        GridNode(A, G1, 5, "子"),
        GridNode(B, G1, 5, "丑"),
        GridNode(C, G2, 5, "寅"),
    ]


def order(number: int, kind: Kind, *grids: str, **rest: object) -> GridOperation:
    stamp = f"2026-11-24T08:00:{number:02d}.000Z-0000-00000000"
    values = {"effective": DAY, "by": "town", "grids": grids, **rest}
    return GridOperation(f"operation:{number:02d}", kind, stamp, **values)  # type: ignore[arg-type]


def split(number: int, code: str = A, new: Sequence[str] = (NEW1, NEW2)) -> GridOperation:
    parts = tuple(Part(one, f"新{one[-2:]}", (Rule(room_to="300"),)) for one in new)
    return order(number, Kind.SPLIT, code, parts=parts, main=new[0])


def merge(number: int, sources: Sequence[str], into: str, name: str | None = None) -> GridOperation:
    return order(number, Kind.MERGE, *sources, parts=(Part(into, name),))


def move(number: int, code: str, parent: str, before: str | None = None) -> GridOperation:
    return order(number, Kind.MOVE, code, parent=parent, before=before)


def undo(number: int, of: int) -> GridOperation:
    return order(number, Kind.UNDO, of=f"operation:{of:02d}")


def run(*operations: GridOperation, day: str = DAY) -> Structure:
    return fold(tree(), operations, day)


def effect(structure: Structure, number: int) -> tuple[str, str | None]:
    what = structure.effects[f"operation:{number:02d}"]
    return what.status, what.finding


def check(structure: Structure) -> None:
    """No cycle, no orphan, and records sent on arrive."""
    hierarchy = structure.hierarchy
    for node in hierarchy:
        assert hierarchy.path(node.code)[0] == D
        if not node.closed and node.parent is not None:
            assert not hierarchy.node(node.parent).closed, f"{node.code} is an orphan"
        if node.closed and node.code in structure.routes:
            assert structure.current(node.code) or _dead_end(structure, node.code)
        assert set(node.predecessors) | set(node.successors) <= {one.code for one in hierarchy}
    for code in structure.routes:
        assert hierarchy.node(code).closed
        _walk(structure, code, ())
    assert all(one.finding is None or one.finding in FINDINGS for one in structure.effects.values())


def _walk(structure: Structure, code: str, before: tuple[str, ...]) -> None:
    assert code not in before, "records would go round in circles"
    route = structure.routes.get(code)
    for part in route.parts if route else ():
        _walk(structure, part.code, (*before, code))


def _dead_end(structure: Structure, code: str) -> bool:
    """Tell whether all who took over were themselves closed with nobody after them."""
    route = structure.routes.get(code)
    if route is None:
        return structure.hierarchy.node(code).closed
    return all(_dead_end(structure, part.code) for part in route.parts)


POOL = [
    order(0, Kind.RENAME, A, name="新名", before="子"),
    split(0),
    split(0, B, (NEW2, NEW1)),
    merge(0, (A, B), A),
    merge(0, (A, B), B),
    merge(0, (G1, G2), V1 + "009", "合组"),
    move(0, A, G2, G1),
    move(0, A, G3, G1),
    move(0, G1, V2, V1),
    move(0, V1, G1),
    order(0, Kind.CLOSE, A),
    order(0, Kind.CLOSE, G2, parts=(Part(G1),)),
    order(0, Kind.REOPEN, A),
]


def stamped(one: GridOperation, number: int) -> GridOperation:
    return replace(one, id=f"operation:{number:02d}", stamp=order(number, Kind.RENAME).stamp)


def test_every_order_of_up_to_four_operations_keeps_the_tree_a_tree() -> None:
    """Exhaustive: thirteen operations, all sequences of four, with and without an undo."""
    seen = 0
    for sequence in itertools.permutations(POOL, 4):
        operations = [stamped(one, number) for number, one in enumerate(sequence)]
        check(run(*operations))
        seen += 1
    for shorter in itertools.permutations(POOL, 3):
        operations = [stamped(one, number) for number, one in enumerate(shorter)]
        check(run(*operations, undo(7, 0)))
        check(run(*operations, undo(7, 2), undo(8, 1), undo(9, 0)))
        seen += 2
    assert seen == 13 * 12 * 11 * (10 + 2)


@st.composite
def orders(draw: st.DrawFn) -> list[GridOperation]:
    chosen = draw(st.lists(st.sampled_from(POOL), min_size=1, max_size=9))
    operations = []
    for number, one in enumerate(chosen):
        day = draw(st.sampled_from(["2026-11-25", DAY, "2026-12-09"]))
        operations.append(replace(stamped(one, number), effective=day))
    for number in range(draw(st.integers(0, 3))):
        of = draw(st.integers(0, len(chosen) - 1))
        operations.append(undo(20 + number, of))
    return operations


@settings(max_examples=300, deadline=None)
@given(orders(), st.randoms(use_true_random=False))
def test_whatever_order_they_arrive_in_all_servers_agree(
    operations: list[GridOperation], random: object
) -> None:
    shuffled = [*operations, *operations[:2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for day in (DAY, "2027-01-01"):
        one, other = fold(tree(), operations, day), fold(reversed(tree()), shuffled, day)
        check(one)
        assert {node.code: node for node in one.hierarchy} == {
            node.code: node for node in other.hierarchy
        }
        assert (one.routes, one.effects, one.recalls) == (
            other.routes,
            other.effects,
            other.recalls,
        )
    again = [GridOperation.from_document(o.id, o.as_document()) for o in operations]
    assert fold(tree(), again, DAY).effects == fold(tree(), operations, DAY).effects


@settings(max_examples=300, deadline=None)
@given(orders(), st.data())
def test_a_code_that_was_in_use_at_any_server_is_known_to_all(
    operations: list[GridOperation], data: st.DataObject
) -> None:
    """Somebody may have recorded something in a grid of an operation that does not hold after all;
    who worked where it was to take over may still hand that in."""
    early = data.draw(st.lists(st.sampled_from(operations), unique_by=lambda one: one.id))
    before, after = fold(tree(), early, DAY), fold(tree(), operations, DAY)
    imported = {node.code for node in tree()}
    for node in before.hierarchy:
        assert node.code in after.hierarchy
        if node.code not in imported:
            assert not after.came_from(node.code).isdisjoint(after.issued[node.code])


def test_a_code_of_an_operation_that_was_cancelled_leads_back() -> None:
    """One server had carried it out before it heard of that."""
    later = replace(split(1), effective="2026-12-24")
    at_one, at_all = run(later, day="2026-12-24"), run(later, undo(2, 1), day="2026-12-24")
    assert not at_one.hierarchy.node(NEW1).closed
    assert at_all.hierarchy.node(NEW1).closed
    assert at_all.current(NEW1) == (A,)
    assert NEW1 in at_all.taken_over({A})
    assert NEW1 not in run(later, undo(2, 1)).hierarchy  # its day has not come


def test_a_code_given_twice_gives_back_what_the_operation_that_did_not_hold_had_moved() -> None:
    structure = run(split(1, A, (NEW1, NEW2)), split(2, B, (NEW1, G1 + "10")))
    assert effect(structure, 2) == (found.IGNORED, found.CODE_TAKEN)
    (recall,) = structure.recalls
    assert (recall.undone, recall.sources, recall.targets) == ("operation:02", (B,), (NEW1,))
    assert structure.current(G1 + "10") == (B,)
    # Whoever worked in B may hand in what he recorded in what was his part for a while.
    assert structure.came_from(NEW1) == {A, B}


def test_two_grids_merged_into_each_other_end_in_one() -> None:
    structure = run(merge(1, (A,), B), merge(2, (B,), A))
    assert effect(structure, 2) == (found.IGNORED, found.CYCLE)
    assert structure.current(A) == structure.current(B) == (B,)


def test_of_two_moves_the_later_holds_and_a_person_is_told() -> None:
    structure = run(move(1, A, G2, G1), move(2, A, G3, G1))
    assert structure.hierarchy.path(A) == (D, T, V2, G3, A)
    assert effect(structure, 1) == (found.APPLIED, None)
    assert effect(structure, 2) == (found.APPLIED, found.CROSSED)


def test_no_grid_goes_below_itself() -> None:
    assert effect(run(move(1, V1, G1)), 1) == (found.IGNORED, found.CYCLE)
    assert effect(run(move(1, A, V2)), 1) == (found.IGNORED, found.WRONG_LEVEL)


def test_a_move_under_a_grid_closed_meanwhile_goes_to_its_successor() -> None:
    structure = run(merge(1, (G2,), G3), move(2, A, G2, G1))
    assert structure.hierarchy.node(A).parent == G3
    assert structure.hierarchy.node(C).parent == G3
    assert effect(structure, 2) == (found.APPLIED, found.REDIRECTED)


def test_what_was_passed_over_holds_when_an_earlier_operation_arrives_late() -> None:
    moved, closed = move(2, C, G1, G2), order(3, Kind.CLOSE, G2)
    assert effect(run(closed), 3) == (found.IGNORED, found.HAS_CHILDREN)
    structure = run(closed, moved)
    assert effect(structure, 3) == (found.APPLIED, None)
    check(structure)


def test_a_split_keeps_both_directions_of_descent_and_codes_are_not_used_again() -> None:
    structure = run(split(1), merge(2, (B, C), NEW1, "重用"))
    old, new = structure.hierarchy.node(A), structure.hierarchy.node(NEW1)
    assert (old.closed, old.valid_to, old.successors) == (True, DAY, (NEW1, NEW2))
    assert (new.parent, new.valid_from, new.predecessors) == (G1, DAY, (A,))
    assert structure.current(A) == (NEW1, NEW2)
    assert structure.taken_over({A, C}) == {A, C, NEW1, NEW2}
    assert effect(structure, 2) == (found.IGNORED, found.CODE_TAKEN)


def test_before_its_day_an_operation_waits_and_can_be_cancelled() -> None:
    later = replace(split(1), effective="2026-12-24")
    assert effect(run(later), 1) == (found.PENDING, None)
    assert not run(later).hierarchy.node(A).closed
    assert run(later, day="2026-12-24").hierarchy.node(A).closed
    cancelled = run(later, undo(2, 1), day="2026-12-24")
    assert effect(cancelled, 1) == (found.CANCELLED, None)
    assert not cancelled.hierarchy.node(A).closed


def test_undo_of_a_split_brings_the_old_grid_back_and_sends_records_home() -> None:
    structure = run(split(1), undo(2, 1))
    assert effect(structure, 1)[0] == found.UNDONE
    assert not structure.hierarchy.node(A).closed
    assert structure.current(NEW1) == structure.current(NEW2) == (A,)
    assert structure.routes[NEW1].undone == "operation:01"
    check(structure)


def test_undo_of_a_merge_of_villages_hangs_their_groups_back() -> None:
    new = T + "009"
    structure = run(merge(1, (V1, V2), new, "合村"))
    assert structure.hierarchy.path(A) == (D, T, new, G1, A)
    structure = run(merge(1, (V1, V2), new, "合村"), undo(2, 1))
    assert structure.hierarchy.path(A) == (D, T, V1, G1, A)
    assert structure.hierarchy.path(G3) == (D, T, V2, G3)
    assert structure.hierarchy.node(new).closed


def test_undo_of_a_merge_into_a_grid_that_stays_recalls_the_records() -> None:
    structure = run(merge(1, (A,), B), undo(2, 1))
    assert [(one.sources, one.targets) for one in structure.recalls] == [((A,), (B,))]
    assert not structure.hierarchy.node(A).closed
    assert structure.routes == {}


def test_undo_is_refused_when_later_operations_build_on_it() -> None:
    assert effect(run(split(1), merge(2, (NEW1,), B), undo(3, 1)), 3) == (
        found.IGNORED,
        found.OVERTAKEN,
    )
    renamed = order(1, Kind.RENAME, A, name="一")
    again = order(2, Kind.RENAME, A, name="二", before="一")
    assert effect(run(renamed, again, undo(3, 1)), 3) == (found.IGNORED, found.OVERTAKEN)
    assert effect(run(undo(3, 1), order(1, Kind.RENAME, "999999", name="一")), 3) == (
        found.IGNORED,
        found.NOTHING_TO_UNDO,
    )


def test_a_split_of_a_village_hands_out_its_groups() -> None:
    one, two = T + "008", T + "009"
    parts = (Part(one, "东村", children=(G1,)), Part(two, "西村", children=(G3,)))
    structure = run(order(1, Kind.SPLIT, V1, parts=parts, main=two))
    assert structure.hierarchy.node(G1).parent == one
    assert structure.hierarchy.node(G2).parent == two  # named nowhere: to the main part
    assert structure.hierarchy.node(G3).parent == V2  # not its group: left alone


@pytest.mark.parametrize(
    ("household", "expected"),
    [
        ({"address": "人民路 8 号", "building": "4栋", "room": "302"}, "one"),
        ({"address": "人民路8号", "building": "4", "room": "1001"}, "two"),
        ({"address": "人民路8号", "building": "４ 栋", "room": "401室"}, "one"),
        ({"address": "解放路1号", "building": "4栋", "room": "302"}, None),
        ({"address": "解放路1号", "_id": "household:LISTED"}, "two"),
        ({"address": 7, "building": None}, None),
    ],
)
def test_households_go_where_the_list_or_the_first_rule_says(
    household: dict[str, object], expected: str | None
) -> None:
    near = Rule(address="人民路8号", building="4", room_to="1000")
    far = Rule(address="人民路8号")
    parts = [
        Part("one", rules=(near, Rule())),
        Part("two", rules=(far,), households=("household:LISTED",)),
    ]
    assert place(parts, None, str(household.get("_id", "household:X")), household) == expected


def test_every_finding_is_said_in_two_languages() -> None:
    assert all(zh and en for zh, en in FINDINGS.values())


def test_free_codes_go_on_after_the_highest_ever_used() -> None:
    structure = run(split(1), order(2, Kind.CLOSE, B))
    assert structure.free_codes(G1, 2) == [G1 + "10", G1 + "11"]
    assert structure.free_codes(G2, 1) == [G2 + "02"]
    assert structure.free_codes(G3, 3) == [G3 + "01", G3 + "02", G3 + "03"]
    assert len(structure.free_codes(G3, 1000)) == 99
    assert structure.free_codes(V1, 1) == [V1 + "003"]
    assert structure.free_codes(T, 1) == [T + "003"]
    assert structure.free_codes(D, 1) == [D + "002"]

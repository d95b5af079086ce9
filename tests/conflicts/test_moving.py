"""Where a record lives: the highest claim, whatever leaves stand beside it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conflicts.model import Leaf
from conflicts.moving import (
    Claim,
    Order,
    above,
    at_home,
    home_of,
    moved_away,
    moved_revision,
    moved_tombstone,
    order_of,
    returned_revision,
)

A, B, C = "44090400420500101", "44090400420500102", "44090400420500103"
STAMPS = [f"2026-11-24T08:00:0{n}.000Z-0000-00000000" for n in range(8)]


def record(stamp: str | None = None, grid: str = A) -> Leaf:
    stamps = {} if stamp is None else {"grid": stamp}
    updated = {"at": STAMPS[1], "by": "worker1", "device": "aaaaaaa1"}
    body = {"type": "household", "grid": grid, "stamps": stamps, "updated": updated, "note": "甲"}
    return Leaf("1-a", body, False, ())


def leaf_of(made: tuple[str, dict[str, object]], *, deleted: bool = False) -> Leaf:
    return Leaf(made[0], made[1], deleted, ("1-a",))


orders = st.builds(Order, st.sampled_from([A, B, C]), st.sampled_from(STAMPS), st.just("town"))


@given(orders, st.one_of(st.none(), st.sampled_from(STAMPS)))
def test_a_moved_record_claims_its_new_grid_above_all_before(
    order: Order, before: str | None
) -> None:
    leaf = record(before)
    moved = leaf_of(moved_revision(leaf, order))
    claim = home_of([leaf, moved], A)
    assert claim is not None
    assert claim.grid == order.grid
    assert claim.stamp >= order.stamp
    assert claim.stamp > (before or "")
    assert moved.body["note"] == "甲"
    assert moved.body["updated"]["at"] >= leaf.body["updated"]["at"]
    assert moved_revision(leaf, order) == moved_revision(leaf, order)


@given(st.lists(orders, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_highest_claim_is_home_in_any_order(made: list[Order], random: object) -> None:
    leaves = [leaf_of(moved_tombstone(record(), order), deleted=True) for order in made]
    leaves.append(record())
    expected = max(Claim(order.stamp, order.grid) for order in made)
    random.shuffle(leaves)  # type: ignore[attr-defined]
    assert home_of(leaves, A) == expected
    kept = at_home(leaves, A)
    assert list(kept) == ([record()] if expected.grid == A else [])


@given(orders)
def test_a_tombstone_tells_the_order_it_was_written_for(order: Order) -> None:
    order = order._replace(operation="operation:01")
    stone = leaf_of(moved_tombstone(record(), order), deleted=True)
    assert order_of(stone.body) == order
    assert moved_away(stone.body, True)
    assert not moved_away(stone.body, False)


def test_a_persons_deletion_claims_nothing() -> None:
    deleted = Leaf("2-b", {"type": "household"}, True, ("1-a",))
    assert home_of([deleted], A) is None
    assert at_home([deleted], A) == [deleted]
    assert home_of([Leaf("1-c", {"grid": 7, "stamps": [1]}, False, ())], A) == Claim("", A)


def test_what_a_move_writes_for_ever() -> None:
    """Two servers that move a record write the same revisions, so they must never change."""
    leaf = record(STAMPS[2])
    order = Order(B, STAMPS[3], "town", "operation:1")
    rev, body = moved_revision(leaf, order)
    assert rev == "2-b49fb664eebcdf4188f54c71bee60675"
    assert body == {
        **leaf.body,
        "grid": B,
        "stamps": {"grid": STAMPS[3]},
        "updated": {"at": STAMPS[3], "by": "town", "device": "00000000"},
    }
    stone_rev, stone = moved_tombstone(leaf, order)
    assert stone_rev == "2-d68412cd2c9b35e580375df554dfe3fc"
    assert stone == {
        "type": "household",
        "moved_to": B,
        "moved_by": "operation:1",
        "stamps": {"grid": STAMPS[3]},
        "updated": {"at": STAMPS[3], "by": "town", "device": "00000000"},
    }
    assert order_of(stone) == order
    assert returned_revision(leaf, order) == "2-706a530b0c009b57b7275a7546bc2277"


def test_a_move_of_a_record_that_says_nothing_of_itself() -> None:
    bare = Leaf("1-a", {"x": 1, "stamps": 5, "updated": 5}, False, ())
    _, body = moved_revision(bare, Order(B, STAMPS[3], "town"))
    assert (body["grid"], body["stamps"]) == (B, {"grid": STAMPS[3]})
    assert order_of({"moved_to": B, "updated": 5, "moved_by": 5}) == Order(B, "", "", None)


def test_a_clock_just_above_another() -> None:
    assert above(None, STAMPS[3]) == STAMPS[3]
    assert above(STAMPS[2], STAMPS[3]) == STAMPS[3]
    assert above(STAMPS[3], STAMPS[3]) == STAMPS[3].replace("-0000-", "-0001-")
    assert above(STAMPS[5], STAMPS[3]) == STAMPS[5].replace("-0000-", "-0001-")
    assert above("zzz", STAMPS[3]) == STAMPS[3]

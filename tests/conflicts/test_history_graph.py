"""The revision graph against the plain definition: what contains what, on histories of all shapes.

The graph stops walking where all histories join, and finds places by number; here everything is
walked to the end.
"""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from conflicts import Leaf, wanted
from conflicts.ancestry import History
from tests.conflicts.test_ancestry import edit, long_history
from tests.conflicts.world import FIRST, START_MS, Node, Phone, Server, child

steps = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["edit", "edit", "sync", "push", "delete"])),
    min_size=3,
    max_size=14,
)


def played(trunk: int, script: list[tuple[int, str]]) -> Server:
    """Return a server after three phones edited, pushed, deleted and synced above a trunk."""
    top = FIRST
    for second in range(trunk):
        top = edit(3, top, second, last=50 + second)
    server = Server()
    server.accept(FIRST, top)
    phones = [Phone(number, head=top) for number in range(3)]
    for number, (who, what) in enumerate(script):
        phone, now = phones[who], START_MS + 60_000 + 1000 * number
        if what == "edit" and not phone.head.deleted:
            phone.edit(now, {"name": f"{number}"})
        elif what == "delete" and not phone.head.deleted:
            phone.delete()
        elif what in ("push", "sync"):
            server.accept(phone.head)
            if what == "sync":
                server.resolve()
                phone.pull(server, now)
    server.accept(*(phone.head for phone in phones))
    return server


def plain_reach(server: Server) -> dict[str, frozenset[str]]:
    """Return what each revision contains, by tree and by merges, walked to the very end."""
    below: dict[str, set[str]] = {}
    for node in server.nodes.values():
        for rev, parent in zip(node.chain, (*node.chain[1:], ""), strict=True):
            below.setdefault(rev, set()).update({parent} - {""})
    for node in server.nodes.values():
        note = node.body.get("merge", {}).get("parents", ())
        at = next((i for i, rev in enumerate(node.chain) if rev in note), None)
        if at:
            below[node.chain[at - 1]].update(note)
    reach: dict[str, frozenset[str]] = {}
    for rev in below:
        seen, waiting = {rev}, [rev]
        while waiting:
            fresh = below.get(waiting.pop(), set()) - seen
            seen |= fresh
            waiting += fresh
        reach[rev] = frozenset(seen)
    return reach


def told_by(server: Server, leaf: str) -> set[str]:
    """Return what the leaf itself shows to be in it: its line, and those of what its note names."""
    tops = {leaf, *server.nodes[leaf].body.get("merge", {}).get("parents", ())}
    lines = [node.chain for node in server.nodes.values()]
    return {rev for line in lines for top in tops & set(line) for rev in line[line.index(top) :]}


def newest(revs: frozenset[str], reach: dict[str, frozenset[str]]) -> frozenset[str]:
    return frozenset(
        rev for rev in revs if not any(rev in reach[other] for other in revs if other != rev)
    )


@given(st.integers(0, 4), steps)
def test_what_contains_what_and_where_two_parted(trunk: int, script: list[tuple[int, str]]) -> None:
    server = played(trunk, script)
    reach = plain_reach(server)
    leaves = server.leaves()
    history = History([node.leaf() for node in leaves], server.bodies())
    heads = [node.rev for node in leaves if not history.is_tombstone(node.rev)]
    history.survey(heads)
    for some in (*combinations(heads, 2), *combinations(heads, 3)):
        shared = frozenset.intersection(*(reach[rev] for rev in some))
        assert history.common(some) == newest(shared, reach)
    for rev in heads:
        for other in FIRST.rev, *history.contained(rev):
            if other in reach:
                assert history.common([rev, other]) == {other}
        line = frozenset(server.nodes[rev].chain)
        assert history.maximal(line) == {rev}
        assert all(history.maximal([rev, other]) == {rev} for other in history.contained(rev))
        told = told_by(server, rev)
        for other in heads:
            assert history.covers(rev, other) == (other in told or history.parts(other) <= told)
            assert not history.covers(rev, other) or history.parts(other) <= reach[rev]


@given(st.integers(0, 4), steps)
def test_the_bodies_that_are_wanted_are_enough_however_often_it_was_merged(
    trunk: int, script: list[tuple[int, str]]
) -> None:
    server = played(trunk, script)
    assert server.merged() == server.merged(all_bodies=True)


# By hand


def lines() -> tuple[Node, Node, Node]:
    """Return a node and two edits above it, of a line of twelve."""
    top = long_history(12)
    return top, edit(0, top, 1, name="甲"), edit(1, top, 2, name="乙")


def test_below_the_point_where_all_join_nothing_is_walked_and_everything_known() -> None:
    top, left, right = lines()
    history = History([left.leaf(), right.leaf()], {})
    history.survey([left.rev, right.rev])
    older, oldest = top.chain[3], top.chain[-1]
    assert history.contained(left.rev) == {left.rev, top.rev}
    assert history.common([left.rev, right.rev]) == {top.rev}
    assert history.common([left.rev, older]) == {older}
    assert history.common([older, left.rev, oldest]) == {oldest}
    assert history.maximal([older, oldest]) == {older}
    assert history.maximal([left.rev, right.rev, top.rev, oldest]) == {left.rev, right.rev}
    assert history.tree_parent(oldest) is None


def test_a_stranger_has_nothing_in_common() -> None:
    _, left, right = lines()
    stranger = child(None, {"x": 1}, rev="9-" + "f" * 32)
    history = History([left.leaf(), right.leaf(), stranger.leaf()], {})
    history.survey([left.rev, right.rev])
    assert history.common([left.rev, stranger.rev]) == frozenset()
    assert history.tree_parent(stranger.rev) is None
    for some in ([left.rev, stranger.rev], [stranger.rev, left.rev, right.rev]):
        history.survey(some)
        assert history.common(some) == frozenset()


def test_of_lines_that_were_cut_off_only_what_is_known_counts() -> None:
    _, left, right = lines()
    cut = [Leaf(node.rev, node.body, False, node.chain[1:4]) for node in (left, right)]
    history = History(cut, {})
    history.survey([left.rev, right.rev])
    unknown = left.chain[4]
    assert history.tree_parent(left.chain[3]) is None
    assert history.tree_parent(unknown) is None
    assert history.maximal([left.rev, unknown]) == {left.rev, unknown}


def test_a_later_edit_tells_what_the_merge_below_it_contains() -> None:
    _, left, right = lines()
    server = Server()
    server.accept(left, right)
    server.resolve()
    merge = server.winner()
    later = edit(2, edit(2, merge, 10, last=90), 11, last=91)
    history = History([later.leaf()], {})
    assert history.merged_from(merge.rev) == tuple(sorted([left.rev, right.rev]))
    assert history.merged_from(later.rev) == ()
    assert right.rev in history.contained(later.rev)


def test_a_merge_covers_another_of_earlier_states_of_its_parts() -> None:
    _, left, right = lines()
    later = edit(0, edit(0, left, 5, name="丙"), 6, name="丁")
    first, second = Server(), Server()
    first.accept(left, right)
    second.accept(later, right)
    for server in (first, second):
        server.resolve()
    leaves = {node.rev: node.leaf() for server in (first, second) for node in server.leaves()}
    history = History(leaves.values(), {})
    one, other = first.winner().rev, second.winner().rev
    assert history.covers(other, one)
    assert not history.covers(one, other)


def test_lines_that_join_at_different_depths() -> None:
    top, left, right = lines()
    deeper = edit(0, edit(0, edit(0, left, 3, x=1), 4, x=2), 5, x=3)
    older = Node(top.chain[2], top.chain[2:], FIRST.body)
    side = edit(2, older, 6, tags=[])
    for order in ((deeper, right, side), (side, deeper, right), (right, side, deeper)):
        history = History([node.leaf() for node in order], {})
        history.survey([node.rev for node in order])
        assert history.common([node.rev for node in order]) == {older.rev}
        assert history.common([deeper.rev, right.rev]) == {top.rev}
        assert history.common([right.rev, side.rev]) == {older.rev}
        assert len(history.contained(side.rev)) == 2


def test_however_many_of_the_newest_bodies_are_gone_older_ones_are_asked_for() -> None:
    top = long_history(60)
    leaves = [edit(number, top, number + 1, name=str(number)).leaf() for number in range(2)]
    gone = frozenset(top.chain[:20])
    need = wanted(leaves, {}, gone)
    assert need[0] == top.chain[20]
    assert len(need) > 1
    assert need == list(top.chain[20 : 20 + len(need)])
    assert wanted(leaves, {}, frozenset()) == [top.rev]

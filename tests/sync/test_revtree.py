"""Revision trees against an independent small model."""

from __future__ import annotations

from itertools import pairwise, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.errors import BadDocument
from sync.revtree import Outcome, RevTree, check_ancestors, parse_rev

# The model: edges are what was pushed; everything else is read off them by brute force.


class Model:
    """Edges between revisions and the set of written ones."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}
        self.written: dict[str, bool] = {}
        self.known: set[str] = set()

    def push(self, rev: str, ancestors: tuple[str, ...], deleted: bool) -> None:
        line = (rev, *ancestors)
        self.known.update(line)
        self.parent.update(pairwise(line))
        self.written.setdefault(rev, deleted)

    def leaves(self) -> list[tuple[str, bool]]:
        found = [rev for rev in self.known if rev not in self.parent.values()]
        found.sort(key=lambda rev: (not self.written[rev], *parse_rev(rev)), reverse=True)
        return [(rev, self.written[rev]) for rev in found]

    def ancestors(self, rev: str) -> tuple[str, ...]:
        line = []
        while rev in self.parent:
            rev = self.parent[rev]
            line.append(rev)
        return tuple(line)


Push = tuple[str, tuple[str, ...], bool]


@st.composite
def histories(draw: st.DrawFn, *, whole: bool = False) -> list[Push]:
    """Pushes of revisions of one honest history, in any order, with histories cut anywhere."""
    size = draw(st.integers(1, 9))
    nodes: list[tuple[str, tuple[str, ...]]] = []
    for number in range(size):
        at = draw(st.integers(-1, number - 1))
        line = () if at < 0 else (nodes[at][0], *nodes[at][1])
        digest = draw(st.sampled_from("abcdef")) + str(number)
        nodes.append((f"{len(line) + 1}-{digest}", line))
    pushes = []
    for rev, line in draw(st.permutations(nodes)):
        cut = len(line) if whole else draw(st.integers(0, len(line)))
        pushes.append((rev, line[:cut], draw(st.booleans())))
    if whole:
        return pushes
    return [*pushes, *draw(st.lists(st.sampled_from(pushes), max_size=3))]


def grow(pushes: list[Push]) -> RevTree:
    tree = RevTree()
    for rev, ancestors, deleted in pushes:
        tree, _ = tree.merge(rev, ancestors, deleted=deleted)
    return tree


@given(histories())
def test_the_tree_agrees_with_the_model_after_every_push(pushes: list[Push]) -> None:
    tree, model = RevTree(), Model()
    for rev, ancestors, deleted in pushes:
        tree, _ = tree.merge(rev, ancestors, deleted=deleted)
        model.push(rev, ancestors, deleted)
        assert tree.leaves() == model.leaves()
        assert (tree.winner.rev, tree.winner.deleted) == model.leaves()[0]
        for known in model.known:
            assert tree.ancestors(known) == model.ancestors(known)
            assert tree.is_leaf(known) == (known not in model.parent.values())
            expected = {True: "d", False: "a", None: "m"}[model.written.get(known)]
            assert tree.state(known) == expected


@given(histories())
def test_what_a_push_did_is_told(pushes: list[Push]) -> None:
    tree = RevTree()
    for rev, ancestors, deleted in pushes:
        known = {leaf: tree.is_leaf(leaf) for leaf in (rev, *ancestors) if tree.state(leaf)}
        before = bool(tree.chains)
        tree, outcome = tree.merge(rev, ancestors, deleted=deleted)
        if rev in known:
            assert outcome is Outcome.INTERNAL_NODE
        elif known:
            newest = next(ancestor for ancestor in ancestors if ancestor in known)
            assert (outcome is Outcome.NEW_LEAF) == known[newest]
        else:
            assert (outcome is Outcome.NEW_BRANCH) == before


@given(histories(whole=True))
def test_order_and_repetition_do_not_matter(pushes: list[Push]) -> None:
    shuffled = sorted(pushes)
    assert grow(pushes) == grow(shuffled) == grow(shuffled[::-1] + pushes)


@given(histories())
def test_the_compact_form_gives_the_tree_back(pushes: list[Push]) -> None:
    tree = grow(pushes)
    assert RevTree.decode(tree.encode()) == tree


@given(histories(whole=True), st.integers(1, 5))
def test_stemming_keeps_each_leaf_and_the_newest_of_its_history(
    pushes: list[Push], limit: int
) -> None:
    whole, stemmed = RevTree(), RevTree()
    for rev, ancestors, deleted in sorted(pushes):  # parents come first
        whole, _ = whole.merge(rev, ancestors, deleted=deleted)
        stemmed, _ = stemmed.merge(rev, ancestors, deleted=deleted, limit=limit)
    assert stemmed.leaves() == whole.leaves()
    for rev, _ in whole.leaves():
        line = (rev, *whole.ancestors(rev))
        kept = (rev, *stemmed.ancestors(rev))
        assert kept == line[: len(kept)]
        assert len(kept) >= min(limit, len(line))
    if len(whole.leaves()) == 1:
        assert len(stemmed.winner.hashes) == min(limit, len(whole.winner.hashes))


@given(histories(), st.lists(st.sampled_from([f"{g}-{h}" for g in range(1, 5) for h in "abz"])))
def test_missing_revisions_and_possible_ancestors(pushes: list[Push], asked: list[str]) -> None:
    tree = grow(pushes)
    missing, possible = tree.missing([*asked, pushes[0][0]])
    assert missing == [rev for rev in dict.fromkeys(asked) if tree.state(rev) is None]
    highest = max((parse_rev(rev)[0] for rev in missing), default=0)
    assert possible == [rev for rev, _ in tree.leaves() if parse_rev(rev)[0] < highest]


@given(histories())
def test_latest_finds_the_leaves_a_revision_grew_into(pushes: list[Push]) -> None:
    tree = grow(pushes)
    for rev, ancestors, _ in pushes:
        for known in (rev, *ancestors):
            expected = [leaf for leaf, _ in tree.leaves() if known in (leaf, *tree.ancestors(leaf))]
            assert tree.latest(known) == expected


def _small_histories() -> list[list[tuple[str, tuple[str, ...]]]]:
    """Return every tree of up to four revisions."""
    found = []
    for size in (1, 2, 3, 4):
        for parents in product(*(range(-1, number) for number in range(size))):
            nodes: list[tuple[str, tuple[str, ...]]] = []
            for number, at in enumerate(parents):
                line = () if at < 0 else (nodes[at][0], *nodes[at][1])
                nodes.append((f"{len(line) + 1}-{number}", line))
            found.append(nodes)
    return found


def test_every_small_tree_in_every_order_with_every_tombstone() -> None:
    cases = 0
    for nodes in _small_histories():
        for dead in product((False, True), repeat=len(nodes)):
            model = Model()
            for (rev, line), deleted in zip(nodes, dead, strict=True):
                model.push(rev, line, deleted)
            grown = set()
            for order in permutations(range(len(nodes))):
                tree = grow([(*nodes[number], dead[number]) for number in order])
                assert tree.leaves() == model.leaves()
                grown.add(tree)
                cases += 1
            assert len(grown) == 1
    assert cases == 2 + 2 * 4 * 2 + 6 * 8 * 6 + 24 * 16 * 24


def test_a_live_leaf_wins_over_a_longer_dead_one() -> None:
    tree = grow([("1-a", (), False), ("2-z", ("1-a",), False), ("2-b", ("1-a",), False)])
    assert tree.winner.rev == "2-z"
    tree, outcome = tree.merge("3-x", ("2-z", "1-a"), deleted=True)
    assert outcome is Outcome.NEW_LEAF
    assert tree.leaves() == [("2-b", False), ("3-x", True)]


def test_a_history_that_arrives_late_joins_loose_ends() -> None:
    tree = grow([("3-c", (), False), ("1-a", (), False)])
    assert tree.leaves() == [("3-c", False), ("1-a", False)]
    tree, _ = tree.merge("4-d", ("3-c", "2-b", "1-a"))
    assert tree.leaves() == [("4-d", False)]
    assert tree.ancestors("4-d") == ("3-c", "2-b", "1-a")


@pytest.mark.parametrize(
    "rev",
    [
        "",
        "1",
        "-a",
        "a-1",
        "0-a",
        "01-a",
        "1-",
        "1.5-a",
        "-1-a",
        "١-a",
        "9" * 16 + "-a",
        "1-" + "x" * 300,
    ],
)
def test_a_malformed_revision_is_refused(rev: str) -> None:
    with pytest.raises(BadDocument, match="rev format"):
        parse_rev(rev)


@pytest.mark.parametrize(
    ("rev", "ancestors"),
    [("2-b", ("2-a",)), ("3-c", ("1-a",)), ("1-a", ("0-x",)), ("3-c", ("2-b", "3-a"))],
)
def test_a_history_that_does_not_fit_is_refused(rev: str, ancestors: tuple[str, ...]) -> None:
    with pytest.raises(BadDocument):
        check_ancestors(rev, ancestors)
    with pytest.raises(BadDocument):
        RevTree().merge(rev, ancestors)


def test_the_thousandth_edit_is_stemmed_to_the_limit() -> None:
    tree = RevTree()
    for generation in range(1, 1201):
        parent = () if generation == 1 else (f"{generation - 1}-x",)
        tree, outcome = tree.merge(f"{generation}-x", parent)
        assert outcome is Outcome.NEW_LEAF
    assert len(tree.winner.hashes) == 1000
    assert tree.state("200-x") is None
    assert tree.state("201-x") == "a"

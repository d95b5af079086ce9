"""The same edits through our store and through PouchDB's own code end in the same tree."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from sync.revtree import RevTree
from sync.store import DocumentStore, Write

SCRIPTS = 400
Edit = dict[str, Any]


def script(random: Random) -> list[Edit]:
    """Return pushes of one honest history in a random order.

    In some scripts every history is cut off somewhere, as after stemming.
    """
    nodes: list[tuple[str, tuple[str, ...]]] = []
    for number in range(random.randint(1, 10)):
        at = random.randint(-1, number - 1) if number else -1
        if at < 0 and number and random.random() < 0.7:
            at = number - 1
        line = () if at < 0 else (nodes[at][0], *nodes[at][1])
        nodes.append((f"{len(line) + 1}-{random.choice('abcdef')}{number}", line))
    dead = {rev: random.random() < 0.3 for rev, _ in nodes}
    if random.random() < 0.7:
        random.shuffle(nodes)
    return [
        {"rev": rev, "ancestors": list(ancestors), "deleted": dead[rev]} for rev, ancestors in nodes
    ]


@pytest.mark.node
async def test_leaves_and_winner_are_pouchdbs(
    store: DocumentStore, grid: str, run_node: Callable[..., Any]
) -> None:
    random = Random(20261124)
    scripts = [script(random) for _ in range(SCRIPTS)]
    answers = run_node("pouchdb_trees.mjs", given=scripts)
    branched = 0
    for number, (edits, answer) in enumerate(zip(scripts, answers, strict=True)):
        doc_id = f"doc{number}"
        tree = RevTree()
        for edit in edits:
            tree, _ = tree.merge(edit["rev"], edit["ancestors"], deleted=edit["deleted"])
            write = Write(doc_id, b"{}", edit["rev"], tuple(edit["ancestors"]), edit["deleted"])
            await store.write(grid, [write], new_edits=False)
        ours = {
            "winner": tree.winner.rev,
            "leaves": sorted([rev, deleted] for rev, deleted in tree.leaves()),
        }
        assert ours == answer["merge"], edits
        assert ours == answer["adapter"], edits
        stored = await store.leaves(grid, doc_id)
        assert [[leaf.rev, leaf.deleted] for leaf in stored] == [
            list(leaf) for leaf in tree.leaves()
        ]
        branched += len(stored) > 1
    assert branched > SCRIPTS // 3

"""The deterministic simulation: thousands of histories, and that it would see what goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from sync import gateway_door
from sync.across import Across, Outcome
from sync.campaigns import Campaigns
from sync.projection import Projection
from sync.resolving import Resolver
from sync.store import Write
from tests.conftest import ROOT
from tests.simulation.campaign import campaign, kind_of, play_all, smallest, story
from tests.simulation.history import play
from tests.simulation.script import Op, Script, draw
from tests.simulation.shrink import shrink

HISTORIES = int(os.environ.get("WANGGE_TEST_HISTORIES", "1000"))
TRACES = """
from tests.simulation.history import play
from tests.simulation.script import draw
print(*(play(draw(seed)).trace for seed in range({first}, {last})))
"""


def test_everything_ends_well() -> None:
    """After quiet all replicas are equal, and nothing that anybody saved is lost."""
    played = 0
    failed: list[tuple[int, str]] = []
    for report in campaign(0, HISTORIES):
        played += report.played
        failed += report.failed
    if failed:
        seed, fault = min(failed)
        pytest.fail(
            f"{len(failed)} of {played} histories failed. Seed {seed}: {fault}\n"
            f"The smallest script that fails like it:\n{story(smallest(draw(seed)))}"
        )
    assert played == HISTORIES


def test_a_seed_always_gives_the_same_history() -> None:
    """Twice in one process, and in other processes with other orders of sets."""
    first, last = 50_000, 50_012
    here = [play(draw(seed)).trace for seed in range(first, last)]
    assert len(set(here)) == last - first
    assert [play(draw(seed)).trace for seed in range(first, last)] == here
    for order in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", TRACES.format(first=first, last=last)],
            env={**os.environ, "PYTHONHASHSEED": order},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert there.stdout.split() == here, f"PYTHONHASHSEED={order}"


def test_histories_go_where_it_gets_difficult() -> None:
    """A simulation in which nothing happens finds nothing."""
    seen: Counter[str] = Counter()
    for seed in range(200):
        story_of = story(draw(seed))
        for what in ("crashed", "will be lost", "will be twice", "will be late", "late request",
                     "loses 4409", "accepts refused", "closes refused", "at once", "clock is off",
                     "newer program", "loses its checkpoints", "deletes", "old program", "stands",
                     "kept apart", "is head", "undone", "creates campaign-record",
                     "creates dispute"):  # fmt: skip
            seen[what] += what in story_of
    assert min(seen.values()) > 0, seen
    assert len(seen) == 20


# --- what is broken on purpose is found ---


async def _no_decisions(self: Resolver, decisions: Any) -> int:
    return 0


async def _refuse_and_forget(*arguments: Any) -> list[str]:
    return ["refused:nowhere"] * len(arguments[-1])


async def _merge_without_tombstones(self: Any, database: str, cases: Sequence[Any]) -> None:
    writes = [
        Write(case.merged.doc_id, b"{}", tombstone, (leaf, *case.leaves[leaf].ancestors), True)
        for case in cases
        for leaf, tombstone in case.merged.tombstones
    ]
    if writes:
        await self._store.write(database, writes, new_edits=False)


async def _project_nothing(
    self: Projection, database: str, winners: Any, doubled: Any = None
) -> int:
    return 0


async def _no_rules(self: Across, winners: Any) -> Outcome:
    return Outcome()


async def _join_no_campaigns(self: Campaigns, bodies: Any, kin: Any) -> int:
    return 0


@pytest.mark.parametrize(
    ("where", "name", "broken", "kinds"),
    [
        (Resolver, "_keep", _no_decisions, {"is nowhere"}),
        (gateway_door, "refuse", _refuse_and_forget, {"is nowhere", "leaves of alone"}),
        (Resolver, "_store_merged", _merge_without_tombstones, {"is nowhere", "disagree on"}),
        (Projection, "project", _project_nothing, {"canonical and grids disagree"}),
        (Across, "check", _no_rules, {"are and nobody is"}),
        (Campaigns, "settle", _join_no_campaigns, {"tell of one household"}),
    ],
    ids=[
        "decisions lost",
        "quarantine lost",
        "merge lost",
        "projection lost",
        "rules across documents lost",
        "campaign records not joined",
    ],
)
def test_a_fault_put_in_on_purpose_is_found(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, broken: Any, kinds: set[str]
) -> None:
    monkeypatch.setattr(where, name, broken)
    failed = play_all(range(40)).failed
    assert failed
    assert any(kind in kind_of(fault) for _, fault in failed for kind in kinds), failed


def test_a_failing_script_is_cut_down_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Resolver, "_keep", _no_decisions)
    ((seed, fault), *_) = play_all(range(40)).failed
    small = smallest(draw(seed))
    assert len(small.steps) < 12
    assert any(kind_of(one) == kind_of(fault) for one in play(small).faults)
    told = story(small)
    assert "WRONG" in told
    assert "edits" in told
    assert eval(told[told.index("Script(") :], {"Script": Script, "Op": Op}) == small


def test_shrinking_leaves_what_matters() -> None:
    """Of many steps only the two that a failure needs are left, with the smallest numbers."""

    def fails(script: Script) -> bool:
        kinds = [op.kind for step in script.steps for op in step if op.a % 3 == 0]
        return "skew" in kinds and "revoke" in kinds[kinds.index("skew") :]

    script = next(drawn for seed in range(1000) if fails(drawn := draw(seed)))
    small = shrink(script, fails)
    assert small == Script(1, 1, ((Op("skew"),), (Op("revoke"),)))

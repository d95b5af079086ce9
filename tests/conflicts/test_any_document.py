"""Whatever a document holds, merging it does not fail, and does not depend on order."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conflicts import Leaf, merge, wanted
from conflicts.canonical_json import canonical
from grid.models import RECORD_TYPES, field_policies
from tests.conflicts.test_decision import json_values
from tests.conflicts.world import TABLE, policies

names = st.sampled_from(
    [*TABLE, "stamps", "created", "updated", "merge", "schema", "type", "grid", "other"]
)
clocks = st.sampled_from(["2026-11-24T08:00:00.000Z-0000-0000000a", "not a clock", ""])
traces = st.fixed_dictionaries({}, optional={"at": clocks | json_values, "by": json_values})
stamps = st.dictionaries(st.sampled_from([*TABLE, "tags/t0"]), clocks | json_values, max_size=4)
notes = st.fixed_dictionaries(
    {"parents": st.lists(st.sampled_from(["1-a", "2-a", "2-b", "3-x"]), max_size=3) | json_values},
    optional={"policy": json_values, "sides": json_values, "fields": json_values},
)
odd = {"stamps": stamps, "created": traces, "updated": traces, "merge": notes}
bodies = st.dictionaries(names, json_values, max_size=6).flatmap(
    lambda body: st.fixed_dictionaries(
        {name: odd[name] | json_values if name in odd else st.just(body[name]) for name in body}
    )
)


@given(bodies, bodies, bodies, st.booleans(), st.booleans())
def test_odd_documents_merge_all_the_same(
    base: Any, left: Any, right: Any, deleted: bool, archived: bool
) -> None:
    leaves = [
        Leaf("2-a", left, False, ("1-a",)),
        Leaf("2-b", right, deleted, ("1-a",)),
        Leaf("3-c", base, False, ("2-c", "1-a")),
    ]
    known = {"1-a": base} if archived else {}
    wanted(leaves, known)
    once = merge("x", leaves, known, policies=policies)
    for order in permutations(leaves):
        again = merge("x", order, known, policies=policies)
        assert again == once
        assert canonical(again.body) == canonical(once.body)
    canonical(once.decision.as_document())


def test_every_policy_a_record_type_declares_is_one_we_have() -> None:
    from conflicts.policies import POLICIES
    from conflicts.policies.state import lattice_named

    for name in RECORD_TYPES:
        for field, spec in field_policies(name).items():
            assert spec.policy in POLICIES, (name, field)
            if spec.lattice is not None:
                assert lattice_named(spec.lattice) is not None, (name, field)

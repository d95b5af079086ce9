"""The record models as the policy table: every field has a policy, every policy has a field."""

from __future__ import annotations

import pytest

from grid.lifecycle import LATTICES
from grid.models import RECORD_TYPES, field_labels, field_policies, natural_id, part_labels
from grid.policy import Policy
from tests.grid.records import demo, of_type

types = pytest.mark.parametrize("name", sorted(RECORD_TYPES))


def test_every_policy_is_used_by_a_record_type() -> None:
    used = {merge.policy for name in RECORD_TYPES for merge in field_policies(name).values()}
    assert used == set(Policy)


@types
def test_every_field_has_a_policy_that_fits_it_and_words_in_both_languages(name: str) -> None:
    policies, labels = field_policies(name), field_labels(name)
    assert policies.keys() == labels.keys()
    for field, merge in policies.items():
        assert labels[field].zh != field
        assert labels[field].en
        if merge.key is not None:
            assert merge.policy in {Policy.SET, Policy.LOG}
            assert merge.key in part_labels(name, field)
        if merge.policy is Policy.STATE:
            assert merge.lattice in LATTICES


@types
def test_the_demo_has_records_of_every_type(name: str) -> None:
    assert next(of_type(name))["type"] == name


def test_a_natural_key_makes_the_id() -> None:
    record = {"type": "campaign-record", "campaign": "anti-fraud", "household": "household:01J0A"}
    assert natural_id(record) == "campaign-record:anti-fraud:01J0A"
    assert natural_id({"type": "household", "address": "4栋101"}) is None
    assert natural_id({"type": 5}) is None
    for found in of_type("campaign-record"):
        assert found["_id"] == natural_id(found)
    assert len({record["_id"] for record in demo()}) == len(demo())

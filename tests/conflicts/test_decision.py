"""The decision record, the note in the merged body, and the words for both."""

from __future__ import annotations

import hashlib
import string

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conflicts import POLICY_VERSION, Decision, reasons
from conflicts.canonical_json import ABSENT, canonical, digest, same
from conflicts.revision import generation, merged_revision, tombstone_revision, winning_order
from tests.conflicts.test_laws import Script, deletions, phones_after, scripts, server_with
from tests.conflicts.world import FIRST, START_MS, Phone

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=3), inner, max_size=3
        )
    ),
    max_leaves=8,
)


@given(scripts, deletions)
def test_a_decision_survives_its_document(script: Script, deleting: set[int]) -> None:
    decision = server_with(phones_after(script, [0] * 4, deleting)).merged().decision
    stored = orjson.loads(orjson.dumps(decision.as_document()))
    assert Decision.from_document({**stored, "status": "open", "path": []}) == decision


@given(scripts, deletions)
def test_the_note_says_what_the_decision_says(script: Script, deleting: set[int]) -> None:
    merged = server_with(phones_after(script, [0] * 4, deleting)).merged()
    if merged.noop:
        return
    note, decision = merged.body["merge"], merged.decision
    assert note["policy"] == POLICY_VERSION
    assert note["parents"] == sorted(note["parents"])
    assert [side["rev"] for side in note["sides"]] == list(decision.leaves)
    assert note["review"] == bool(decision.reviews)
    for field in decision.fields:
        assert {side.rev for side in field.sides} <= set(decision.leaves)
        assert all(side in field.sides for side in field.lost)
        if field.field in note["fields"]:
            told = note["fields"][field.field]
            assert told == {
                "policy": field.policy,
                "chosen": field.chosen,
                "lost": [side.rev for side in field.lost],
                "review": field.review,
            }
        else:
            assert not field.lost
            assert field.review is None


def test_a_side_tells_who_changed_the_value_and_when_also_when_he_wrote_it_earlier() -> None:
    first = Phone(0)
    first.edit(START_MS + 1000, {"phone": "12000000001"})
    second = Phone(1, head=first.head)
    second.edit(START_MS + 2000, {"name": "甲"})
    third = Phone(2)
    third.edit(START_MS + 3000, {"phone": "12000000003"})
    server = server_with([first, second, third])
    field = next(f for f in server.merged().decision.fields if f.field == "phone")
    side = next(side for side in field.sides if side.rev == second.head.rev)
    assert (side.device, side.at) == ("00000001", second.head.body["stamps"]["phone"])
    assert side.by is None or side.by == "w1"
    other = next(side for side in field.sides if side.rev == third.head.rev)
    assert (other.by, other.device) == ("w3", "00000003")


def test_what_became_of_an_edit() -> None:
    phones = [Phone(number) for number in range(3)]
    phones[0].edit(START_MS + 1000, {"phone": "12000000001", "name": "甲", "tags": ["a"]})
    phones[1].edit(START_MS + 2000, {"phone": "12000000002", "name": "乙", "tags": ["b"]})
    phones[2].edit(START_MS + 3000, {"last": 90})
    note = server_with(phones).merged().body["merge"]
    assert reasons.outcome_for(note, phones[0].head.rev) == {
        "phone": reasons.FIELD_CLASH,
        "name": reasons.OVERTAKEN,
        "tags": reasons.JOINED,
    }
    assert reasons.outcome_for(note, phones[1].head.rev)["phone"] == reasons.FIELD_CLASH
    assert "name" not in reasons.outcome_for(note, phones[1].head.rev)


def test_every_reason_is_said_in_both_languages_with_nothing_but_field_and_value_to_fill_in() -> (
    None
):
    for code, reason in {**reasons.REASONS, **reasons.OUTCOMES}.items():
        assert code == code.lower()
        for sentence in reason:
            assert sentence
            names = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
            assert names <= {"field", "value"}
        assert any("\u4e00" <= letter <= "\u9fff" for letter in reason.zh + reason.worker_zh)
        assert reason.en.isascii() or "“" in reason.en


def test_the_account_for_a_worker() -> None:
    account = reasons.worker_account(reasons.FIELD_CLASH, "电话", "12000000002")
    assert account == "您改的“电话”与另一位网格员同时修改，暂用“12000000002”，等待复核。"
    assert "review" in reasons.worker_account(reasons.FIELD_CLASH, "Phone", "1", english=True)
    assert "乙" in reasons.worker_account(reasons.OVERTAKEN, "姓名", "乙")
    with pytest.raises(KeyError):
        reasons.worker_account("no such code", "", "")


# Canonical JSON and revision ids


@given(json_values)
@example("一个字")
@example(1_000_000)
def test_a_value_is_the_same_as_its_copy(value: object) -> None:
    assert same(value, orjson.loads(orjson.dumps(value)))


@given(json_values)
def test_canonical_json_is_stable_through_storage(value: object) -> None:
    stored = orjson.loads(orjson.dumps(value))
    assert canonical(stored) == canonical(value)
    assert canonical(orjson.loads(canonical(value))) == canonical(value)


@given(json_values, json_values)
def test_same_is_having_the_same_canonical_json(left: object, right: object) -> None:
    assert same(left, right) == (canonical(left) == canonical(right))
    assert same(left, orjson.loads(orjson.dumps(left)))
    assert (digest(left) == digest(right)) == same(left, right)


@given(st.dictionaries(st.text(max_size=2), st.integers(0, 9)), st.randoms())
def test_the_order_of_members_does_not_matter(members: dict[str, int], random: object) -> None:
    assert canonical(dict(reversed(members.items()))) == canonical(members)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, True),
        (1, 1.0),
        (0, False),
        (0.0, -0.0),
        ([1], [True]),
        ({"a": 1}, {"a": 1.0}),
        (None, 0),
    ],
)
def test_what_python_holds_equal_but_json_does_not(left: object, right: object) -> None:
    assert not same(left, right)


def test_absent_is_only_the_same_as_itself() -> None:
    assert same(ABSENT, ABSENT)
    assert not same(ABSENT, None)
    assert not same(None, ABSENT)
    assert digest(ABSENT) < digest(None)
    assert repr(ABSENT) == "ABSENT"


def test_characters_outside_the_basic_plane_are_plain_utf_8_and_sort_by_code_point() -> None:
    body = {"𠮷": 1, "\uffff": 2, "䶮": "阿依古丽·买买提"}
    assert canonical(body) == '{"䶮":"阿依古丽·买买提","\uffff":2,"𠮷":1}'.encode()


def test_revision_ids() -> None:
    assert [generation(rev) for rev in ("12-ab", "1-", "x", "x-1", "", "٣-a")] == [
        12,
        1,
        0,
        0,
        0,
        0,
    ]
    body = {"b": 1, "a": "䶮"}
    seed = b"2-a,2-b|1|" + '{"a":"䶮","b":1}'.encode()
    assert merged_revision("2-b", ["2-b", "2-a"], 1, body) == f"3-{hashlib.md5(seed).hexdigest()}"
    assert tombstone_revision("2-a") == f"3-{hashlib.md5(b'merged|2-a').hexdigest()}"


def test_the_winner_is_live_then_longest_then_highest() -> None:
    order = [("1-b", True), ("9-a", True), ("2-a", False), ("2-b", False), ("10-a", False)]
    assert sorted(order, key=lambda leaf: winning_order(*leaf)) == order


def test_same_leaves_give_the_same_revision_id_and_bytes_for_ever() -> None:
    """A change of this id is a change of the rules: raise ``POLICY_VERSION`` with it."""
    phones = [Phone(number) for number in range(3)]
    phones[0].edit(START_MS + 1000, {"phone": "12000000001", "tags": ["t0", "a"], "state": "done"})
    phones[1].edit(START_MS + 2000, {"phone": "12000000002", "tags": ["t1"], "note": "甲"})
    phones[2].edit(START_MS + 3000, {"visits": {"3": 1}, "state": "rejected", "log": []})
    merged = server_with(phones).merged()
    assert FIRST.rev == "1-68e3ed6be7f9e930c2b4615cc9235baf"
    assert merged.rev == "3-70e0ceb18b5a2a362a394e9212cfcdf6"

"""The CouchDB store's index keys: the design document's JavaScript and our Python agree, and keys
sort as the embedded store's do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.couch.views import AFTER_ANY_MEMBER, decode_key, design, encode_key
from sync.errors import BadDocument
from sync.sqlite import keys
from sync.sqlite.index_rows import RowMaker
from sync.store import Index

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"))
)  # fmt: skip
KEYS = st.lists(SCALARS, max_size=4).map(tuple)
INDEXES = (
    Index("spread", "canonical", ("type", "path", "at.time")),
    Index("some", "canonical", ("path",), {"type": "resident", "live": True}, value="age"),
    Index("each", "canonical", ("type",), each="search", value="age"),
)
ODD_NUMBERS = [0, -0.0, 1, -1, 0.1, -2.5, 2**53, -(2**53), 1e-320, 5e-324, 1.7e308, -1.7e308, 1e22]
ODD_VALUES = [None, True, False, "", "a", "𠮷", "é", {"b": 1, "a": [2]}, [1, [2], "x"], []]


def documents() -> list[dict[str, Any]]:
    values = [*ODD_NUMBERS, *ODD_VALUES]
    plain = {"type": "resident", "live": True, "path": ["a", "b"]}
    varied = [
        {**plain, "at": {"time": value}, "age": value, "search": [value, "x", value]}
        for value in values
    ]
    varied += [{**plain, name: value} for name in ("type", "path", "search") for value in values]
    return [*varied, {}, {"type": "resident", "path": None, "at": [1]}]


@pytest.mark.node
@pytest.mark.parametrize("index", INDEXES, ids=lambda index: index.name)
def test_the_map_function_emits_what_the_embedded_store_indexes(
    index: Index, run_node: Callable[..., Any]
) -> None:
    view = design([index])[1]["views"][index.name]
    given = documents()

    emitted = run_node("couch_map.mjs", given={"map": view["map"], "documents": given})

    for document, rows in zip(given, emitted, strict=True):
        ours = {
            b"".join(members): value for members, value in RowMaker(index).rows(document).items()
        }
        theirs = {keys.encode_key(decode_key(key)): float(value) for key, value in rows}
        assert theirs == ours, document
        for key, _ in rows:
            assert encode_key(decode_key(key)) == key


def _raw(members: list[str]) -> list[bytes]:
    """Return what raw collation compares: texts by their bytes, lists member by member."""
    return [member.encode() for member in members]


@given(KEYS, KEYS)
def test_keys_sort_as_in_the_embedded_store(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    ours = keys.encode_key(one) < keys.encode_key(other)
    assert (_raw(encode_key(one)) < _raw(encode_key(other))) == ours
    assert decode_key(encode_key(one)) == one
    under = one[:1]
    high = _raw([*encode_key(under), AFTER_ANY_MEMBER])
    inside = _raw(encode_key(under)) <= _raw(encode_key(other)) < high
    assert inside == (_raw(encode_key(other))[: len(under)] == _raw(encode_key(under)))


def test_a_key_of_lists_is_refused() -> None:
    with pytest.raises(BadDocument, match="list"):
        encode_key(([1],))


def test_a_changed_declaration_is_another_design_document() -> None:
    changed = Index("each", "canonical", ("type",), {"type": "x"}, each="search", value="age")
    assert design([*INDEXES])[0] == design([*INDEXES[::-1]])[0]
    assert design([*INDEXES[:2], changed])[0] != design([*INDEXES])[0]
    assert orjson.loads(orjson.dumps(design([changed])[1]))["wangge"]["each"]["fields"] == ["type"]

"""Importing a hierarchy: idempotent, all or nothing, every wrong line named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid.csv_import import dianbai_csv, read_grids_csv
from grid.hierarchy import BrokenHierarchy, GridNode, Hierarchy, UnknownGrid, compare
from tests.grid.records import dianbai

HEADING = "level,code,parent_code,name"
NODES = read_grids_csv(dianbai_csv()).nodes


def csv_of(nodes: list[GridNode]) -> str:
    rows = [f"{node.level},{node.code},{node.parent or ''},{node.name}" for node in nodes]
    return "\n".join([HEADING, *rows])


def test_the_shipped_file_is_whole() -> None:
    hierarchy = dianbai()
    assert len(hierarchy) == 470
    assert [node.code for node in hierarchy.roots()] == ["440904"]
    assert hierarchy.path("44090400400100104") == (
        "440904",
        "440904004",
        "440904004001",
        "440904004001001",
        "44090400400100104",
    )
    assert hierarchy.path_names("44090400400100104")[-1] == "滨海绿洲4栋"
    assert len(list(hierarchy.descendants("440904"))) == 470
    assert hierarchy.town("44090400400100104") == "440904004"
    assert hierarchy.town("440904") is None


@given(st.permutations(NODES[:40] + NODES[-40:]).map(list))
def test_the_order_of_lines_does_not_matter(nodes: list[GridNode]) -> None:
    whole = Hierarchy(NODES)
    report = read_grids_csv(csv_of(nodes), whole)
    assert not report.problems
    assert {node.code for node in report.nodes} == {node.code for node in nodes}


@given(st.sets(st.integers(0, len(NODES) - 1), max_size=30), st.text(min_size=1, max_size=5))
def test_importing_again_changes_nothing(places: set[int], suffix: str) -> None:
    existing = Hierarchy(NODES)
    incoming = [
        replace(node, name=node.name + suffix) if place in places else node
        for place, node in enumerate(NODES)
    ]
    change = compare(existing, incoming)
    assert [node.code for node in change.changed] == [NODES[place].code for place in sorted(places)]
    assert change.unchanged == len(NODES) - len(places)
    assert not change.added
    again = compare(Hierarchy(incoming), incoming)
    assert (again.added, again.changed, again.unchanged) == ((), (), len(NODES))


def test_closing_and_succession_survive_an_import() -> None:
    closed = replace(NODES[-1], closed=True, predecessors=("44090400420500101",))
    existing = Hierarchy([*NODES[:-1], closed])
    assert compare(existing, NODES).changed == ()
    renamed = replace(NODES[-1], name="新名")
    (changed,) = compare(existing, [renamed]).changed
    assert (changed.name, changed.closed, changed.predecessors) == (
        "新名",
        True,
        closed.predecessors,
    )


@given(st.integers(1, len(NODES) - 1), st.sampled_from(["code", "level", "parent_code", "name"]))
def test_one_wrong_line_stops_all_and_is_named(place: int, column: str) -> None:
    lines = dianbai_csv().splitlines()
    row = lines[place + 1].split(",")
    index = lines[0].split(",").index(column)
    row[index] = {"code": "12345", "level": "9", "parent_code": "999999", "name": ""}[column]
    lines[place + 1] = ",".join(row)
    report = read_grids_csv("\n".join(lines))
    assert report.nodes == ()
    assert (place + 2, column) in {(problem.line, problem.field) for problem in report.problems}


@pytest.mark.parametrize(
    ("text", "line", "field", "word"),
    [
        ("", 1, "level", "columns missing"),
        (HEADING, 1, "code", "no lines"),
        (f"{HEADING}\n1,440904,,甲\n1,440904,,乙", 3, "code", "stands in line 2 too"),
        (f"{HEADING}\n1,440904,440900,甲", 2, "parent_code", "no parent"),
        (f"{HEADING}\n2,440904001,,甲", 2, "parent_code", "needs a parent"),
        (f"{HEADING}\n1,440904,,甲\n3,440904001001,440904,乙", 3, "parent_code", "expected 2"),
        (f"{HEADING}\n1,440904,,甲\0", 2, "name", "control"),
        (f"{HEADING}\n1,440904,,{'长' * 101}", 2, "name", "100"),
    ],
)
def test_what_is_wrong_is_said(text: str, line: int, field: str, word: str) -> None:
    (problem, *_) = read_grids_csv(text).problems
    assert (problem.line, problem.field) == (line, field)
    assert word in problem.message


@given(st.text())
def test_any_text_is_read_or_refused_but_never_halfway(text: str) -> None:
    report = read_grids_csv(text)
    assert bool(report.nodes) != bool(report.problems)


def test_a_file_of_excel_with_a_byte_order_mark_and_carriage_returns() -> None:
    text = "\ufeff" + csv_of(list(NODES[:3])).replace("\n", "\r\n")
    assert read_grids_csv(text).nodes == tuple(replace(node, provenance="") for node in NODES[:3])


@pytest.mark.parametrize(
    "nodes",
    [
        [GridNode("440904", None, 1, "甲"), GridNode("440904", None, 1, "乙")],
        [GridNode("440904001", "440904", 2, "甲")],
        [GridNode("440904", None, 1, "甲"), GridNode("440904001001", "440904", 3, "乙")],
        [GridNode("440904", "440904", 1, "甲")],
        [GridNode("44", None, 1, "甲")],
    ],
)
def test_nodes_that_are_no_tree_are_refused(nodes: list[GridNode]) -> None:
    with pytest.raises(BrokenHierarchy):
        Hierarchy(nodes)


def test_an_unknown_code_is_told() -> None:
    with pytest.raises(UnknownGrid, match="no grid has the code 440905"):
        dianbai().path("440905")


@given(st.sampled_from(NODES))
def test_a_node_reads_back_from_its_document(node: GridNode) -> None:
    assert GridNode.from_document(node.as_document() | {"_id": "x", "later": 1}) == node

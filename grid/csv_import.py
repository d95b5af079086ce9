"""Reading a hierarchy from CSV: ``level,code,parent_code,name,full_path,provenance``.

Every wrong line is reported, and a file with any is imported not at all.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from grid.codes import CodeError, parse_code
from grid.hierarchy import GridNode, Hierarchy

COLUMNS = ("level", "code", "parent_code", "name")
"""Columns a file must have; others are read when present."""
LONGEST_NAME = 100
"""Characters (code points) that the name of a grid may have."""
_REST = "\0"
"""Key of the cells that stand under no heading."""


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """What is wrong with one line (the heading is line 1) and in which column."""

    line: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The nodes of a file, or none and what is wrong with it."""

    nodes: tuple[GridNode, ...]
    problems: tuple[ImportProblem, ...]


def read_grids_csv(text: str, existing: Hierarchy | None = None) -> ImportReport:
    """Read a hierarchy; parents may stand in the file (in any order) or in ``existing``."""
    # Any of the three line ends, whichever program wrote the file.
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=None), restkey=_REST)
    problems: list[ImportProblem] = []
    rows: dict[str, tuple[int, GridNode]] = {}
    try:
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            message = f"columns missing: {', '.join(missing)}; expected {', '.join(COLUMNS)}"
            return ImportReport((), (ImportProblem(1, missing[0], message),))
        _read_rows(reader, rows, problems)
    except csv.Error as error:
        problems.append(ImportProblem(max(reader.line_num, 1), "", f"not CSV: {error}"))
    for line, node in rows.values():
        problems.extend(_check_parent(line, node, rows, existing))
    if not rows and not problems:
        problems.append(ImportProblem(1, "code", "the file has no lines after its heading"))
    if problems:
        return ImportReport((), tuple(sorted(problems, key=lambda problem: problem.line)))
    nodes = sorted((node for _, node in rows.values()), key=lambda node: (node.level, node.code))
    return ImportReport(tuple(nodes), ())


def _read_rows(
    reader: csv.DictReader[str],
    rows: dict[str, tuple[int, GridNode]],
    problems: list[ImportProblem],
) -> None:
    for row in reader:
        if _REST in row:
            problems.append(
                ImportProblem(reader.line_num, "", "more cells than the heading has columns")
            )
            continue
        node = _read_row(reader.line_num, row, problems)
        if node is None:
            continue
        if node.code in rows:
            first = rows[node.code][0]
            problems.append(
                ImportProblem(reader.line_num, "code", f"{node.code} stands in line {first} too")
            )
            continue
        rows[node.code] = (reader.line_num, node)


def _read_row(
    line: int, row: Mapping[str, str | None], problems: list[ImportProblem]
) -> GridNode | None:
    values = {name: (row.get(name) or "").strip() for name in (*COLUMNS, "provenance")}
    try:
        code = parse_code(values["code"])
    except CodeError as error:
        problems.append(ImportProblem(line, "code", str(error)))
        return None
    found = len(problems)
    if values["level"] != str(code.level):
        problems.append(
            ImportProblem(
                line,
                "level",
                f"level is {values['level'][:8]!r}; the code {code} is of level {code.level}",
            )
        )
    name = unicodedata.normalize("NFC", values["name"])
    fault = _name_fault(name)
    if fault is not None:
        problems.append(ImportProblem(line, "name", fault))
    if code.level > 1 and not values["parent_code"]:
        problems.append(ImportProblem(line, "parent_code", f"{code} needs a parent"))
    if code.level == 1 and values["parent_code"]:
        problems.append(ImportProblem(line, "parent_code", "a district has no parent"))
    if len(problems) > found:
        return None
    parent = values["parent_code"] or None
    return GridNode(code.text, parent, code.level, name, values["provenance"])


def _name_fault(name: str) -> str | None:
    if not name:
        return "the name is empty"
    if len(name) > LONGEST_NAME:
        return f"the name has more than {LONGEST_NAME} characters"
    if any(unicodedata.category(character) == "Cc" for character in name):
        return "the name has control characters"
    return None


def _check_parent(
    line: int, node: GridNode, rows: Mapping[str, tuple[int, GridNode]], existing: Hierarchy | None
) -> list[ImportProblem]:
    if node.parent is None:
        return []
    inside = rows.get(node.parent)
    parent = inside[1] if inside else existing.get(node.parent) if existing else None
    if parent is None:
        text = f"the parent {node.parent} is neither in the file nor in the hierarchy"
        return [ImportProblem(line, "parent_code", text)]
    if parent.level != node.level - 1:
        text = f"the parent {node.parent} is of level {parent.level}, expected {node.level - 1}"
        return [ImportProblem(line, "parent_code", text)]
    return []


def dianbai_csv() -> str:
    """Return the hierarchy of 电白区 that comes with the program, as CSV."""
    return files("grid").joinpath("data/dianbai-grids.csv").read_text("utf-8")

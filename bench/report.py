"""What a benchmark says, as a row; the table and the file of rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. With a peer ``goal`` is the least ratio; without, the least or most value.

    ``ratio`` is how many times as fast as the peer; ``met`` is ``None`` when it was not judged.
    """

    name: str
    unit: str
    value: float | None
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    goal: float | None = None
    met: bool | None = None
    note: str | None = None


def compared(
    name: str,
    unit: str,
    value: float | None,
    peer: str,
    peer_value: float | None,
    goal: float,
    note: str | None = None,
    *,
    ratio: float | None = None,
) -> Row:
    """Return a row beside a peer; either value may be missing, and the note says why.

    ``ratio`` is the median of the rounds' ratios where there were rounds; without, of the values.
    """
    if ratio is None and value is not None and peer_value:
        ratio = value / peer_value
    met = None if ratio is None else ratio >= goal
    return Row(name, unit, value, peer, peer_value, ratio, goal, met, note)


def at_least(name: str, unit: str, value: float, goal: float, note: str | None = None) -> Row:
    """Return a row with no peer where more is better."""
    return Row(name, unit, value, goal=goal, met=value >= goal, note=note)


def at_most(name: str, unit: str, value: float, goal: float, note: str | None = None) -> Row:
    """Return a row with no peer where less is better."""
    return Row(name, unit, value, goal=goal, met=value <= goal, note=note)


def missing(name: str, unit: str, goal: float, note: str) -> Row:
    """Return a row that could not be measured here."""
    return Row(name, unit, None, goal=goal, note=note)


def write(rows: Sequence[Row], path: Path = RESULTS) -> None:
    """Write the rows as a JSON list."""
    documents = [dataclasses.asdict(row) for row in rows]
    path.write_bytes(orjson.dumps(documents, option=orjson.OPT_INDENT_2) + b"\n")


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the rows as a table, notes below it."""
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "unit"):
        table.add_column(heading)
    for heading in ("value", "peer value", "ratio", "goal"):
        table.add_column(heading, justify="right")
    table.add_column("peer")
    table.add_column("met")
    for row in rows:
        table.add_row(
            row.name,
            row.unit,
            _figure(row.value),
            _figure(row.peer_value),
            "–" if row.ratio is None else f"{row.ratio:.2f}×",
            _figure(row.goal),
            row.peer or "–",
            {True: "yes", False: "NO", None: "–"}[row.met],
        )
    console.print(table)
    for note in dict.fromkeys(f"{row.name}: {row.note}" for row in rows if row.note):
        console.print(note, markup=False, highlight=False)


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.4g}"

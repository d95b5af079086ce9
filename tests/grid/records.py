"""The demo's records, made once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from grid.csv_import import dianbai_csv, read_grids_csv
from grid.demo import demo_records
from grid.hierarchy import Hierarchy

Document = dict[str, Any]


@cache
def dianbai() -> Hierarchy:
    """Return the hierarchy that comes with the program."""
    return Hierarchy(read_grids_csv(dianbai_csv()).nodes)


@cache
def demo() -> tuple[Document, ...]:
    """Return the demo's records of one seed."""
    return tuple(demo_records(dianbai(), 440904))


def of_type(type_name: str) -> Iterator[Document]:
    """Yield the demo's records of a type."""
    return (record for record in demo() if record["type"] == type_name)


def one(type_name: str, **fields: Any) -> Document:
    """Return a sound record of a type with some fields changed."""
    return next(of_type(type_name)) | fields

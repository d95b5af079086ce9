"""``python -m bench [--only NAME]``: measure, print a table, write ``bench/results.json``."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from rich.console import Console

from bench.report import Row, show, write

GROUPS = (
    "bench.wire",
    "bench.gateway",
    "bench.couchdb",
    "bench.pull",
    "bench.resolver",
    "bench.app",
)
"""Modules with ``NAMES`` and ``measure(names)``, run in this order."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks asked for; return 0; a goal missed is said in the table."""
    groups = [importlib.import_module(name) for name in GROUPS]
    known = [name for group in groups for name in group.NAMES]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", metavar="NAME", choices=known, help=", ".join(known))
    only = parser.parse_args(arguments).only
    console = Console(stderr=False)
    rows: list[Row] = []
    for group in groups:
        names = [name for name in group.NAMES if only in (None, name)]
        if names:
            with console.status(", ".join(names)):
                rows += group.measure(names)
    show(rows, console)
    write(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())

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
    "bench.storm",
    "bench.app",
    "bench.exchange",
    "bench.sessions",
    "bench.crowd",
    "bench.flat",
    "bench.follower",
)
"""Modules with ``NAMES`` and ``measure(names)``, run in this order. Names in a module's ``LONG``
take long, and are measured only when asked for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks asked for; return 0; a goal missed is said in the table."""
    groups = [importlib.import_module(name) for name in GROUPS]
    long = {name for group in groups for name in getattr(group, "LONG", ())}
    known = [*(name for group in groups for name in group.NAMES), *sorted(long)]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", metavar="NAME", choices=known, help=", ".join(known))
    only = parser.parse_args(arguments).only
    console = Console(stderr=False)
    rows: list[Row] = []

    def wanted(name: str) -> bool:
        return name == only or (only is None and name not in long)

    for group in groups:
        names = [name for name in (*group.NAMES, *getattr(group, "LONG", ())) if wanted(name)]
        if names:
            with console.status(", ".join(names)):
                rows += group.measure(names)
    show(rows, console)
    write(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())

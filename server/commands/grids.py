"""``wangge import-grids``: the hierarchy from a CSV file, all of it or nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console
from rich.table import Table

from grid.csv_import import ImportProblem, read_grids_csv
from server.commands.errors import CommandError
from server.databases import opened
from server.settings import Settings
from sync.registry import Registry


def import_grids(settings: Settings, file: Path) -> bool:
    """Import the file and say what changed; return ``False`` after listing what is wrong."""
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not UTF-8 text (byte {error.start})") from None
    return asyncio.run(_import(settings, text))


async def _import(settings: Settings, text: str) -> bool:
    async with opened(settings) as store:
        registry = Registry(store)
        report = read_grids_csv(text, await registry.hierarchy())
        if report.problems:
            _show(report.problems)
            return False
        change = await registry.import_grids(report.nodes)
    Console().print(
        f"{len(change.added)} added, {len(change.changed)} changed, {change.unchanged} unchanged"
    )
    return True


def _show(problems: tuple[ImportProblem, ...]) -> None:
    table = Table("line", "column", "what is wrong", title="Nothing was imported")
    for problem in problems:
        table.add_row(str(problem.line), problem.field, problem.message)
    Console(stderr=True).print(table)

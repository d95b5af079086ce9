"""``wangge copy``: a whole store into another one, with a progress bar, resumable, verified."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from server.commands.errors import CommandError
from sync import open_store
from sync.copying import CopyError, copy_databases, in_order, verify
from sync.store import DocumentStore


def copy(source_url: str, target_url: str, *, check: bool) -> tuple[int, int]:
    """Copy every database; return how many databases and documents the copy holds.

    Raise ``CommandError`` for an address that is none, for the same store twice, and for a copy
    that differs from its source.
    """
    if source_url == target_url:
        raise CommandError("--from and --to are the same store")
    return asyncio.run(_copy(source_url, target_url, check))


async def _copy(source_url: str, target_url: str, check: bool) -> tuple[int, int]:
    source = open_named(source_url)
    try:
        target = open_named(target_url)
        try:
            names = in_order(await source.database_names())
            return len(names), await copy_all(source, target, names, check=check)
        finally:
            await target.close()
    finally:
        await source.close()


async def copy_all(
    source: DocumentStore,
    target: DocumentStore,
    names: Sequence[str],
    *,
    check: bool,
    working: bool = False,
) -> int:
    """Copy these databases and compare them; return how many documents the copy holds.

    Shows how far it is; ``working`` is for a source that people go on changing. Raise
    ``CommandError`` for a copy that differs from its source.
    """
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    documents = 0
    with Progress(*columns) as bar:
        whole = bar.add_task("databases", total=len(names))
        part = bar.add_task("", total=None)

        def told(name: str, done: int, total: int) -> None:
            bar.update(part, description=name, completed=done, total=total)

        def copied(number: int) -> None:
            bar.update(whole, completed=number)

        try:
            await copy_databases(source, target, names, told, copied)
            bar.reset(whole, description="compared", total=len(names))
            for name in names:
                bar.reset(part, description=name, total=1)
                if check:
                    documents += (await verify(source, target, name, working=working)).live
                else:
                    documents += (await target.database_info(name)).doc_count
                bar.advance(whole)
        except CopyError as error:
            raise CommandError(str(error)) from None
        bar.remove_task(part)
    return documents


def open_named(url: str) -> DocumentStore:
    """Open the store at an address; raise ``CommandError`` for one that is none."""
    try:
        return open_store(url)
    except ValueError as error:
        raise CommandError(str(error)) from None

"""``wangge copy``: a whole store into another one, with a progress bar, resumable, verified."""

from __future__ import annotations

import asyncio

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from server.commands.errors import CommandError
from sync import open_store
from sync.copying import CopyError, copy_database, in_order, verify
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
    source = _open(source_url)
    try:
        target = _open(target_url)
        try:
            return await _copy_all(source, target, check)
        except CopyError as error:
            raise CommandError(str(error)) from None
        finally:
            await target.close()
    finally:
        await source.close()


async def _copy_all(source: DocumentStore, target: DocumentStore, check: bool) -> tuple[int, int]:
    names = in_order(await source.database_names())
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
    )  # fmt: skip
    documents = 0
    with Progress(*columns) as bar:
        whole = bar.add_task("databases", total=len(names))
        part = bar.add_task("", total=None)

        def told(name: str, done: int, total: int) -> None:
            bar.update(part, description=name, completed=done, total=total)

        for name in names:
            bar.reset(part, description=name, total=1)
            await copy_database(source, target, name, told)
            if check:
                documents += (await verify(source, target, name)).live
            else:
                documents += (await target.database_info(name)).doc_count
            bar.advance(whole)
        bar.remove_task(part)
    return len(names), documents


def _open(url: str) -> DocumentStore:
    try:
        return open_store(url)
    except ValueError as error:
        raise CommandError(str(error)) from None

"""One page of a list at a time, read from indexes, with a mark where the next page begins."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from grid.hierarchy import Hierarchy
from sync.indexes import RECORDS_BY_SEARCH
from sync.projection import fold
from sync.store import DocumentStore, Index, IndexRow, Key

PAGE: Final = 50
_MAX_MARK: Final = 2_000
_LAST_CHARACTER: Final = "\U0010ffff"
_VILLAGE: Final = 3
_CHUNK: Final = 200
_LONGEST_TERM: Final = 24
"""Characters of the longest term the projection writes."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """A stretch of an index: all rows whose key begins with ``prefix``, and goes on with a text
    before ``until`` if that is given."""

    index: Index
    prefix: Key
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some documents of a list; ``mark`` is where the next page begins, ``None`` at the end."""

    documents: Sequence[Document]
    mark: str | None


def mark_text(position: Any) -> str:
    """Return a position in a list as text for an address."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).decode().rstrip("=")


def read_mark(text: str | None) -> list[Any] | None:
    """Return the position that ``mark_text`` wrote; ``None`` for anything else, which begins the
    list anew: an address may be cut or typed by hand."""
    if not text or len(text) > _MAX_MARK:
        return None
    try:
        position = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None
    sound = isinstance(position, list) and all(
        member is None or isinstance(member, (str, int, float)) for member in position
    )
    return position if sound and len(position) > 1 else None


async def read_page(
    store: DocumentStore,
    sources: Sequence[Source],
    *,
    descending: bool,
    mark: str | None = None,
    size: int = PAGE,
) -> Page:
    """Return the next ``size`` documents of several stretches, merged in the order of what
    follows their prefixes. Several stretches are merged only where that is text."""
    position = read_mark(mark)
    found = await asyncio.gather(
        *(_rows(store, source, position, descending, size + 1) for source in sources)
    )
    merged = [row for rows in found for row in rows]
    if len(sources) > 1:
        merged.sort(key=lambda pair: (pair[0], pair[1].doc_id), reverse=descending)
    shown = merged[:size]
    next_mark = None
    if len(merged) > size:
        rest, last = shown[-1]
        next_mark = mark_text([*rest, last.doc_id])
    return Page([row.document for _rest, row in shown if row.document is not None], next_mark)


async def _rows(
    store: DocumentStore, source: Source, position: list[Any] | None, descending: bool, limit: int
) -> list[tuple[Key, IndexRow]]:
    after = None
    if position is not None:
        after = ((*source.prefix, *position[:-1]), str(position[-1]))
    rows = await store.query(
        source.index,
        prefix=source.prefix,
        end=None if source.until is None else (*source.prefix, source.until),
        after=after,
        limit=limit,
        descending=descending,
        documents=True,
    )
    return [(row.key[len(source.prefix) :], row) for row in rows]


def village_keys(hierarchy: Hierarchy, path: Sequence[str]) -> list[str]:
    """Return the villages whose search terms cover the node at ``path``, by code."""
    if len(path) >= _VILLAGE:
        return [path[_VILLAGE - 1]]
    return sorted(node.code for node in hierarchy.descendants(path[-1]) if node.level == _VILLAGE)


async def search_page(
    store: DocumentStore,
    villages: Sequence[str],
    *,
    type_name: str,
    node: str,
    text: str,
    keep: Callable[[Document], bool],
    mark: str | None = None,
    size: int = PAGE,
) -> Page:
    """Return records under ``node`` one of whose search terms begins with ``text`` and that
    ``keep`` accepts, village by village.

    A record with several such terms is listed at the first of them alone.
    """
    wanted = fold(text)[:_LONGEST_TERM]
    position = read_mark(mark) or ["", ""]
    found: list[tuple[IndexRow, Document]] = []
    for village in villages:
        if village < str(position[0]).partition("/")[0]:
            continue
        begins = f"{village}/{wanted}"

        def fits(row: IndexRow, begins: str = begins) -> bool:
            document = row.document
            if document is None or row.key[1] != type_name or node not in row.key[2:]:
                return False
            terms = [term for term in document["search"] if term.startswith(begins)]
            return row.key[0] == min(terms) and keep(document)

        after = (tuple(position[:-1]), str(position[-1])) if position[0] else None
        rows = _all_rows(store, begins, after)
        while len(found) <= size and (chunk := await rows()):
            found += [(row, row.document) for row in chunk if row.document and fits(row)]
        if len(found) > size:
            break
    shown = found[:size]
    next_mark = None
    if len(found) > size:
        last = shown[-1][0]
        next_mark = mark_text([*last.key, last.doc_id])
    return Page([document for _row, document in shown], next_mark)


def _all_rows(
    store: DocumentStore, begins: str, after: tuple[Key, str] | None
) -> Callable[[], Awaitable[list[IndexRow]]]:
    """Return a function that reads on, a chunk at each call, until there is nothing left."""
    place = after
    ended = False

    async def more() -> list[IndexRow]:
        nonlocal place, ended
        if ended:
            return []
        rows = await store.query(
            RECORDS_BY_SEARCH,
            start=(begins,),
            end=(begins + _LAST_CHARACTER,),
            after=place,
            limit=_CHUNK,
            documents=True,
        )
        ended = len(rows) < _CHUNK
        if rows:
            place = (rows[-1].key, rows[-1].doc_id)
        return rows

    return more

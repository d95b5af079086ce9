"""A list as a CSV file: the same search and filter, masked, with a BOM so that Excel reads it."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from server.auth import actor_of
from server.clock import utc_now
from server.console.display import CHINA
from server.console.fields import label_of, type_name_of
from server.console.records import Question, answer, question_of, rows_of
from server.i18n import gettext as _
from server.runtime import runtime_of

_BOM: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet runs as a formula (OWASP, CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def line(cells: list[str]) -> str:
    """Return one line of the file."""
    written = io.StringIO()
    csv.writer(written).writerow([safe_cell(cell) for cell in cells])
    return written.getvalue()


async def export(request: Request) -> Response:
    """Answer with a list as a file; the audit log tells who took what."""
    question = replace(await question_of(request), mark=None)
    runtime = runtime_of(request)
    await runtime.audit.record(
        "export",
        actor_of(request).user,
        grid=question.at.code,
        kind=question.kind.type,
        search=bool(question.text),
        state=question.state,
    )
    today = utc_now().astimezone(CHINA).strftime("%Y%m%d")
    name = f"{question.at.node.name}-{type_name_of(question.kind.type)}-{today}.csv"
    return StreamingResponse(
        _lines(request, question),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
            "Cache-Control": "no-store",
        },
    )


async def _lines(request: Request, question: Question) -> AsyncIterator[str]:
    runtime = runtime_of(request)
    hierarchy = await runtime.registry.hierarchy()
    kind = question.kind
    columns = [label_of(kind.type, column) for column in kind.columns]
    yield _BOM + line([type_name_of(kind.type), *columns, _("网格"), _("状态"), _("编号")])
    above = "/".join(question.at.names)
    while True:
        page = await answer(runtime.store, hierarchy, question)
        for row in await rows_of(request, runtime, question, page.documents):
            where = "/".join((above, *row.where.split(" / "))) if row.where else above
            yield line([row.title, *row.cells, where, row.state.word, row.id])
        if page.mark is None:
            return
        question = replace(question, mark=page.mark)


def routes() -> list[BaseRoute]:
    """Return the route of the files; it comes before the lists, whose address it begins like."""
    return [Route("/grids/{code:str}/{section:str}.csv", export)]

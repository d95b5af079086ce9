"""Why somebody wants to see what is masked: asked for each time, and kept in the audit log."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

MIN_PURPOSE: Final = 4
"""Characters of the shortest purpose that says anything."""
_MAX_PURPOSE: Final = 200


async def read_purpose(request: Request) -> str | None:
    """Return the purpose that a form gives, or ``None`` when it gives none worth the name."""
    async with request.form(max_files=0, max_fields=10) as form:
        purpose = " ".join(str(form.get("purpose", "")).split())[:_MAX_PURPOSE]
    return purpose if len(purpose) >= MIN_PURPOSE else None

"""Static files with the cache headers they need."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from starlette.datastructures import URL
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

IMMUTABLE: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "no-cache"


class HashedFiles(StaticFiles):
    """Files whose address changes with their content, because it holds a hash: kept for ever.
    Asked for without the hash (``?v=``) they are revalidated each time."""

    def __init__(self, directory: Path, *, hash_in_name: bool) -> None:
        super().__init__(directory=directory, check_dir=False)
        self._hash_in_name = hash_in_name

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return the file, or 304 when the browser has it."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        hashed = self._hash_in_name or URL(scope=scope).query.startswith("v=")
        response.headers["Cache-Control"] = IMMUTABLE if hashed else REVALIDATE
        return response

"""Opaque cursors: where a listing goes on, signed so that a changed one is told from ours."""

from __future__ import annotations

from typing import Any, Final

from itsdangerous import BadData, URLSafeSerializer

from server.problems import Problem

PATTERN: Final = r"^[A-Za-z0-9_.\-]{1,4000}$"


class Cursors:
    """Makes and reads cursors of one kind of listing."""

    def __init__(self, key: str, kind: str) -> None:
        self._serializer = URLSafeSerializer(key, salt=f"wangge.cursor.{kind}")

    def make(self, position: Any) -> str:
        """Return a cursor for a position, any JSON value."""
        text = self._serializer.dumps(position)
        return text if isinstance(text, str) else text.decode()

    def read(self, cursor: str) -> Any:
        """Return the position; raise ``Problem`` ``bad-cursor`` when we did not make it."""
        try:
            return self._serializer.loads(cursor)
        except BadData:
            raise Problem("bad-cursor") from None

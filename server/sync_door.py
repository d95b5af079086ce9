"""``/sync``: the wire with the gateway behind it, and what only the server knows about tokens."""

from __future__ import annotations

from typing import Any, Final

from starlette.types import Scope

from grid.permissions import Actor
from server.auth import Identity

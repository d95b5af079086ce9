"""Groups of roles that take the steps of a life cycle, each wider than the one before."""

from __future__ import annotations

from typing import Final

from grid.permissions import SUPERVISORS, Role

CENTRE: Final = SUPERVISORS | {Role.DISPATCHER}
"""Who accepts, assigns, rules and closes."""
OFFICE: Final = CENTRE | {Role.DEPARTMENT}
"""Who handles what was assigned."""
FIELD: Final = OFFICE | {Role.GRIDWORKER}
"""Who reports, handles on the spot, and verifies what others did."""

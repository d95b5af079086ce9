"""Scripts that once ended badly, cut down to what mattered."""

from __future__ import annotations

import pytest

from tests.simulation.history import play
from tests.simulation.script import Op, Script

SCRIPTS = {
    "deleted where it was moved to, edited where it was": Script(
        2,
        2,
        (
            (Op("create"),),
            (Op("sync"),),
            (Op("replicate"),),
            (Op("follow", 0, 1),),
            (Op("sync", 1, 0, 1), Op("relocate", 0, 0, 0, 677)),
            (Op("put", 1, 1, 0, 95),),
            (Op("put"),),
        ),
    ),
    "a move by hand broken off, then the grid is split": Script(
        1,
        1,
        (
            (Op("create"),),
            (Op("sync"),),
            (Op("order"), Op("follow")),
            (Op("relocate", 0, 0, 1, 118),),
        ),
    ),
    "recorded in a grid that took over and was split the next day": Script(
        1,
        1,
        (
            (Op("order", 1, 10, 102),),
            (Op("create"),),
            (Op("order", 1, 10259, 0, 7),),
            (Op("sync", 0, 0, 53013), Op("follow")),
            (Op("edit", 0, 1),),
        ),
    ),
    "recorded in a part of a split grid that is reopened": Script(
        1,
        1,
        (
            (Op("create"),),
            (Op("sync"),),
            (Op("order"),),
            (Op("follow"),),
            (Op("sync"),),
            (Op("order", 0, 0, 37),),
            (Op("edit"),),
        ),
    ),
    "in conflict, moved away and back at once": Script(
        1,
        1,
        (
            (Op("create"),),
            (Op("create", 0, 0, 13),),
            (Op("sync"),),
            (Op("order", 0, 0, 0, 7),),
            (Op("edit", 0, 1),),
            (Op("follow"),),
            (Op("put", 0, 0, 1, 87),),
            (Op("sync"),),
            (Op("relocate", 0, 0, 1, 44),),
            (Op("relocate", 0, 0, 1),),
        ),
    ),
    "a merge undone after the record moved": Script(
        1,
        1,
        (
            (Op("create"),),
            (Op("sync"),),
            (Op("put"),),
            (Op("edit"),),
            (Op("order"),),
            (Op("sync"),),
            (Op("follow"),),
            (Op("review", 0, 0, 0, 1),),
        ),
    ),
    "split twice at one site, moved by hand at the other": Script(
        1,
        2,
        (
            (Op("create"),),
            (Op("sync"),),
            (Op("replicate"),),
            (Op("order"),),
            (Op("order", 0, 4),),
            (Op("follow", 0, 1),),
            (Op("relocate", 0, 1, 0, 104),),
        ),
    ),
    "the same, the move by hand being the last": Script(
        1,
        2,
        (
            (Op("create"),),
            (Op("sync"),),
            (Op("replicate"),),
            (Op("order"),),
            (Op("order", 0, 4),),
            (Op("follow", 0, 1),),
            (Op("relocate", 0, 1, 0, 104, 1),),
        ),
    ),
    "moved by hand, then its old grid opened and split again while an edit was under way": Script(
        1,
        1,
        (
            (Op("create"),),
            (Op("sync"),),
            (Op("edit"),),
            (Op("order"),),
            (Op("follow"),),
            (Op("relocate"),),
            (Op("follow"),),
            (Op("order", 0, 0, 9),),
            (Op("order"),),
        ),
    ),
    "moved by hand, an edit under way to its old grid, which then moves with a village": Script(
        1,
        1,
        (
            (Op("create"),),
            (Op("sync"),),
            (Op("edit"),),
            (Op("order", 1, 0, 85, 7), Op("follow")),
            (Op("relocate", 0, 0, 0, 5212),),
            (Op("sync"),),
            (Op("follow", 0, 0, 1, 49),),
        ),
    ),
    "two households made one, then their grid is split": Script(
        1,
        1,
        (
            (Op("create", 0, 0, 1),),
            (Op("create", 0, 0, 1),),
            (Op("sync"),),
            (Op("follow"),),
            (Op("join", 0, 0, 1),),
            (Op("follow"),),
            (Op("order"),),
        ),
    ),
    "a move by hand broken off, then moved on by hand": Script(
        1,
        1,
        (
            (Op("create"),),
            (Op("sync"),),
            (Op("follow"),),
            (Op("relocate", 0, 0, 3, 45458),),
            (Op("relocate", 0, 0, 0, 35114),),
        ),
    ),
    "two households of one door while their village moves": Script(
        1,
        1,
        (
            (Op("create", 0, 0, 1, 61309),),
            (Op("create", 0, 0, 1, 11215),),
            (Op("sync"),),
            (Op("edit", 0, 0, 12),),
            (Op("follow"),),
            (Op("sync"),),
            (Op("follow"), Op("order", 0, 0, 63595)),
        ),
    ),
    "a merged household kept apart and deleted at once": Script(
        2,
        1,
        (
            (Op("create", 0, 0, 1, 9244),),
            (Op("create", 0, 0, 1, 49029),),
            (Op("sync"),),
            (Op("create", 1, 0, 1, 48586, 1),),
            (Op("create", 1, 0, 3),),
            (Op("sync", 1),),
            (Op("follow"),),
            (Op("join", 0, 0, 0, 11),),
            (Op("sync", 1),),
            (Op("delete", 1, 0, 0, 1),),
        ),
    ),
    "an event of a household that no rule places": Script(
        1,
        1,
        (
            (Op("create", 0, 0, 1),),
            (Op("sync"),),
            (Op("edit"),),
            (Op("create"),),
            (Op("order"),),
            (Op("order", 0, 4, 41, 9),),
        ),
    ),
    "a record moved by hand half way when another is merged into it": Script(
        1,
        1,
        (
            (Op("create", 0, 0, 3, 65058),),
            (Op("create", 0, 0, 3, 28050),),
            (Op("sync"),),
            (Op("edit"),),
            (Op("follow"),),
            (Op("relocate", 0, 0, 20866, 6488),),
            (Op("join", 0, 0, 1),),
        ),
    ),
    "a deleted household that another was merged into is brought back": Script(
        2,
        1,
        (
            (Op("create", 0, 0, 1),),
            (Op("sync"),),
            (Op("create", 1, 0, 1),),
            (Op("create", 1, 0, 3),),
            (Op("sync", 1),),
            (Op("follow"),),
            (Op("delete", 1, 0, 0, 1),),
            (Op("join", 0, 0, 1, 117),),
            (Op("sync", 1),),
            (Op("follow"),),
            (Op("join", 0, 0, 1, 1),),
        ),
    ),
    "merged into one household, said not to be the same as a third": Script(
        2,
        1,
        (
            (Op("create", 0, 0, 1, 59926),),
            (Op("create", 0, 0, 1, 31221),),
            (Op("sync"),),
            (Op("create", 1, 0, 1, 29486),),
            (Op("sync", 1),),
            (Op("follow"),),
            (Op("order"),),
            (Op("follow"),),
            (Op("join", 0, 0, 0, 7),),
        ),
    ),
    "a merged household moved by hand while the follower reads its old grid": Script(
        1,
        1,
        (
            (Op("create", 0, 0, 1),),
            (Op("create", 0, 0, 1),),
            (Op("create"),),
            (Op("sync"),),
            (Op("follow"),),
            (Op("join", 0, 0, 1, 5),),
            (Op("follow", 0, 0, 4, 79), Op("relocate", 0, 0, 1, 32355)),
            (Op("follow"), Op("sync")),
        ),
    ),
    "an order while the follower looks at the tree": Script(
        1, 1, ((Op("order", 0, 0, 42, 1), Op("follow")),)
    ),
}


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_it_ends_well(script: Script) -> None:
    assert play(script).faults == ()

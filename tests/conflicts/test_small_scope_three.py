"""Three phones with every sequence of three edits and syncs, in every interleaving, by policy.

Folded as ``test_small_scope`` is; that the folds lose nothing is tested in
``test_small_scope_folds``.
"""

from __future__ import annotations

from itertools import combinations_with_replacement, product

import pytest

from tests.conflicts.test_small_scope import (
    KINDS,
    Archive,
    Scene,
    check,
    interleavings,
    program,
)

WORDS = ["".join(letters) for letters in product("ES", repeat=3)]


@pytest.mark.parametrize("name", KINDS)
def test_three_phones_with_every_program_of_three_edits_and_syncs(name: str) -> None:
    histories = 0
    for programs in combinations_with_replacement([program(name, word) for word in WORDS], 3):
        for scene in interleavings(Scene(programs, Archive())):
            check(scene, name)
            histories += 1
    assert histories == 16_960

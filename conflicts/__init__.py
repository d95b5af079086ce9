"""The resolver, pure: hybrid logical clock, merge policies, N-way merge, hierarchy repair and
duplicate finding. Documents in, one merged document and its decisions out; no I/O, no clock
reading, no randomness. May import ``grid`` only.
"""

from .ancestry import wanted
from .merge import POLICY_VERSION, merge
from .model import Body, Decision, FieldDecision, Leaf, Merged, Receipt, Side

__all__ = [
    "POLICY_VERSION",
    "Body",
    "Decision",
    "FieldDecision",
    "Leaf",
    "Merged",
    "Receipt",
    "Side",
    "merge",
    "wanted",
]

"""Revision trees as CouchDB keeps them: merge, winner, leaves, stemming, missing revisions.

A revision is ``<generation>-<hash>``; a child's generation is its parent's plus one. A tree (a
forest, once histories were stemmed or arrived without their beginning) is held as chains, one per
leaf: the leaf's line back to a root, or to the first revision that an earlier chain already has.
The winner's chain comes first, so the common questions (winner, its history, is this revision a
leaf) are answered without walking.

A revision is identified by its name alone: it has one parent, the first one heard of. CouchDB
would keep a second copy of it under another parent, which only a forged history can bring about.

Source: CouchDB documentation, "Replication and conflict model"; ``couch_key_tree``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import Enum
from itertools import islice, takewhile
from typing import Final, NamedTuple

import orjson

from sync.errors import BadDocument

MISSING: Final = "m"
"""Flag of a revision known only as somebody's ancestor: its body never came."""
AVAILABLE: Final = "a"
"""Flag of a revision that was written here."""
DELETED: Final = "d"
"""Flag of a tombstone that was written here."""
DEFAULT_REVS_LIMIT: Final = 1000
_MAX_GENERATION_DIGITS: Final = 15
_MAX_REVISION_LENGTH: Final = 255

RevKey = tuple[int, str]
"""A revision taken apart: generation and hash."""
_Nodes = dict[RevKey, tuple[str | None, str]]
"""Parent hash (``None`` for a root) and flag of each revision."""


class Outcome(Enum):
    """What a merge did to the tree (CouchDB's words)."""

    NEW_LEAF = "new_leaf"
    """A leaf was extended, or this is the first revision: no conflict came of it."""
    NEW_BRANCH = "new_branch"
    """A branch was added beside others."""
    INTERNAL_NODE = "internal_node"
    """The revision was known already."""


class Chain(NamedTuple):
    """A run of revisions, newest first; ``flags`` has a character for each hash."""

    generation: int
    hashes: tuple[str, ...]
    flags: str
    parent: str | None

    @property
    def rev(self) -> str:
        """The leaf at the chain's head."""
        return f"{self.generation}-{self.hashes[0]}"

    @property
    def deleted(self) -> bool:
        """Whether the leaf is a tombstone."""
        return self.flags[0] == DELETED


def parse_rev(rev: str) -> RevKey:
    """Take ``<generation>-<hash>`` apart; raise ``BadDocument`` when it is not one."""
    generation, dash, digest = rev.partition("-")
    if (
        not dash
        or not digest
        or not generation.isascii()
        or not generation.isdigit()
        or len(generation) > _MAX_GENERATION_DIGITS
        or len(rev) > _MAX_REVISION_LENGTH
        or generation[0] == "0"
    ):
        raise BadDocument(f"Invalid rev format: {rev[:64]!r}; expected <generation>-<hash>")
    return int(generation), digest


def check_ancestors(rev: str, ancestors: Sequence[str]) -> None:
    """Raise ``BadDocument`` unless generations go down by one from ``rev`` along ``ancestors``."""
    expected, _ = parse_rev(rev)
    for ancestor in ancestors:
        expected -= 1
        generation, _ = parse_rev(ancestor)
        if generation != expected:
            raise BadDocument(f"history does not fit: {ancestor} cannot be an ancestor of {rev}")


def _order(chain: Chain) -> tuple[bool, int, str]:
    return (not chain.deleted, chain.generation, chain.hashes[0])


class RevTree:
    """An immutable revision tree."""

    __slots__ = ("chains",)

    def __init__(self, chains: tuple[Chain, ...] = ()) -> None:
        self.chains = chains

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RevTree) and self.chains == other.chains

    def __hash__(self) -> int:
        return hash(self.chains)

    def __repr__(self) -> str:
        return f"RevTree({self.chains!r})"

    @classmethod
    def single(cls, rev: str, deleted: bool) -> RevTree:
        """Return the tree of one revision without history."""
        generation, digest = parse_rev(rev)
        return cls((Chain(generation, (digest,), DELETED if deleted else AVAILABLE, None),))

    @classmethod
    def decode(cls, data: bytes | str) -> RevTree:
        """Read what ``encode`` wrote."""
        return cls(tuple(Chain(g, tuple(h), f, p) for g, h, f, p in orjson.loads(data)))

    def encode(self) -> bytes:
        """Return the compact form: a JSON list of chains, the winner's first."""
        return orjson.dumps([tuple(chain) for chain in self.chains])

    @property
    def winner(self) -> Chain:
        """The winning chain: not deleted first, then highest generation, then highest hash."""
        return self.chains[0]

    @property
    def is_single(self) -> bool:
        """Whether this is one revision and nothing else (see ``single``)."""
        return (
            len(self.chains) == 1
            and len(self.chains[0].hashes) == 1
            and self.chains[0].flags != MISSING
        )

    def leaves(self) -> list[tuple[str, bool]]:
        """Return every leaf and whether it is deleted, the winner first, in winning order."""
        return [(chain.rev, chain.deleted) for chain in self.chains]

    def _find(self, key: RevKey) -> tuple[int, int] | None:
        generation, digest = key
        for number, chain in enumerate(self.chains):
            place = chain.generation - generation
            if 0 <= place < len(chain.hashes) and chain.hashes[place] == digest:
                return number, place
        return None

    def state(self, rev: str) -> str | None:
        """Return the flag of a revision, or ``None`` when it is not in the tree."""
        found = self._find(parse_rev(rev))
        return None if found is None else self.chains[found[0]].flags[found[1]]

    def is_leaf(self, rev: str) -> bool:
        """Tell whether a revision is a leaf."""
        found = self._find(parse_rev(rev))
        return found is not None and found[1] == 0

    def _line(self, start: RevKey) -> Iterator[tuple[int, str, str]]:
        """Yield generation, hash and flag from a known revision back to its root."""
        key: RevKey | None = start
        while key is not None:
            found = self._find(key)
            assert found is not None, key
            chain, place = self.chains[found[0]], found[1]
            for index in range(place, len(chain.hashes)):
                yield chain.generation - index, chain.hashes[index], chain.flags[index]
            below = chain.generation - len(chain.hashes)
            key = None if chain.parent is None else (below, chain.parent)

    def ancestors(self, rev: str) -> tuple[str, ...]:
        """Return the known ancestors of a known revision, newest first, without itself."""
        line = self._line(parse_rev(rev))
        next(line)
        return tuple(f"{generation}-{digest}" for generation, digest, _ in line)

    def history(self, rev: str) -> list[tuple[str, str]]:
        """Return a known revision and its ancestors, newest first, each with its flag."""
        return [(f"{g}-{digest}", flag) for g, digest, flag in self._line(parse_rev(rev))]

    def latest(self, rev: str) -> list[str]:
        """Return the leaves that a known revision grew into (itself when it is a leaf)."""
        key = parse_rev(rev)
        found = []
        for chain in self.chains:
            for generation, digest, _ in self._line((chain.generation, chain.hashes[0])):
                if generation < key[0]:
                    break
                if (generation, digest) == key:
                    found.append(chain.rev)
        return found

    def missing(self, revs: Iterable[str]) -> tuple[list[str], list[str]]:
        """Return which of ``revs`` are not known, and the leaves that may be their ancestors."""
        wanted = [(rev, parse_rev(rev)) for rev in dict.fromkeys(revs)]
        unknown = [(rev, key) for rev, key in wanted if self._find(key) is None]
        if not unknown:
            return [], []
        highest = max(generation for _, (generation, _) in unknown)
        possible = [chain.rev for chain in self.chains if chain.generation < highest]
        return [rev for rev, _ in unknown], possible

    def merge(
        self,
        rev: str,
        ancestors: Sequence[str] = (),
        *,
        deleted: bool = False,
        limit: int = DEFAULT_REVS_LIMIT,
    ) -> tuple[RevTree, Outcome]:
        """Merge a written revision with its history into the tree and stem it to ``limit``.

        ``ancestors`` run from the parent back, newest first; raise ``BadDocument`` when their
        generations do not go down one by one.
        """
        if not ancestors and not self.chains:
            return RevTree.single(rev, deleted), Outcome.NEW_LEAF
        check_ancestors(rev, ancestors)
        flag = DELETED if deleted else AVAILABLE
        extended = self._extend_only_chain(rev, ancestors, flag, limit)
        if extended is not None:
            return extended, Outcome.NEW_LEAF
        path = [parse_rev(rev), *map(parse_rev, ancestors)]
        outcome = self._outcome(path)
        nodes = self._nodes()
        _graft(nodes, path, flag)
        return _from_nodes(nodes, limit), outcome

    def _extend_only_chain(
        self, rev: str, ancestors: Sequence[str], flag: str, limit: int
    ) -> RevTree | None:
        """Do the everyday merge, a child of the only leaf, without taking the tree apart."""
        if len(self.chains) > 1:
            return None
        generation, digest = parse_rev(rev)
        if not self.chains:
            hashes = (digest, *(parse_rev(ancestor)[1] for ancestor in ancestors))[:limit]
            return RevTree((Chain(generation, hashes, flag + MISSING * (len(hashes) - 1), None),))
        chain = self.chains[0]
        if not ancestors or ancestors[0] != chain.rev or len(ancestors) > len(chain.hashes):
            return None
        hashes = (digest, *chain.hashes)[:limit]
        return RevTree((Chain(generation, hashes, (flag + chain.flags)[:limit], None),))

    def without(self, leaves: Collection[str]) -> tuple[RevTree, list[str]]:
        """Return the tree without these leaves and what only they grew from, and what that was."""
        nodes = self._nodes()
        others = [chain.rev for chain in self.chains if chain.rev not in leaves]
        kept = {key for rev in others for key in _walk(nodes, parse_rev(rev))}
        gone = [f"{generation}-{digest}" for generation, digest in nodes.keys() - kept]
        rest = {key: node for key, node in nodes.items() if key in kept}
        return _from_nodes(rest, DEFAULT_REVS_LIMIT), gone

    def _outcome(self, path: Sequence[RevKey]) -> Outcome:
        for number, key in enumerate(path):
            found = self._find(key)
            if found is not None:
                if number == 0:
                    return Outcome.INTERNAL_NODE
                return Outcome.NEW_LEAF if found[1] == 0 else Outcome.NEW_BRANCH
        return Outcome.NEW_BRANCH if self.chains else Outcome.NEW_LEAF

    def _nodes(self) -> _Nodes:
        nodes: _Nodes = {}
        for chain in self.chains:
            parents = (*chain.hashes[1:], chain.parent)
            for index, digest in enumerate(chain.hashes):
                nodes[chain.generation - index, digest] = (parents[index], chain.flags[index])
        return nodes


def _graft(nodes: _Nodes, path: Sequence[RevKey], flag: str) -> None:
    """Add a path (newest first) to the nodes; a known parent stays, a known flag too."""
    for index, key in enumerate(path):
        parent = path[index + 1][1] if index + 1 < len(path) else None
        known_parent, known_flag = nodes.get(key, (None, MISSING))
        mine = flag if index == 0 else MISSING
        nodes[key] = (
            parent if known_parent is None else known_parent,
            mine if known_flag == MISSING else known_flag,
        )


def _from_nodes(nodes: _Nodes, limit: int) -> RevTree:
    """Lay nodes out as chains, the winner's first, keeping ``limit`` revisions behind each leaf."""
    inner = {(generation - 1, parent) for (generation, _), (parent, _) in nodes.items()}
    leaves = [key for key in nodes if key not in inner]
    leaves.sort(key=lambda key: (nodes[key][1] != DELETED, key[0], key[1]), reverse=True)
    kept = {key for leaf in leaves for key in islice(_walk(nodes, leaf), limit)}
    chains: list[Chain] = []
    laid: set[RevKey] = set()
    for leaf in leaves:
        line = list(takewhile(lambda key: key in kept and key not in laid, _walk(nodes, leaf)))
        laid.update(line)
        generation, parent = line[-1][0], nodes[line[-1]][0]
        if parent is not None and (generation - 1, parent) not in kept:
            parent = None
        flags = "".join(nodes[key][1] for key in line)
        chains.append(Chain(leaf[0], tuple(digest for _, digest in line), flags, parent))
    return RevTree(tuple(chains))


def _walk(nodes: _Nodes, leaf: RevKey) -> Iterator[RevKey]:
    key: RevKey | None = leaf
    while key is not None:
        yield key
        parent = nodes[key][0]
        key = None if parent is None else (key[0] - 1, parent)

"""What a revision contains: the graph of tree parents and of leaves that merges took in.

CouchDB's revision tree knows one parent a revision. A merged revision also contains the leaves it
was made of; its ``merge`` note lists them. With both, "has this edit been seen by that one?" and
"from which state did these two part?" have exact answers, and a merged revision can be taken apart
again into the people's edits it was made of (its authors).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from .model import Body, Leaf, Receipt
from .revision import generation, merged_revision, tombstone_revision

Chain = tuple[str, ...]
OLDER_AT_ONCE = 32
"""How many older revisions ``wanted`` names at once when the nearest base is gone."""


class History:
    """The revision graph of one document, as far as its leaves and known bodies show it.

    Pass all leaves, tombstones of merged leaves included: they carry the ancestry of leaves that
    lost. Bodies are kept as they were written, because revision ids are hashes of them; ``upcast``
    brings one up to the schema in which documents are merged. ``missing`` collects the revisions
    whose bodies were looked for in vain.
    """

    def __init__(
        self,
        leaves: Iterable[Leaf],
        bodies: Mapping[str, Body],
        upcast: Callable[[Body], Body] = lambda body: body,
        receipts: Mapping[str, Receipt] = MappingProxyType({}),
    ) -> None:
        self.upcast = upcast
        self.receipts = receipts
        self.leaves = {leaf.rev: leaf for leaf in leaves}
        self._bodies = bodies
        self._chains: list[Chain] = [
            (leaf.rev, *leaf.ancestors) for _, leaf in sorted(self.leaves.items())
        ]
        self._merges: dict[str, tuple[str, ...]] = {}
        self._noted: set[str] = set()
        self._reach: dict[str, frozenset[str]] = {}
        self._authors: dict[str, frozenset[str]] = {}
        self._places: dict[str, tuple[Chain, int] | None] = {}
        self._floor: tuple[int, Chain] = (0, ())
        self.missing: dict[str, None] = {}
        for rev in sorted(self.leaves):
            self._note(rev)

    # Bodies

    def body(self, rev: str) -> Body | None:
        """Return the body of a live revision, or ``None`` when it is gone."""
        leaf = self.leaves.get(rev)
        if leaf is not None and not leaf.deleted:
            return leaf.body
        body = self._bodies.get(rev)
        if body is None:
            self.missing[rev] = None
        return body

    def nearest_body(self, rev: str) -> tuple[str, Body] | None:
        """Return the newest known body among ``rev`` and its tree ancestors, with its revision."""
        at: str | None = rev
        while at is not None:
            body = self.body(at)
            if body is not None:
                return at, body
            at = self.tree_parent(at)
        return None

    def is_deleted(self, rev: str) -> bool:
        """Tell whether ``rev`` is a leaf that somebody deleted."""
        leaf = self.leaves.get(rev)
        return leaf is not None and leaf.deleted

    # The graph

    def tree_parent(self, rev: str) -> str | None:
        """Return the parent in the revision tree, or ``None`` if there is none or it is unknown."""
        place = self._place(rev)
        if place is None:
            return None
        chain, index = place
        return chain[index + 1] if index + 1 < len(chain) else None

    def merged_from(self, rev: str) -> tuple[str, ...]:
        """Return the leaves that a merged revision contains; empty for any other revision."""
        if rev not in self._noted:
            self._note(rev)
        return self._merges.get(rev, ())

    def is_tombstone(self, rev: str) -> bool:
        """Tell whether a leaf is the resolver's own tombstone of a merged leaf."""
        leaf = self.leaves[rev]
        return bool(
            leaf.deleted and leaf.ancestors and rev == tombstone_revision(leaf.ancestors[0])
        )

    def parts(self, leaf: str) -> frozenset[str]:
        """Return what a leaf that is itself a merge was made of; itself for any other leaf."""
        noted = _note_parents(self.leaves[leaf].body)
        return frozenset(noted) if self._is_merge(leaf, noted) else frozenset({leaf})

    def covers(self, leaf: str, other: str) -> bool:
        """Tell whether ``other`` may be closed because all its parts are in ``leaf``.

        Two sites close each other's merges unless they judge alike. So this asks the leaves alone,
        which every replica has, and not the archive, of which each site has what it saw.
        """
        tops = {leaf, *_note_parents(self.leaves[leaf].body)}

        def reached(part: str) -> bool:
            return part in tops or any(self._is_below(part, top) for top in tops)

        return reached(other) or all(map(reached, self.parts(other)))

    def authors(self, rev: str) -> frozenset[str]:
        """Return the people's edits that ``rev`` stands for.

        That is the revision itself, or, for a merged revision whose parts are all known, the
        authors of the leaves it was made of: the resolver adds nothing of its own.
        """
        known = self._authors.get(rev)
        if known is None:
            known = self._authors[rev] = self._find_authors(rev)
        return known

    def survey(self, revs: Iterable[str]) -> None:
        """Find where the histories of ``revs`` all join; nothing older is walked afterwards."""
        chains = [chain[index:] for chain, index in filter(None, map(self._place, revs))]
        self._floor = _common_part(chains)
        self._reach.clear()

    def contained(self, rev: str) -> frozenset[str]:
        """Return ``rev`` and the revisions it contains, down to where all histories join."""
        known = self._reach.get(rev)
        if known is None:
            known = self._reach[rev] = self._walk(rev)
        return known

    def maximal(self, revs: Iterable[str]) -> frozenset[str]:
        """Return those of ``revs`` that no other of them contains."""
        candidates = frozenset(revs)
        if len(candidates) < 2:
            return candidates
        on_trunk = {
            rev: index for rev in candidates if (index := self._trunk_index(rev)) is not None
        }
        newest = min(on_trunk.values(), default=None)
        candidates -= {rev for rev, index in on_trunk.items() if index != newest}
        inner = {
            rev
            for outer in candidates
            for rev in self.contained(outer)
            if rev != outer and rev in candidates
        }
        return candidates - inner

    def common(self, revs: Sequence[str]) -> frozenset[str]:
        """Return the nearest common ancestors of ``revs``; several when histories crossed."""
        sets = [self.contained(rev) for rev in revs]
        shared = frozenset.intersection(*sets)
        joins = [self._joins(contained) for contained in sets]
        known = [join for join in joins if join is not None]
        if known and len(known) == len(joins):
            shared |= {self._floor[1][max(known)]}
        return self.maximal(shared)

    # How it is found

    def _own_body(self, rev: str) -> Body | None:
        leaf = self.leaves.get(rev)
        return leaf.body if leaf is not None else self._bodies.get(rev)

    def _trunk_index(self, rev: str) -> int | None:
        """Return how far below the point where all histories join ``rev`` lies, if it does."""
        floor, trunk = self._floor
        below = floor - generation(rev)
        return below if 0 <= below < len(trunk) and trunk[below] == rev else None

    def _joins(self, contained: frozenset[str]) -> int | None:
        """Return where on the common trunk a history arrives, counted from the join downwards."""
        indexes = [self._trunk_index(rev) for rev in contained]
        return min((index for index in indexes if index is not None), default=None)

    def _place(self, rev: str) -> tuple[Chain, int] | None:
        if rev in self._places:
            return self._places[rev]
        place = self._places[rev] = self._find_place(rev)
        return place

    def _find_place(self, rev: str) -> tuple[Chain, int] | None:
        wanted = generation(rev)
        for chain in self._chains:
            index = generation(chain[0]) - wanted
            if 0 <= index < len(chain) and chain[index] == rev:
                return chain, index
        return None

    def _is_below(self, rev: str, top: str) -> bool:
        """Tell whether ``rev`` is a tree ancestor of ``top``."""
        place = self._place(top)
        if place is None:
            return False
        chain, index = place
        at = generation(chain[0]) - generation(rev)
        return index < at < len(chain) and chain[at] == rev

    def _note(self, rev: str) -> None:
        """Learn from the ``merge`` note in a body which revision is a merge, and of which leaves.

        Later edits carry the note along, so the merge itself is the revision right above the note's
        newest leaf in the tree.
        """
        self._noted.add(rev)
        parents = _note_parents(self._own_body(rev))
        if not parents:
            return
        merge = rev
        place = self._place(rev)
        if place is not None:
            chain, index = place
            for at in range(index + 1, len(chain)):
                if chain[at] in parents:
                    merge = chain[at - 1]
                    break
        self._merges.setdefault(merge, parents)

    def _find_authors(self, rev: str) -> frozenset[str]:
        parents = self.merged_from(rev)
        if not parents or not self._is_merge(rev, parents):
            return frozenset({rev})
        known = [self._is_known(parent) for parent in parents]
        if not all(known):
            return frozenset({rev})
        return frozenset().union(*(self.authors(parent) for parent in parents))

    def _is_merge(self, rev: str, parents: tuple[str, ...]) -> bool:
        """Tell whether the resolver wrote ``rev``: its id is the hash of what it says it is."""
        parent = self.tree_parent(rev)
        body = self._own_body(rev)
        if parent is None or parent not in parents or body is None:
            return False
        version = body["merge"].get("policy")
        return rev == merged_revision(parent, parents, version, dict(body))

    def _is_known(self, rev: str) -> bool:
        if rev in self.leaves:
            return True
        return self.body(rev) is not None and self._place(rev) is not None

    def _walk(self, start: str) -> frozenset[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            rev = waiting.pop()
            if rev in seen:
                continue
            seen.add(rev)
            if self._trunk_index(rev) is not None:
                continue
            waiting.extend(self.merged_from(rev))
            parent = self.tree_parent(rev)
            if parent is not None:
                waiting.append(parent)
        return frozenset(seen)


def wanted(
    leaves: Sequence[Leaf], bodies: Mapping[str, Body], absent: frozenset[str] = frozenset()
) -> list[str]:
    """Return the revisions whose bodies a merge of ``leaves`` would use and ``bodies`` lacks.

    Load them and ask again, with what the store has not got in ``absent``, until the list is empty.
    One or two rounds do it for most, however long the history is.
    """
    history = History(leaves, bodies)
    heads = [rev for rev in history.leaves if not history.is_tombstone(rev)]
    if len(heads) < 2:
        return []
    authors = sorted({author for rev in heads for author in history.authors(rev)})
    history.survey([*heads, *authors])
    needed = {rev: None for rev in history.missing if rev not in absent}
    for author in authors:
        for rev in sorted(history.contained(author)):
            if history.merged_from(rev):
                _need(history, history.tree_parent(rev), absent, needed)
        if history.is_deleted(author):
            _need(history, history.tree_parent(author), absent, needed)
    _need_bases(history, authors, absent, needed)
    return list(needed)


def _need_bases(
    history: History, revs: Sequence[str], absent: frozenset[str], needed: dict[str, None]
) -> None:
    """Note the bodies from which each two of ``revs`` parted, and those from which these parted
    where histories crossed: the base is a merge of its own then."""
    for index, left in enumerate(revs):
        for right in revs[index + 1 :]:
            shared = sorted(history.common([left, right]))
            for rev in shared:
                _need(history, rev, absent, needed)
            if len(shared) > 1:
                _need_bases(history, shared, absent, needed)


def _need(
    history: History, rev: str | None, absent: frozenset[str], needed: dict[str, None]
) -> None:
    """Note ``rev`` if its body is not here; if it is gone for good, the ones before it."""
    gone = False
    for _ in range(OLDER_AT_ONCE + len(absent)):
        if rev is None or history.body(rev) is not None:
            return
        if rev not in absent:
            needed[rev] = None
            if not gone:
                return
        gone = True
        rev = history.tree_parent(rev)


def _note_parents(body: Body | None) -> tuple[str, ...]:
    note = body.get("merge") if body is not None else None
    if not isinstance(note, Mapping):
        return ()
    parents = note.get("parents")
    if not isinstance(parents, list) or not isinstance(note.get("policy"), int):
        return ()
    return tuple(sorted(parent for parent in parents if isinstance(parent, str)))


def _common_part(chains: Sequence[Chain]) -> tuple[int, Chain]:
    """Return the generation at which all chains have joined, and their common rest."""
    if not chains:
        return 0, ()
    trunk = chains[0]
    for chain in chains[1:]:
        level = min(generation(trunk[0]), generation(chain[0])) if trunk else 0
        mine, other = generation(trunk[0]) - level if trunk else 0, generation(chain[0]) - level
        while mine < len(trunk) and other < len(chain) and trunk[mine] != chain[other]:
            mine += 1
            other += 1
        trunk = trunk[mine:] if other < len(chain) else ()
    return (generation(trunk[0]), trunk) if trunk else (0, ())

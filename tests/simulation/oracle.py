"""What must hold once everything has come to rest, checked without the code under test.

Each check returns sentences about what is wrong, none when all is well. The order of an event's
states, what a losing leaf is and where a value may be are written down here a second time, on
purpose.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from grid.hierarchy import GridNode, Hierarchy
from grid.models import schema_version, upcast
from tests.simulation import town
from tests.simulation.across_oracle import across_faults
from tests.simulation.memory_store import MemoryStore
from tests.simulation.phone import WAITING, Phone
from tests.simulation.records import Body, all_atoms, atoms
from tests.simulation.site import Site
from tests.simulation.world import World

CONTESTED = "99"
WAYS = {
    "event": {
        "10": "", "11": "10", "12": "10", "91": "10", "92": "10", "20": "10", "25": "20",
        "93": "20", "30": "20", "40": "30", "41": "40", "50": "40", "55": "50", "52": "55",
        "51": "52", "60": "51", "61": "60", "70": "60", "80": "70", "81": "80", "90": "80",
    },
    "dispute": {
        "10": "", "20": "10", "91": "10", "92": "10", "30": "20", "40": "30", "45": "30",
        "50": "45", "60": "40", "61": "60", "70": "60", "80": "70", "81": "80",
    },
    "task": {
        "10": "", "20": "10", "91": "10", "30": "20", "60": "30", "92": "30", "61": "60",
        "70": "60",
    },
    "campaign-record": {"10": "", "20": "10", "30": "20", "31": "20"},
}  # fmt: skip
"""Each state of a record's way and the one it comes after, by type."""


class Copy(NamedTuple):
    """A document as one replica has it."""

    leaves: tuple[tuple[str, bool], ...]
    body: Body

    @property
    def live(self) -> list[str]:
        return [rev for rev, deleted in self.leaves if not deleted]


Grid = dict[str, Copy]


async def faults(world: World) -> list[str]:
    """Return everything that is wrong with a world at rest."""
    sites = [await _grids(site.disk) for site in world.sites]
    found = [*_differences(sites), *_conflicts(sites[0])]
    for phone in world.phones:
        found += await _phone_faults(phone, world, sites[0])
    live = _live(sites[0], await world.sites[0].registry.hierarchy())
    for site in world.sites:
        found += await _canonical_faults(site, sites[0])
        found += await across_faults(site, live)
    found += await _structure_faults(world, sites[0])
    kept = await _kept(world)
    found += _missing_values(world, sites[0], kept)
    found += await _backward_states(world)
    return found


async def _grids(store: MemoryStore) -> dict[str, Grid]:
    grids = {}
    for database in await store.database_names("grid-"):
        page = await store.changes(database, all_leaves=True, bodies=True)
        grids[database] = {
            change.doc_id: Copy(
                tuple((leaf.rev, leaf.deleted) for leaf in change.leaves),
                orjson.loads(change.winner.body) if change.winner is not None else {},
            )
            for change in page.changes
        }
    return grids


def _live(grids: dict[str, Grid], hierarchy: Hierarchy) -> dict[str, Body]:
    """Return every live record as this program's schema has it, with its revision and path."""
    return {
        doc_id: {
            **upcast(copy.body),
            "_rev": copy.live[0],
            "path": list(hierarchy.path(database.removeprefix("grid-"))),
        }
        for database, documents in grids.items()
        for doc_id, copy in documents.items()
        if copy.live
    }


def _differences(sites: list[dict[str, Grid]]) -> Iterator[str]:
    for number, grids in enumerate(sites[1:], 1):
        for database in sorted(sites[0].keys() | grids.keys()):
            mine, other = sites[0].get(database, {}), grids.get(database, {})
            for doc_id in sorted(mine.keys() | other.keys()):
                if mine.get(doc_id) != other.get(doc_id):
                    yield (
                        f"sites 0 and {number} differ on {doc_id} in {database}:"
                        f" {mine.get(doc_id)} and {other.get(doc_id)}"
                    )


def _conflicts(grids: dict[str, Grid]) -> Iterator[str]:
    for database, documents in grids.items():
        for doc_id, copy in documents.items():
            if len(copy.live) > 1:
                yield f"{doc_id} in {database} is in conflict: {copy.live}"


async def _phone_faults(phone: Phone, world: World, grids: dict[str, Grid]) -> list[str]:
    """Check that a phone has what the server has, and besides only what the server refused."""
    found = []
    unsent = [key for key, entry in phone.outbox.items() if entry.state == WAITING]
    if unsent:
        found.append(f"phone {phone.number} still waits for receipts: {unsent}")
    refused = await _refused(world)
    local = await _grids(phone.local)
    for grid in phone.grids:
        database = f"grid-{grid}"
        mine = local.get(database, {})
        for doc_id in sorted(mine.keys() | grids[database].keys()):
            there = dict(grids[database][doc_id].leaves) if doc_id in grids[database] else {}
            here = dict(mine[doc_id].leaves) if doc_id in mine else {}
            extra = {rev for rev in here if rev not in there}
            unknown = {rev for rev in extra if (doc_id, rev) not in refused}
            if unknown:
                found.append(f"phone {phone.number} has leaves of {doc_id} alone: {unknown}")
            for rev in there.keys() - here.keys():
                if not extra or not await _knows(phone.local, database, doc_id, rev):
                    found.append(f"phone {phone.number} lacks {rev} of {doc_id} in {grid}")
    return found


async def _refused(world: World) -> set[tuple[str, str]]:
    found = set()
    for site in world.sites:
        for change in (await site.disk.changes("quarantine", bodies=True)).changes:
            assert change.winner is not None
            entry = orjson.loads(change.winner.body)
            found.add((entry["doc_id"], entry["rev"]))
    return found


async def _knows(store: MemoryStore, database: str, doc_id: str, rev: str) -> bool:
    return bool(await store.history(database, doc_id, rev))


async def _canonical_faults(site: Site, grids: dict[str, Grid]) -> list[str]:
    """Check that the canonical database holds each live record once, as its grid has it."""
    expected: dict[str, list[tuple[str, str]]] = {}
    joined: dict[str, str] = {}
    for database, documents in grids.items():
        for doc_id, copy in documents.items():
            if copy.live:
                expected.setdefault(doc_id, []).append((database[5:], copy.live[0]))
                if isinstance(copy.body.get("merged_into"), str):
                    joined[doc_id] = str(copy.body["merged_into"])
    found = []
    shown = {}
    looked_for = {}
    for change in (await site.disk.changes("canonical", bodies=True)).changes:
        assert change.winner is not None
        body = orjson.loads(change.winner.body)
        if not change.deleted:
            shown[change.doc_id] = body
            if "living_here" in body and body["schema"] <= schema_version(body["type"]):
                found.append(f"site {site.number}: {change.doc_id} is shown in an older schema")
        elif joined.get(change.doc_id, body.get("merged_into")) != body.get("merged_into"):
            found.append(f"site {site.number}: {change.doc_id} leads elsewhere: {body}")
        elif change.doc_id in joined:
            looked_for[change.doc_id] = body["path"][-1]
    for doc_id in sorted(shown.keys() | expected.keys()):
        body, places = shown.get(doc_id), expected.get(doc_id, [])
        if len(places) > 1:
            found.append(f"{doc_id} lives in several grids: {places}")
        elif body is None and places and doc_id in joined:
            if looked_for.get(doc_id) != places[0][0]:
                found.append(f"site {site.number}: {doc_id} is not looked for where it is")
        elif body is None or not places or doc_id in joined:
            found.append(f"site {site.number}: canonical and grids disagree on {doc_id}: {places}")
        elif (body["grid"], body["source_rev"]) != places[0]:
            found.append(f"site {site.number}: canonical shows an old {doc_id}: {places}")
        elif body["path"][-1] != body["grid"] or body["path"][0] != town.DISTRICT:
            found.append(f"site {site.number}: {doc_id} has the path {body['path']}")
    return found


async def _structure_faults(world: World, grids: dict[str, Grid]) -> list[str]:
    """Check that the grids are one tree, the same at every site, and that no record is left in a
    grid which others took over, unless a person is asked where it belongs."""
    trees = [
        {node.code: (node.parent, node.level, node.closed) for node in await _nodes(site)}
        for site in world.sites
    ]
    found = [f"site {number} has another tree" for number, t in enumerate(trees) if t != trees[0]]
    for code, (parent, level, closed) in trees[0].items():
        steps, at = 0, parent
        while at is not None and steps < 5:
            steps, at = steps + 1, trees[0].get(at, (None,))[0]
        if steps != level - 1 or (parent is not None and parent not in trees[0]):
            found.append(f"{code} hangs in no tree")
        if parent is not None and trees[0][parent][2] and not closed:
            found.append(f"{code} is in use below {parent}, which is closed")
    structure = await world.sites[0].registry.structure()
    for database, documents in grids.items():
        code = database.removeprefix("grid-")
        for doc_id, copy in documents.items():
            if copy.live and copy.body.get("grid") != code:
                found.append(f"{doc_id} in {code} says it is in {copy.body.get('grid')}")
            if copy.live and code in structure.routes:
                # A person is asked about a household; what belongs to it waits with it.
                home = str(copy.body.get("household"))
                asked = home if home in documents and documents[home].live else doc_id
                if await _review(world.sites[0], f"decision:{asked}:unplaced") is None:
                    found.append(f"{doc_id} was left in {code}, which others took over")
    return found


async def _review(site: Site, review_id: str) -> Body | None:
    kept = await site.disk.get("reviews", review_id)
    return None if kept is None or kept.deleted else orjson.loads(kept.body)


async def _nodes(site: Site) -> list[GridNode]:
    return list(await site.registry.hierarchy())


async def _kept(world: World) -> dict[str, set[tuple[str, Any]]]:
    """Return, by record, every value kept in a decision or in quarantine of any site."""
    kept: dict[str, set[tuple[str, Any]]] = {}
    for site in world.sites:
        for change in (await site.disk.changes("reviews", bodies=True)).changes:
            assert change.winner is not None
            decision = orjson.loads(change.winner.body)
            into = kept.setdefault(decision["doc_id"], set())
            for field in decision["fields"]:
                for side in field["sides"]:
                    if side["rev"] in field["lost"]:
                        name = field["field"]
                        into |= {(name, atom) for atom in atoms(name, side["value"])}
        for change in (await site.disk.changes("quarantine", bodies=True)).changes:
            assert change.winner is not None
            entry = orjson.loads(change.winner.body)
            kept.setdefault(entry["doc_id"], set()).update(all_atoms(entry["document"]))
    return kept


def _missing_values(
    world: World, grids: dict[str, Grid], kept: dict[str, set[tuple[str, Any]]]
) -> Iterator[str]:
    """Everything that anybody ever saved is in the record, was taken away by somebody who saw it,
    or is kept in a decision or in quarantine."""
    now: dict[str, set[tuple[str, Any]]] = {}
    for documents in grids.values():
        for doc_id, copy in documents.items():
            if copy.live:
                now.setdefault(doc_id, set()).update(all_atoms(copy.body))
    for doc_id, edits in world.ledger.edits.items():
        dropped = set().union(*(edit.dropped() for edit in edits))
        there = now.get(doc_id, set()) | dropped | kept.get(doc_id, set())
        there |= world.ledger.joined.get(doc_id, set())
        for edit in edits:
            for name, atom in sorted(edit.brought() - there):
                yield f"{edit.who}'s {name} {atom!r} of {doc_id} is nowhere"


def at_or_after(kind: str, late: str, early: str) -> bool:
    """Tell whether a state is another one or lies further on its way."""
    while late != CONTESTED and late:
        if late == early:
            return True
        late = WAYS[kind][late]
    return late == CONTESTED


async def _backward_states(world: World) -> list[str]:
    """No merge sets an event back: its state is at or after every side that stood."""
    found = []
    for site in world.sites:
        for change in (await site.disk.changes("reviews", bodies=True)).changes:
            assert change.winner is not None
            decision = orjson.loads(change.winner.body)
            for field in decision["fields"]:
                if field["policy"] == "state":
                    standing = [side["value"] for side in field["sides"] if side["changed"]]
                    kind = str(decision["doc_id"]).partition(":")[0]
                    if not all(at_or_after(kind, field["value"], state) for state in standing):
                        found.append(f"{change.doc_id} sets {standing} back to {field['value']}")
    return found

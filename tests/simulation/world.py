"""A simulated world: phones, sites, supervisors, and the operations of a script on them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson

from grid.permissions import Actor
from sync import quarantine, reviews
from sync.errors import StoreError
from sync.ordering import OrderRefused, order
from sync.paths import database_of
from sync.registry import DATABASE as REGISTRY
from sync.relocating import MoveRefused, relocate
from sync.store import IndexRow, Revision, Write
from sync.wire.errors import WireError
from tests.simulation import joins, planning, records, town
from tests.simulation.ledger import Ledger
from tests.simulation.phone import Phone
from tests.simulation.script import DAY_MS, Op, Script, Step
from tests.simulation.site import Site
from tests.simulation.transfer import TROUBLES, Trouble, Wire, replicate, sync
from tests.simulation.unsteady import HOW, Crash, Fault
from tests.simulation.virtual import Now

SKEWS_MS = (0, 2 * DAY_MS, -2 * DAY_MS, 1500, -1500, 1, 30 * 60_000)
STATUSES = ("open", "settled", "accepted", "changed", "undone")
REST_ROUNDS = 24
EXPECTED = (
    Trouble,
    WireError,
    StoreError,
    reviews.ReviewError,
    quarantine.QuarantineError,
    OrderRefused,
    MoveRefused,
)
"""What may end an operation without anything being wrong."""


class NoRest(AssertionError):
    """After many rounds of syncing everything, something still changes."""


class World:
    """Carries a script out. ``say`` hears what happens, for people."""

    def __init__(self, script: Script, now: Now, say: Callable[[str], None] | None = None) -> None:
        self._now = now
        self._say = say
        self._digest = hashlib.blake2b(digest_size=16)
        self._fresh = 0
        self._late: list[Callable[[], Awaitable[Any]]] = []
        self._positions: dict[tuple[int, int, str], str] = {}
        self.ledger = Ledger()
        self.phones = [
            Phone(number, town.user_of(number), town.device_of(number))
            for number in range(script.phones)
        ]
        self.sites = [
            Site(number, town.site_disk(number), self._note_of(number), self.ledger)
            for number in range(script.sites)
        ]
        for phone in self.phones:
            phone.grids = sorted(town.ASSIGNED[phone.user])

    @property
    def trace(self) -> str:
        """A hash of everything that happened so far."""
        return self._digest.hexdigest()

    def _note(self, *parts: Any) -> None:
        self._digest.update(repr(parts).encode())

    def _note_of(self, number: int) -> Callable[..., None]:
        return lambda *parts: self._note("store", number, *parts)

    def tell(self, text: str) -> None:
        if self._say is not None:
            self._say(text)

    # --- carrying out ---

    async def step(self, step: Step) -> None:
        """Carry out one step: its operations at once, at the site that the first one names."""
        self._now.ms += step[0].ms
        site = self._site_of(step[0])
        self._note("step", step)
        for phone in self.phones:
            phone.busy = False
        with site.process():
            if len(step) == 1:
                outcomes: list[Any] = [await self._outcome(step[0], site)]
            else:
                self.tell(f"at once, at site {site.number}:")
                site.store.pauses = 1 + step[0].c
                outcomes = await asyncio.gather(*(self._outcome(op, site) for op in step))
                site.store.pauses = 0
        site.store.fault = None
        if site.store.dead:
            self.tell(f"  site {site.number} crashed; it starts again")
            site.start()
        self._note("outcomes", outcomes)

    def _site_of(self, op: Op) -> Site:
        """Return where an operation happens. Phones stay with one site, nearly always."""
        roams = op.kind != "sync" or op.c % 16 == 0
        return self.sites[(op.b if roams else op.a % len(self.phones)) % len(self.sites)]

    async def _outcome(self, op: Op, site: Site) -> str:
        try:
            answer = await getattr(self, f"do_{op.kind}")(op, site)
        except EXPECTED as error:
            self.tell(f"  … {type(error).__name__}: {error}")
            return f"{type(error).__name__}: {error}"
        except BaseException as error:
            if not _is_crash(error):
                raise
            return "crash"
        return str(answer)

    def fresh(self) -> int:
        self._fresh += 1
        return self._fresh

    def _plan(self, op: Op, site: Site) -> Wire:
        """Return the network of an operation; set up the store's fault, if there is to be one."""
        how = op.d % 10
        wire = Wire(late=self._late)
        if 5 <= how < 8:
            wire = Wire(op.c % 14 + 1, TROUBLES[op.d // 10 % len(TROUBLES)], self._late)
            self.tell(f"  request {wire.at} will be {wire.how}")
        elif how >= 8:
            fault = Fault(op.c % 9 + 1, HOW[op.d // 10 % len(HOW)])
            site.store.fault = fault
            self.tell(f"  the store will fail: {fault.how} write {fault.at}")
        return wire

    # --- phones ---

    def _phone(self, op: Op) -> Phone:
        return self.phones[op.a % len(self.phones)]

    async def _pick(
        self, phone: Phone, op: Op, *, own: bool = False
    ) -> tuple[str, Revision] | None:
        """Return a grid and what the phone shows of one of its live records."""
        found = []
        for grid in phone.grids:
            await phone.local.create_database(database_of(grid))
            for doc_id in await phone.ids(grid):
                shown = await phone.shown(grid, doc_id)
                if shown is None or shown.deleted:
                    continue
                if not own or orjson.loads(shown.body)["created"]["by"] == phone.user:
                    found.append((grid, shown))
        # Mostly one of the first few, so that people meet.
        return found[op.b % min(len(found), (3, 3, 3, 99)[op.b // 99 % 4])] if found else None

    async def do_create(self, op: Op, site: Site) -> str:
        phone = self._phone(op)
        if not phone.grids:
            return "no grid"
        grid = phone.grids[op.b // 4 % len(phone.grids) if op.b % 4 == 3 else 0]
        await phone.local.create_database(database_of(grid))
        kind = records.kind_of_new(op.c)
        doc_id = f"{kind}:01J{self.fresh():023d}"
        fields = {**records.first_fields(kind), **records.twin_fields(kind, op.d)}
        households = [one for one in await phone.ids(grid) if one.startswith("household:")]
        if kind in records.OF_HOUSEHOLD and households:
            fields["household"] = households[op.d % len(households)]
        if kind == "campaign-record":
            if not households:
                return "no household"
            household = households[op.d % len(households)]
            campaign = records.CAMPAIGNS[op.b // 16 % len(records.CAMPAIGNS)]
            fields |= {"campaign": campaign, "household": household}
            doc_id = f"campaign-record:{campaign}:{household[10:]}"
            if await phone.local.get(database_of(grid), doc_id) is not None:
                return "ticked already"
        body = await phone.create(self._now.ms, grid, doc_id, fields)
        self.tell(f"phone {phone.number} creates {doc_id} in {grid}")
        self.ledger.note(doc_id, phone.user, {}, body)
        return doc_id

    async def do_edit(self, op: Op, site: Site) -> str:
        phone = self._phone(op)
        picked = await self._pick(phone, op)
        if picked is None:
            return "no record"
        grid, shown = picked
        before = orjson.loads(shown.body)
        kind = shown.doc_id.partition(":")[0]
        values = records.change(kind, before, op.c, op.d, self.fresh())
        if phone.newer and op.d % 3 == 0:
            values = phone.future_value(self.fresh())
        if kind == "resident" and op.d % 5 == 0:
            values = records.presence(op.d // 5, older=phone.older)
        forged = op.d % 61 == 60
        old, new = await phone.edit(self._now.ms, grid, shown, values, forged=forged)
        self.tell(
            f"phone {phone.number} edits {shown.doc_id} ({shown.rev[:6]}) in {grid}: {values}"
        )
        self.ledger.note(shown.doc_id, phone.user, old, new)
        return shown.doc_id

    async def do_delete(self, op: Op, site: Site) -> str:
        phone = self._phone(op)
        picked = await self._pick(phone, op, own=op.d % 8 > 0)
        if picked is None:
            return "no record"
        grid, shown = picked
        old = await phone.delete(self._now.ms, grid, shown)
        self.tell(f"phone {phone.number} deletes {shown.doc_id} ({shown.rev[:6]}) in {grid}")
        self.ledger.note(shown.doc_id, phone.user, old, {})
        return shown.doc_id

    async def do_sync(self, op: Op, site: Site) -> str:
        phone = self._phone(op)
        if phone.busy or self._site_of(op) is not site:
            return "not now"
        phone.busy = True
        self.tell(f"phone {phone.number} syncs with site {site.number}")
        await sync(phone, site, self._plan(op, site))
        return "synced"

    async def do_deliver(self, op: Op, site: Site) -> str:
        """Let a request arrive that was sent long ago."""
        if not self._late:
            return "none"
        request = self._late.pop(op.a % len(self._late))
        self.tell("a late request arrives")
        await request()
        return "arrived"

    async def do_skew(self, op: Op, site: Site) -> str:
        phone = self._phone(op)
        phone.skew = SKEWS_MS[op.c % len(SKEWS_MS)]
        self.tell(f"phone {phone.number}'s clock is off by {phone.skew} ms")
        return str(phone.skew)

    async def do_upgrade(self, op: Op, site: Site) -> str:
        self._phone(op).newer, self._phone(op).older = True, False
        self.tell(f"phone {self._phone(op).number} gets a newer program")
        return "newer"

    async def do_downgrade(self, op: Op, site: Site) -> str:
        phone = self._phone(op)
        phone.older, phone.newer = True, False
        self.tell(f"phone {phone.number} turns out to have an old program")
        return "older"

    async def do_clone(self, op: Op, site: Site) -> str:
        """Let a phone be set up from another one's backup: both write the same clocks from now."""
        phone, other = self._phone(op), self.phones[op.b % len(self.phones)]
        phone.become(other.device)
        self.tell(f"phone {phone.number} takes itself for phone {other.number}")
        return other.device

    async def do_forget(self, op: Op, site: Site) -> str:
        self._phone(op).checkpoints.clear()
        self.tell(f"phone {self._phone(op).number} loses its checkpoints")
        return "forgotten"

    # --- sites ---

    async def do_follow(self, op: Op, site: Site) -> str:
        self.tell(f"the follower of site {site.number} runs")
        self._plan(op, site)
        await site.follower.catch_up()
        return "followed"

    async def do_restart(self, op: Op, site: Site) -> str:
        self.tell(f"site {site.number} is restarted")
        site.start()
        return "restarted"

    async def do_replicate(self, op: Op, site: Site) -> str:
        """Bring some of this site's revisions of one grid, or of all, to another site."""
        other = self.sites[(site.number + 1) % len(self.sites)]
        if other is site:
            return "alone"
        databases = await self._replicated(site)
        if op.a % 3:
            databases = [databases[op.a // 3 % len(databases)]]
        batches = (99, 99, 1, 2)[op.c % 4]
        self.tell(f"site {site.number} → site {other.number}: {databases}, {batches} batches")
        for database in databases:
            await self._replicate(site, other, database, batches)
        return "replicated"

    @staticmethod
    async def _replicated(site: Site) -> list[str]:
        return [REGISTRY, *await site.disk.database_names("grid-")]

    async def _replicate(self, site: Site, other: Site, database: str, batches: int) -> None:
        key = (site.number, other.number, database)
        since = self._positions.get(key, "0")
        await other.disk.create_database(database)
        self._positions[key] = await replicate(site.disk, other.disk, database, since, batches)

    async def do_revoke(self, op: Op, site: Site) -> str:
        user = town.WORKERS[op.a % len(town.WORKERS)]
        held = sorted(one.grid for one in await site.registry.assignments(user))
        if not held:
            return "none"
        grid = held[op.c % len(held)]
        await site.registry.unassign(user, grid)
        self.tell(f"site {site.number}: {user} loses {grid}")
        return grid

    async def do_restore(self, op: Op, site: Site) -> str:
        user = town.WORKERS[op.a % len(town.WORKERS)]
        grid = town.ASSIGNED[user][op.c % len(town.ASSIGNED[user])]
        given = await site.registry.assign(user, grid)
        self.tell(f"site {site.number}: {user} has {grid}")
        return f"{grid} {given}"

    async def do_put(self, op: Op, site: Site) -> str:
        """Let a supervisor or another system write plainly, on the winner or on an older state."""
        user = (*town.SUPERVISORS, town.INTEGRATOR)[op.a % 3]
        found = []
        for database in await site.disk.database_names("grid-"):
            found += [(database, one) for one in await site.disk.documents(database)]
        if not found:
            return "no record"
        database, winner = found[op.c % len(found)]
        grid = database.removeprefix("grid-")
        before = orjson.loads(winner.body)
        kind = winner.doc_id.partition(":")[0]
        deletes = op.d % 16 == 15
        body = {**before, **records.change(kind, before, op.d, op.d // 16, self.fresh())}
        if op.d % 2:
            # A client that knows nothing of clocks and merges sends fields only.
            for name in ("updated", "stamps", "merge"):
                body.pop(name, None)
        if body.get("status") != before.get("status"):
            body["status"] = before.get("status")
        write = Write(
            winner.doc_id,
            b"{}" if deletes else orjson.dumps(body),
            None,
            (winner.rev,),
            deletes,
        )
        self.tell(
            f"{user} {'deletes' if deletes else 'puts'} {winner.doc_id} at site {site.number}"
        )
        result = await site.put(user, grid, write)
        if result.error == "forbidden":  # it is in quarantine, and may be accepted
            self.ledger.note(winner.doc_id, user, before, {} if deletes else body)
        self.tell(f"  → {result.rev} {result.error or ''}")
        return f"{result.rev} {result.error}"

    # --- supervisors ---

    async def _supervisor(self, op: Op, site: Site) -> Actor:
        return await site.actor(town.SUPERVISORS[op.a % len(town.SUPERVISORS)])

    async def do_review(self, op: Op, site: Site) -> str:
        actor = await self._supervisor(op, site)
        rows: list[IndexRow] = []
        for place in range(len(STATUSES)):
            status = STATUSES[(op.c + place) % len(STATUSES)]
            rows = rows or await reviews.open_reviews(site.store, town.DISTRICT, status=status)
        if not rows:
            return "none"
        decision = rows[op.c // 8 % len(rows)].doc_id
        review = await reviews.read_review(site.store, decision)
        how = op.d % 5
        self.tell(
            f"{actor.user} at site {site.number}: {('accept', 'undo', 'redo')[min(how, 2)]}"
            f"/choose {decision}"
        )
        if how == 0:
            await reviews.accept(site.store, decision, actor)
            return "accepted"
        if how == 1:
            rev = await reviews.undo(site.store, decision, actor)
        elif how == 2:
            rev = await reviews.redo(site.store, decision, actor)
        else:
            rev = await self._choose(op, site, review, actor)
        return rev

    async def _choose(self, op: Op, site: Site, review: reviews.Review, actor: Actor) -> str:
        decided = review.fields_to_review or review.decision.fields
        if not decided:
            return ""
        chosen = decided[op.d // 8 % len(decided)]
        side = chosen.sides[op.d // 64 % len(chosen.sides)]
        self.tell(f"  chooses {side.value!r} for {chosen.field}")
        decision_id: str = review.document["_id"]
        return await reviews.choose(site.store, decision_id, chosen.field, actor, rev=side.rev)

    async def do_join(self, op: Op, site: Site) -> str:
        """Let a supervisor act on what a rule across documents found."""
        actor = await self._supervisor(op, site)
        told = await joins.act(site, op, actor)
        self.tell(f"{actor.user} at site {site.number} looks at findings: {told}")
        return told

    async def do_order(self, op: Op, site: Site) -> str:
        """Let a supervisor order an operation on the tree of grids."""
        actor = await site.actor(town.PLANNERS[op.a % len(town.PLANNERS)])
        operation = await planning.plan(site, op, actor, self.fresh())
        if operation is None:
            return "nothing to order"
        self.tell(f"{actor.user} at site {site.number}: {planning.words(operation)}")
        self._plan(op, site)
        await order(site.registry, operation, actor)
        return "ordered"

    async def do_relocate(self, op: Op, site: Site) -> str:
        """Let a supervisor move one record by hand."""
        actor = await site.actor(town.PLANNERS[op.a % len(town.PLANNERS)])
        shown = await site.disk.documents("canonical")
        grids = await planning.grids_in_use(site)
        if not shown or not grids:
            return "nothing to move"
        doc_id, grid = shown[op.c % len(shown)].doc_id, grids[op.d // 16 % len(grids)]
        self.tell(f"{actor.user} at site {site.number} moves {doc_id} to {grid}")
        self._plan(op, site)
        await relocate(site.store, site.registry, doc_id, grid, actor)
        return f"moved to {grid}"

    async def do_settle(self, op: Op, site: Site) -> str:
        actor = await self._supervisor(op, site)
        rows = await quarantine.entries_of(site.store, town.DISTRICT)
        if not rows:
            return "none"
        entry = rows[op.c % len(rows)].doc_id
        if op.d % 2:
            self.tell(f"{actor.user} accepts {entry} at site {site.number}")
            return await quarantine.accept(site.store, entry, actor)
        self.tell(f"{actor.user} closes {entry} at site {site.number}")
        await quarantine.close(site.store, entry, actor, "重复")
        return "closed"

    # --- coming to rest ---

    async def rest(self) -> None:
        """Let everything arrive, everybody sync and every follower run until nothing changes."""
        self.tell("--- everything comes to rest")
        for request in self._late:
            with self.sites[0].process(), suppress(*EXPECTED):
                await request()
        self._late.clear()
        self._now.ms += 3 * DAY_MS  # what was ordered for tomorrow is in force
        seen: Any = None
        for number in range(REST_ROUNDS):
            for phone in self.phones:
                site = self.sites[(phone.number + number) % len(self.sites)]
                with site.process():
                    await sync(phone, site, Wire())
            for site in self.sites:
                with site.process():
                    await site.follower.catch_up()
            for site in self.sites:
                other = self.sites[(site.number + 1) % len(self.sites)]
                if other is not site:
                    for database in await self._replicated(site):
                        await self._replicate(site, other, database, 99)
            position = await self._position()
            if position == seen and number >= len(self.sites):
                self._note("rest", position)
                return
            seen = position
            self._now.ms += 10_000
        raise NoRest(f"still changing after {REST_ROUNDS} rounds")

    async def _position(self) -> Any:
        stores = [*(site.disk for site in self.sites), *(phone.local for phone in self.phones)]
        return [await store.database_updates() for store in stores]


def _is_crash(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_crash(one) for one in error.exceptions)
    return isinstance(error, (Crash, asyncio.CancelledError))

"""Followers on one store share its grids, with nobody above them who could be lost.

Grids fall into 32 portions by their names' hash, and each portion belongs to one of the followers
known alive, by rendezvous hash: when one comes or goes, only its portions change hands. A follower
shows that it lives by counting up in ``_local/followers`` of ``canonical``; one whose count has
stood still for ten seconds *by the observer's own clock* counts as gone, so that no two machines'
clocks are ever compared. The same document tells how far each portion has been followed.

All of this only saves work. Two followers on one grid do no harm, so a view that is out of date,
or a count that two writers lost between them, costs nothing but doing something twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from sync.store import DocumentStore

LOCAL_ID: Final = "followers"
PORTIONS: Final = 32
_DATABASE: Final = "canonical"
BEAT_SECONDS: Final = 2.0
_GONE_SECONDS: Final = 10.0


def portion_of(database: str) -> int:
    """Return the portion that a grid's database falls into."""
    return hashlib.blake2b(database.encode(), digest_size=1).digest()[0] % PORTIONS


def owner_of(portion: int, members: Collection[str]) -> str:
    """Return whose a portion is: the member with the highest hash together with it."""

    def weight(member: str) -> bytes:
        return hashlib.blake2b(f"{member}/{portion}".encode(), digest_size=8).digest()

    return max(members, key=lambda member: (weight(member), member))


class Team:
    """One follower's view of all that work on its store: who lives, which portions are its own,
    and from where on each of those is to be followed.

    Before it has joined, it is alone and everything is its own.
    """

    def __init__(
        self,
        store: DocumentStore,
        name: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._host = socket.gethostname()
        self.name = name or f"{self._host}/{os.getpid()}/{secrets.token_hex(4)}"
        self._lock = asyncio.Lock()
        self._count = 0
        self._joined = False
        self._beaten = float("-inf")
        self._seen: dict[str, tuple[int, float]] = {}
        """Each member's count, and when it was first seen so high."""
        self._positions: dict[int, str] | None = None
        self._own = frozenset(range(PORTIONS))
        self.members = 1
        """How many followers are known alive, this one included."""

    @property
    def share(self) -> float:
        """Which part of all grids is this follower's, 0 to 1."""
        return len(self._own) / PORTIONS

    def owns(self, database: str) -> bool:
        """Tell whether a grid's database is this follower's."""
        return portion_of(database) in self._own

    async def positions(self) -> dict[str, frozenset[int]]:
        """Return from where on the own portions are to be followed: portions by position."""
        if self._positions is None:
            self._positions = _read_positions(await self._read())
        by_position: dict[str, set[int]] = {}
        for portion in self._own:
            by_position.setdefault(self._positions.get(portion, "0"), set()).add(portion)
        return {position: frozenset(some) for position, some in by_position.items()}

    async def reached(self, portions: Collection[int], position: str) -> None:
        """Note that all grids of these portions are followed up to a position. Alone it is stored
        at once, in a team with the next beat: what is followed again is only looked at."""
        assert self._positions is not None
        self._positions.update(dict.fromkeys(portions, position))
        if not self._joined:
            kept = await self._read()
            await self._write(kept.get("members", {}), _read_positions(kept))

    async def beat(self) -> None:
        """Show that this follower lives, if it is time to, and see who else does. Joins the team
        the first time."""
        async with self._lock:
            if self._clock() - self._beaten >= BEAT_SECONDS:
                await self._beat()

    async def _beat(self) -> None:
        now = self._clock()
        kept = await self._read()
        alive = self._alive(kept.get("members", {}), now)
        self._joined, self._count = True, self._count + 1
        stored = _read_positions(kept)
        await self._write({**alive, self.name: self._count}, stored)
        self._beaten = now
        team = alive.keys() | {self.name}
        self.members = len(team)
        own = {p for p in range(PORTIONS) if owner_of(p, team) == self.name}
        if self._positions is None:
            self._positions = stored
        # Of what is new here the store tells how far its last owner came.
        self._positions.update({p: stored.get(p, "0") for p in own - self._own})
        self._own = frozenset(own)

    async def leave(self) -> None:
        """Let the others take over at once."""
        if not self._joined:
            return
        kept = await self._read()
        members = {name: n for name, n in kept.get("members", {}).items() if name != self.name}
        await self._write(members, _read_positions(kept))
        self._joined = False

    def _alive(self, members: Mapping[str, int], now: float) -> dict[str, int]:
        """Return the other members whose count still grows."""
        for name, count in members.items():
            if self._seen.get(name, (None, 0.0))[0] != count:
                self._seen[name] = (count, now)
        self._seen = {name: seen for name, seen in self._seen.items() if name in members}
        return {
            name: count
            for name, count in members.items()
            if name != self.name
            and now - self._seen[name][1] < _GONE_SECONDS
            and not self._has_ended(name)
        }

    def _has_ended(self, name: str) -> bool:
        """Tell whether a member is known to be gone without waiting: a process of this machine
        that is not there, or an earlier life of this one."""
        host, _, rest = name.partition("/")
        pid = rest.partition("/")[0]
        if host != self._host or not pid.isdigit():
            return False
        if int(pid) == os.getpid():
            return True
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        return False

    async def _read(self) -> dict[str, Any]:
        return await self._store.get_local(_DATABASE, LOCAL_ID) or {}

    async def _write(self, members: Mapping[str, int], stored: Mapping[int, str]) -> None:
        mine = {p: at for p, at in (self._positions or {}).items() if p in self._own}
        by_position: dict[str, list[int]] = {}
        for portion, position in sorted({**stored, **mine}.items()):
            by_position.setdefault(position, []).append(portion)
        body = {"members": dict(members), "positions": by_position}
        await self._store.put_local(_DATABASE, LOCAL_ID, body)


def _read_positions(kept: Mapping[str, Any]) -> dict[int, str]:
    return {
        int(portion): position
        for position, portions in kept.get("positions", {}).items()
        for portion in portions
    }

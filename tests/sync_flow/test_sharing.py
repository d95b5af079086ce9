"""Followers share grids: everyone's portion is somebody's, and nothing is lost when one goes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync.registry import Registry
from sync.sharing import PORTIONS, Team, owner_of, portion_of
from sync.store import DocumentStore

NAMES = st.sets(st.text("abcdef0123456789", min_size=1, max_size=8), min_size=2, max_size=8)
GRIDS = [f"grid-4409040042050010{number:02}" for number in range(60)]


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def beat(clock: Clock, *teams: Team, seconds: float = 2.0) -> None:
    """Let time pass and these followers show that they live."""
    clock.now += seconds
    for team in teams:
        await team.beat()


def owners(name: str, *teams: Team) -> int:
    return sum(team.owns(name) for team in teams)


@given(NAMES)
def test_when_one_goes_only_its_portions_change_hands(names: set[str]) -> None:
    lost = min(names)
    for portion in range(PORTIONS):
        before = owner_of(portion, names)
        after = owner_of(portion, names - {lost})
        assert after == before if before != lost else after != lost


def test_every_portion_is_some_grids() -> None:
    assert {portion_of(f"grid-{number}") for number in range(2_000)} == set(range(PORTIONS))


async def test_alone_everything_is_its_own(store: DocumentStore, registry: Registry) -> None:
    team = Team(store, "a")
    assert all(team.owns(name) for name in GRIDS)
    await team.beat()
    assert (team.members, team.share) == (1, 1.0)


async def test_each_grid_is_one_followers(store: DocumentStore, registry: Registry) -> None:
    clock = Clock()
    teams = [Team(store, name, clock) for name in "abc"]
    for _ in range(2):
        await beat(clock, *teams)
    assert {team.members for team in teams} == {3}
    assert all(owners(name, *teams) == 1 for name in GRIDS)
    assert sum(team.share for team in teams) == 1.0


async def test_who_shows_no_life_for_ten_seconds_is_replaced(
    store: DocumentStore, registry: Registry
) -> None:
    clock = Clock()
    one, two = Team(store, "a", clock), Team(store, "b", clock)
    for _ in range(2):
        await beat(clock, one, two)
    for _ in range(5):
        await beat(clock, one)
    assert one.members == 2  # eight seconds after its last sign: not long enough
    await beat(clock, one)
    assert (one.members, one.share) == (1, 1.0)
    await beat(clock, two)  # it had only been slow
    await beat(clock, one)
    assert (one.members, two.members) == (2, 2)


async def test_who_leaves_is_replaced_at_once(store: DocumentStore, registry: Registry) -> None:
    clock = Clock()
    one, two = Team(store, "a", clock), Team(store, "b", clock)
    for _ in range(2):
        await beat(clock, one, two)
    await two.leave()
    await beat(clock, one)
    assert one.share == 1.0


async def test_the_heir_goes_on_where_the_lost_one_was(
    store: DocumentStore, registry: Registry
) -> None:
    """Not from where the heir is itself: what the lost one had not done would be left out."""
    clock = Clock()
    one, two = Team(store, "a", clock), Team(store, "b", clock)
    for team in (one, two):
        await team.positions()
    for _ in range(2):
        await beat(clock, one, two)
    lost = next(p for p in range(PORTIONS) if owner_of(p, "ab") == "b")
    await one.reached(range(PORTIONS), "9")
    await two.reached(range(PORTIONS), "4")
    await beat(clock, one, two)
    for _ in range(6):
        await beat(clock, one)
    positions = await one.positions()
    assert positions.keys() == {"4", "9"}
    assert lost in positions["4"]


async def test_a_process_of_this_machine_that_ended_is_not_waited_for(
    store: DocumentStore, registry: Registry
) -> None:
    clock = Clock()
    one = Team(store, None, clock)
    host = one.name.partition("/")[0]
    gone = Team(store, f"{host}/{2**22 + 7}/0a", clock)  # beyond the highest process id
    await gone.beat()
    await beat(clock, one)
    assert one.members == 1

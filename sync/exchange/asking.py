"""What a client asks of an exchange: read from JSON, checked, with errors that name the member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sync.exchange.cursor import FirstSync, parse_since
from sync.wire.errors import WireError

VERSION: Final = 1
DEFAULT_BUDGET: Final = 4 * 1024 * 1024
LEAST_BUDGET: Final = 8 * 1024
MOST_DATABASES: Final = 2_000
MOST_WRITES: Final = 2_000
_MEMBERS: Final = frozenset({"v", "budget", "session", "user", "databases", "refused"})
_OF_DATABASE: Final = frozenset({"since", "docs", "fresh"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """One database: where the client stands and what it has to send.

    ``fresh`` says that the client holds no revision of its own making in it: a first sync then
    leaves out histories and dead branches, which only serve to tell whose child a revision is.
    """

    name: str
    since: str | FirstSync
    docs: list[Any] = field(default_factory=list)
    fresh: bool = False

    @property
    def first(self) -> bool:
        """Whether the client has not had all of this database yet."""
        return isinstance(self.since, FirstSync)


@dataclass(frozen=True, slots=True)
class Asking:
    """One exchange as asked for; ``budget`` is in bytes of lines before compression."""

    budget: int
    session: str | None
    user: str | None
    """Whose work this is, when the client says so."""
    databases: tuple[Wanted, ...]
    refused: tuple[str, ...]
    """Ids of quarantine entries whose outcome the client wants to know."""

    @property
    def writes(self) -> int:
        """How many documents are sent."""
        return sum(len(wanted.docs) for wanted in self.databases)


def parse_asking(body: Mapping[str, Any]) -> Asking:
    """Return the exchange that a request's JSON object asks for; raise ``WireError`` 400."""
    for name in body:
        if name not in _MEMBERS:
            raise _bad(f"unknown member {name[:40]!r}; known: {', '.join(sorted(_MEMBERS))}")
    if body.get("v") != VERSION:
        raise _bad(f"`v` must be {VERSION}, the version of the exchange")
    databases = body.get("databases")
    if not isinstance(databases, dict) or len(databases) > MOST_DATABASES:
        raise _bad(f"`databases` must be an object of at most {MOST_DATABASES} members")
    refused = body.get("refused", [])
    if not isinstance(refused, list) or not all(isinstance(one, str) for one in refused):
        raise _bad("`refused` must be a list of quarantine ids")
    asking = Asking(
        budget=_budget(body.get("budget", DEFAULT_BUDGET)),
        session=_text(body, "session"),
        user=_text(body, "user"),
        databases=tuple(_wanted(name, value) for name, value in databases.items()),
        refused=tuple(dict.fromkeys(refused))[:MOST_WRITES],
    )
    if asking.writes > MOST_WRITES:
        raise _bad(f"at most {MOST_WRITES} documents in one exchange, these are {asking.writes}")
    return asking


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise _bad(f"`{name}` must be a text or null")
    return value


def _budget(value: Any) -> int:
    if type(value) is not int or value < 1:
        raise _bad("`budget` must be a number of bytes")
    return max(LEAST_BUDGET, min(value, DEFAULT_BUDGET))


def _wanted(name: str, value: Any) -> Wanted:
    if not isinstance(value, dict) or not value.keys() <= _OF_DATABASE:
        raise _bad(f"`databases.{name[:40]}` may have `since`, `docs` and `fresh`")
    docs = value.get("docs", [])
    if not isinstance(docs, list):
        raise _bad(f"`databases.{name[:40]}.docs` must be a list of documents")
    since = value.get("since")
    if since is not None and not isinstance(since, str):
        raise _bad(f"`databases.{name[:40]}.since` must be a position from an earlier answer")
    fresh = value.get("fresh", False)
    if not isinstance(fresh, bool) or (fresh and docs):
        raise _bad(f"`databases.{name[:40]}.fresh` must be true or false, and not with `docs`")
    return Wanted(name, parse_since(since), docs, fresh)


def _bad(reason: str) -> WireError:
    return WireError(400, "bad_request", reason)

"""Where a CouchDB is, who we are there, and how databases are made."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

DEFAULT_PORT: Final = 5984
DEFAULT_PREFIX: Final = "wangge-"
_PREFIX: Final = re.compile(r"[a-z][a-z0-9_$()+/-]{0,60}")
_NUMBERS: Final = ("q", "wide_q", "n", "threads")
_WIDE: Final = ("canonical", "kin", "reviews", "quarantine", "arrivals", "audit", "archive")


@dataclass(frozen=True, slots=True)
class CouchAddress:
    """``couchdb://user:password@host:5984[,host2:5984…]/?prefix=wangge-&q=1&n=1&threads=16``.

    ``admin=name:password`` is an account of CouchDB's administrators for those requests that it
    takes from no other; without it they are made as ``user`` like all others.

    ``couchdbs`` speaks TLS. With several hosts (nodes of one cluster) another is tried when one
    does not answer. ``q`` is the number of shards of a grid's database, ``wide_q`` of the few
    databases that hold records of all grids, ``n`` the number of copies (``None``: the cluster's
    own default); ``threads`` bounds how many requests are under way at once.
    """

    hosts: tuple[str, ...]
    user: str
    password: str
    tls: bool = False
    prefix: str = DEFAULT_PREFIX
    q: int = 1
    wide_q: int = 4
    n: int | None = None
    threads: int = 16
    admin: tuple[str, str] | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        """Return each host's base URL, without credentials."""
        scheme = "https" if self.tls else "http"
        return tuple(f"{scheme}://{host}" for host in self.hosts)

    @property
    def role(self) -> str:
        """The role to which our databases are open, besides ``user``."""
        return self.prefix.rstrip("-_/+$") or self.prefix

    def as_admin(self) -> CouchAddress:
        """Return the address with which administrators' requests are made."""
        if self.admin is None:
            return self
        return replace(self, user=self.admin[0], password=self.admin[1])

    def shards(self, name: str) -> int:
        """Return how many shards a database of ours is to have."""
        return self.wide_q if name in _WIDE else self.q


def parse_address(url: str) -> CouchAddress:
    """Take a store URL apart; raise ``ValueError`` that names what is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in ("couchdb", "couchdbs"):
        raise ValueError(f"{parts.scheme}:// is not the address of a CouchDB")
    login, at, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    if not at or not user or not password:
        raise ValueError(
            "the CouchDB address needs a name and a password: couchdb://name:password@host"
        )
    names = tuple(_host(host) for host in hosts.split(",") if host)
    if not names:
        raise ValueError("the CouchDB address names no host")
    if parts.path not in ("", "/"):
        raise ValueError("the CouchDB address has no path; databases are told apart by ?prefix=")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    prefix = given.pop("prefix", DEFAULT_PREFIX)
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"prefix {prefix!r} cannot begin the name of a CouchDB database")
    admin = _account(given.pop("admin")) if "admin" in given else None
    numbers = {name: _number(name, given.pop(name)) for name in _NUMBERS if name in given}
    if given:
        raise ValueError(f"unknown in the CouchDB address: {', '.join(sorted(given))}")
    return CouchAddress(
        names,
        unquote(user),
        unquote(password),
        parts.scheme == "couchdbs",
        prefix,
        admin=admin,
        **numbers,
    )


def _account(text: str) -> tuple[str, str]:
    name, _, password = text.partition(":")
    if not name or not password:
        raise ValueError("admin in the CouchDB address must be name:password")
    return name, password


def _host(host: str) -> str:
    return host if ":" in host.rpartition("]")[2] else f"{host}:{DEFAULT_PORT}"


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:
        raise ValueError(f"{name} in the CouchDB address must be a number from 1 to 256")
    return int(text)

"""Sessions and integrator tokens: who holds which token, kept on the server so that it can be
taken back at any time.

A token is random and signed; the store keeps only a hash of it (``session:<hash>`` in
``registry``), so a stolen database signs nobody in. A token that was never ours fails on its
signature, without a look into the store.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

import orjson
from itsdangerous import BadSignature, Signer

from server.clock import timestamp, utc_now
from sync.registry import DATABASE, Registry
from sync.store import DocumentStore, Index, Write

SESSIONS_BY_USER: Final = Index(
    "sessions-by-user", DATABASE, ("user", "expires"), where={"type": "session"}
)
_FRESH_SECONDS: Final = 600.0
"""How long a session is believed without a look into the store, if the registry tells of no change
meanwhile. It tells within a second; this is for a copy of it that was read when it was behind."""
_CACHE_SIZE: Final = 50_000

Kind = Literal["session", "token"]


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person or an integrator's token. ``scopes`` limit an integrator; ``None`` means
    whatever the role may do. Times are RFC 3339 UTC text."""

    id: str
    user: str
    device: str | None
    kind: Kind
    scopes: frozenset[str] | None
    created: str
    expires: str
    note: str | None = None

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires <= timestamp(utc_now())

    def as_document(self) -> dict[str, Any]:
        """Return the body of its document."""
        return {
            "type": "session",
            "kind": self.kind,
            "user": self.user,
            "device": self.device,
            "scopes": None if self.scopes is None else sorted(self.scopes),
            "created": self.created,
            "expires": self.expires,
            "note": self.note,
        }


def _from_document(doc_id: str, body: dict[str, Any]) -> Session:
    return Session(
        id=doc_id.removeprefix("session:"),
        user=body["user"],
        device=body["device"],
        kind=body["kind"],
        scopes=None if body["scopes"] is None else frozenset(body["scopes"]),
        created=body["created"],
        expires=body["expires"],
        note=body["note"],
    )


class Sessions:
    """Issues, finds and revokes sessions."""

    def __init__(self, store: DocumentStore, registry: Registry, key: str) -> None:
        self._store = store
        self._registry = registry
        self._changes = 0
        registry.watch("session", self._changed)
        self._signer = Signer(key, salt="wangge.session", digest_method=hashlib.sha256)
        self._csrf = Signer(key, salt="wangge.csrf", digest_method=hashlib.sha256)
        self._seen: dict[str, tuple[float, Session | None]] = {}
        self._verified: dict[bytes, str] = {}
        """The session ids of tokens whose signature was found good, by the tokens' hashes."""

    async def issue(
        self,
        user: str,
        *,
        lifetime: timedelta,
        device: str | None = None,
        kind: Kind = "session",
        scopes: frozenset[str] | None = None,
        note: str | None = None,
    ) -> tuple[str, Session]:
        """Make a session; return the token, which is nowhere kept, and the session."""
        secret = secrets.token_urlsafe(24)
        now = utc_now()
        session = Session(
            id=_hash(secret),
            user=user,
            device=device,
            kind=kind,
            scopes=scopes,
            created=timestamp(now),
            expires=timestamp(now + lifetime),
            note=note,
        )
        body = orjson.dumps(session.as_document())
        await self._store.write(DATABASE, [Write(f"session:{session.id}", body)])
        self._remember(session.id, session)
        return self._signer.sign(secret).decode(), session

    async def find(self, token: str) -> Session | None:
        """Return the session of a token, an expired one included; ``None`` if there is none."""
        key = self._verify(token)
        if key is None:
            return None
        await self._registry.refresh()
        seen = self._seen.get(key)
        if seen and time.monotonic() - seen[0] < _FRESH_SECONDS:
            return seen[1]
        return await self._load(key)

    def _verify(self, token: str) -> str | None:
        """Return the session id of a token that we signed; ``None`` for any other."""
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        key = self._verified.get(digest)
        if key is None:
            try:
                key = _hash(self._signer.unsign(token).decode())
            except (BadSignature, UnicodeError):
                return None
            if len(self._verified) >= _CACHE_SIZE:
                self._verified.clear()
            self._verified[digest] = key
        return key

    async def revoke(self, session_id: str) -> bool:
        """End a session; return whether there was one."""
        doc_id = f"session:{session_id}"
        found = await self._store.get(DATABASE, doc_id)
        self._remember(session_id, None)
        if found is None or found.deleted:
            return False
        end = Write(doc_id, b"{}", ancestors=(found.rev,), deleted=True)
        results = await self._store.write(DATABASE, [end])
        return results[0].error is None

    async def of_user(self, user: str) -> list[Session]:
        """Return the sessions of an account, those that expire first at the front."""
        rows = await self._store.query(
            SESSIONS_BY_USER, prefix=(user,), limit=10_000, documents=True
        )
        return [_from_document(row.doc_id, dict(row.document or {})) for row in rows]

    async def revoke_user(self, user: str, *, kind: Kind | None = None) -> int:
        """End all sessions of an account (of one kind, if named); return how many."""
        ended = [s for s in await self.of_user(user) if kind in (None, s.kind)]
        await asyncio.gather(*(self.revoke(session.id) for session in ended))
        return len(ended)

    def csrf_token(self, session: Session) -> str:
        """Return the token that a form of this session carries."""
        return self._csrf.get_signature(session.id).decode()

    def csrf_fits(self, session: Session, token: str) -> bool:
        """Return whether a form's token is this session's."""
        return self._csrf.verify_signature(session.id, token)

    def _changed(self, session_id: str) -> None:
        self._changes += 1
        self._seen.pop(session_id, None)

    async def _load(self, key: str) -> Session | None:
        changes = self._changes
        found = await self._store.get(DATABASE, f"session:{key}")
        session = None
        if found is not None and not found.deleted:
            session = _from_document(found.doc_id, orjson.loads(found.body))
        if changes == self._changes:  # or it may have been revoked since it was read
            self._remember(key, session)
        return session

    def _remember(self, key: str, session: Session | None) -> None:
        if len(self._seen) >= _CACHE_SIZE:
            self._seen.clear()
        self._seen[key] = (time.monotonic(), session)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()[:32]

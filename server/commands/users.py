"""``wangge user``: accounts, their grids and integrators' tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from grid.hierarchy import UnknownGrid
from grid.permissions import Role
from server.audit import Audit
from server.clock import timestamp, utc_now
from server.commands.errors import CommandError
from server.passwords import MAXIMUM_LENGTH, MINIMUM_LENGTH, hash_password
from server.scopes import SCOPES
from server.sessions import Sessions
from server.settings import Settings
from sync.registry import Account, Registry
from sync.store import DocumentStore

_USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")


class Users:
    """Changes accounts in an open store; each change is in the audit log as done by nobody but
    the command line."""

    def __init__(self, store: DocumentStore, settings: Settings) -> None:
        self._registry = Registry(store)
        self._sessions = Sessions(store, self._registry, settings.signing_key())
        self._audit = Audit(store)

    async def add(
        self,
        username: str,
        name: str,
        role: Role,
        password: str,
        grids: Sequence[str] = (),
        scopes: frozenset[str] = frozenset(),
    ) -> None:
        """Add an account and give it grids; nothing is changed when one of them is wrong."""
        if not _USERNAME.fullmatch(username):
            raise CommandError(
                f"{username!r}: a user name is 2 to 64 of a-z, 0-9, dot, dash and underscore"
            )
        if await self._registry.account(username) is not None:
            raise CommandError(f"there is an account {username} already")
        _check_password(password)
        _check_scopes(role, scopes)
        hierarchy = await self._registry.hierarchy()
        missing = [code for code in grids if code not in hierarchy]
        if missing:
            raise CommandError(f"no such grid: {', '.join(missing)}")
        account = Account(
            username, name, role, hash_password(password), timestamp(utc_now()), scopes=scopes
        )
        await self._log("account-add", username, role=role.value, grids=list(grids))
        await self._registry.save_account(account)
        for code in grids:
            await self._registry.assign(username, code)

    async def list(self) -> list[tuple[Account, list[str]]]:
        """Return all accounts with the codes of their grids."""
        return [
            (account, sorted(a.grid for a in await self._registry.assignments(account.username)))
            for account in await self._registry.accounts()
        ]

    async def set_password(self, username: str, password: str) -> None:
        """Give an account another password and sign it out everywhere."""
        account = await self._account(username)
        _check_password(password)
        await self._log("password", username)
        await self._registry.set_password(account.username, hash_password(password))
        await self._sessions.revoke_user(username, kind="session")

    async def set_disabled(self, username: str, disabled: bool) -> None:
        """Switch an account off (and sign it out everywhere, tokens included) or on again."""
        account = await self._account(username)
        await self._log("account-disable" if disabled else "account-enable", username)
        await self._registry.save_account(replace(account, disabled=disabled))
        if disabled:
            await self._sessions.revoke_user(username)

    async def assign(self, username: str, grid: str) -> bool:
        """Give an account a grid; return whether it did not have it before."""
        await self._account(username)
        await self._log("assign", username, grid=grid)
        try:
            return await self._registry.assign(username, grid)
        except UnknownGrid as error:
            raise CommandError(str(error)) from None

    async def unassign(self, username: str, grid: str) -> bool:
        """Take a grid from an account; return whether it had it."""
        await self._account(username)
        await self._log("unassign", username, grid=grid)
        return await self._registry.unassign(username, grid)

    async def token(self, username: str, scopes: frozenset[str], days: int, note: str) -> str:
        """Return a new token for an integrator, which is shown this once only."""
        account = await self._account(username)
        if account.role is not Role.INTEGRATOR:
            raise CommandError(f"{username} is a {account.role}; tokens are for integrators")
        _check_scopes(account.role, scopes)
        beyond = scopes - account.scopes
        if beyond:
            raise CommandError(f"the account itself lacks {', '.join(sorted(beyond))}")
        await self._log("token", username, scopes=sorted(scopes), days=days)
        token, _ = await self._sessions.issue(
            username,
            lifetime=timedelta(days=days),
            kind="token",
            scopes=scopes or account.scopes,
            note=note,
        )
        return token

    async def revoke_tokens(self, username: str) -> int:
        """End all tokens of an integrator; return how many there were."""
        await self._account(username)
        await self._log("revoke-tokens", username)
        return await self._sessions.revoke_user(username, kind="token")

    async def _account(self, username: str) -> Account:
        account = await self._registry.account(username)
        if account is None:
            raise CommandError(f"there is no account {username}")
        return account

    async def _log(self, action: str, account: str, **details: object) -> None:
        await self._audit.record(action, None, account=account, by="command line", **details)


def _check_password(password: str) -> None:
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        raise CommandError(
            f"a password has {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters, this one"
            f" {len(password)}"
        )


def _check_scopes(role: Role, scopes: frozenset[str]) -> None:
    unknown = scopes - SCOPES.keys()
    if unknown:
        known = ", ".join(SCOPES)
        raise CommandError(f"no such scope: {', '.join(sorted(unknown))}; there are {known}")
    if scopes and role is not Role.INTEGRATOR:
        raise CommandError("scopes are for integrators; people may do what their role may")

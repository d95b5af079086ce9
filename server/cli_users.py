"""``wangge user …``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from grid.permissions import Role
from server.commands.errors import CommandError
from server.settings import Settings

if TYPE_CHECKING:
    from server.commands.users import Users

T = TypeVar("T")

user = typer.Typer(no_args_is_help=True, help="Accounts, their grids and integrators' tokens.")

Data = Annotated[Path | None, typer.Option(help="Folder of the embedded store.", metavar="DIR")]
Name = Annotated[str, typer.Argument(help="User name.", metavar="USER")]
GridCode = Annotated[str, typer.Argument(help="Grid code.", metavar="GRID")]
FromInput = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


def _password(from_input: bool) -> str:
    if from_input:
        return sys.stdin.readline().rstrip("\n")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return password


def _run(data: Path | None, work: Callable[[Users], Awaitable[T]]) -> T:
    from server.commands.users import Users
    from server.databases import opened

    async def whole() -> T:
        settings = Settings.load(data=data)
        async with opened(settings) as store:
            return await work(Users(store, settings))

    return asyncio.run(whole())


@user.command()
def add(
    username: Name,
    role: Annotated[Role, typer.Option(help="What the account is.")],
    name: Annotated[str, typer.Option(help="The person's name, or the system's.")],
    grid: Annotated[list[str] | None, typer.Option(help="Grid code; may be repeated.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="For integrators; repeat.")] = None,
    password_stdin: FromInput = False,
    data: Data = None,
) -> None:
    """Add an account."""
    password = _password(password_stdin)
    scopes = frozenset(scope or ())
    _run(data, lambda users: users.add(username, name, role, password, grid or (), scopes))
    typer.echo(f"added {username}")


@user.command("list")
def list_(data: Data = None) -> None:
    """List the accounts with their roles and grids."""
    from rich.console import Console
    from rich.table import Table

    table = Table("user", "name", "role", "grids", "scopes", "")
    for account, grids in _run(data, lambda users: users.list()):
        table.add_row(
            account.username,
            account.name,
            account.role,
            "\n".join(grids),
            " ".join(sorted(account.scopes)),
            "disabled" if account.disabled else "",
        )
    Console().print(table)


@user.command()
def passwd(username: Name, password_stdin: FromInput = False, data: Data = None) -> None:
    """Set a password; the account is signed out everywhere."""
    password = _password(password_stdin)
    _run(data, lambda users: users.set_password(username, password))
    typer.echo(f"{username} has a new password and is signed out")


@user.command()
def disable(username: Name, data: Data = None) -> None:
    """Switch an account off and sign it out everywhere."""
    _run(data, lambda users: users.set_disabled(username, True))
    typer.echo(f"{username} is disabled")


@user.command()
def enable(username: Name, data: Data = None) -> None:
    """Switch an account on again."""
    _run(data, lambda users: users.set_disabled(username, False))
    typer.echo(f"{username} is enabled")


@user.command()
def assign(username: Name, grid: GridCode, data: Data = None) -> None:
    """Give an account a grid and all below it."""
    new = _run(data, lambda users: users.assign(username, grid))
    typer.echo(f"{username} has {grid}" + ("" if new else " already"))


@user.command()
def unassign(username: Name, grid: GridCode, data: Data = None) -> None:
    """Take a grid from an account."""
    if not _run(data, lambda users: users.unassign(username, grid)):
        raise CommandError(f"{username} does not have {grid}")
    typer.echo(f"{username} no longer has {grid}")


@user.command()
def token(
    username: Name,
    scope: Annotated[list[str] | None, typer.Option(help="What it may do; repeat.")] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it holds.")] = 365,
    note: Annotated[str, typer.Option(help="What it is for.")] = "",
    data: Data = None,
) -> None:
    """Make a token for an integrator; it is shown once."""
    scopes = frozenset(scope or ())
    typer.echo(_run(data, lambda users: users.token(username, scopes, days, note)))


@user.command("revoke-tokens")
def revoke_tokens(username: Name, data: Data = None) -> None:
    """End all tokens of an integrator."""
    count = _run(data, lambda users: users.revoke_tokens(username))
    typer.echo(f"{count} revoked")

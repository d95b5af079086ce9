"""``wangge demo``: load the demo once, then serve it."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing

from rich.console import Console
from rich.table import Table

from grid.demo import demo_accounts
from server.auth import home_of
from server.commands.demo_data import PASSWORD, load
from server.commands.errors import CommandError
from server.commands.serve import serve
from server.settings import Settings


def demo(settings: Settings) -> None:
    """Load what is not there yet, print addresses and accounts, serve."""
    _check_port(settings)
    loaded = asyncio.run(load(settings))
    _greet(settings, loaded)
    serve(settings)


def _check_port(settings: Settings) -> None:
    """Say that the port is taken before loading anything."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CommandError(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror};"
                " choose another with --port"
            ) from None


def _greet(settings: Settings, loaded: bool) -> None:
    console = Console()
    base = f"http://{'localhost' if settings.host == '127.0.0.1' else settings.host}"
    base += f":{settings.port}"
    table = Table("account", "role", "grids", "start at", title=f"password of all: {PASSWORD}")
    for account in demo_accounts():
        start = base + home_of(account.role)
        table.add_row(account.username, account.role, "\n".join(account.grids), start)
    console.print("Demo loaded." if loaded else "Demo data is there already.")
    console.print(table)
    console.print(f"Everybody can also start at {base}/  ·  stop with Ctrl+C")

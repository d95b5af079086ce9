"""The ``wangge`` command line. ``wangge --help`` lists the commands.

Commands import what they need only when they run, so that ``--help`` and errors come at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from server.cli_users import user
from server.wire_command import wire

if TYPE_CHECKING:
    from server.settings import Settings


class PlainErrors(TyperGroup):
    """Ends a command with the sentence of its error; a traceback is for faults of ours."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        from server.commands.errors import CommandError
        from server.settings import SettingsError
        from sync.errors import StoreError

        try:
            return super().invoke(ctx)
        except (CommandError, SettingsError, StoreError) as error:
            typer.secho(str(error), fg="red", err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    cls=PlainErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="网格通 Wangge: offline-first sync for community grids.",
)
app.add_typer(user, name="user")
app.command()(wire)

Data = Annotated[Path | None, typer.Option(help="Folder of the embedded store.", metavar="DIR")]
Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
DEMO = Path("wangge-data/demo")
Port = Annotated[int | None, typer.Option(help="TCP port to listen on.", min=1, max=65535)]


def _settings(data: Path | None, host: str | None = None, port: int | None = None) -> Settings:
    from server.settings import Settings

    return Settings.load(data=data, host=host, port=port)


@app.command()
def demo(
    data: Annotated[Path, typer.Option(help="Folder of the demo.", metavar="DIR")] = DEMO,
    host: Host = None,
    port: Port = None,
) -> None:
    """Load the 电白 hierarchy, fictitious residents and accounts once, then serve them."""
    from server.commands.demo import demo as run

    run(_settings(data, host, port))


@app.command()
def init(data: Data = None) -> None:
    """Make the store, its databases and the secret key."""
    from server.commands.store import init as run

    run(_settings(data))


@app.command()
def serve(data: Data = None, host: Host = None, port: Port = None) -> None:
    """Serve the app, the console, replication and the API."""
    from server.commands.serve import serve as run

    run(_settings(data, host, port))


@app.command()
def resolve(
    data: Data = None,
    host: Host = None,
    port: Annotated[
        int | None, typer.Option(help="Show metrics at this TCP port.", min=1, max=65535)
    ] = None,
) -> None:
    """Merge and project alone, beside servers started with WANGGE_FOLLOWER=false. Several share
    the grids among them."""
    from server.commands.serve import resolve as run

    run(_settings(data, host), port)


@app.command("import-grids")
def import_grids(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    data: Data = None,
) -> None:
    """Import a hierarchy from a CSV file; nothing is changed when a line is wrong."""
    from server.commands.grids import import_grids as run

    if not run(_settings(data), file):
        raise typer.Exit(1)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it; must not exist yet.")],
    data: Data = None,
) -> None:
    """Copy the store into one file while the server goes on working."""
    from server.commands.backup import backup as run

    settings = _settings(data)
    run(settings, file)
    typer.echo(f"backed up to {file}")
    if not settings.secret_key:
        typer.echo(f"keep {settings.data / 'secret.key'} too, or everybody signs in again")


@app.command("purge-history")
def purge_history(data: Data = None) -> None:
    """Forget states of records that were replaced longer ago than WANGGE_HISTORY_DAYS."""
    from server.commands.history import purge as run

    run(_settings(data))


@app.command()
def housekeeping(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is due.")] = False,
    data: Data = None,
) -> None:
    """Leave out what is older than the settings say: history, tombstones, audit log, old
    indexes. Safe to break off and to repeat; run it every night."""
    from server.commands.housekeeping import housekeeping as run

    run(_settings(data), dry_run=dry_run)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A backup.")],
    data: Data = None,
) -> None:
    """Make the store from a backup; phones then compare what they have instead of trusting
    their checkpoints."""
    from server.commands.backup import restore as run

    run(_settings(data), file)
    typer.echo(f"restored from {file}")


@app.command()
def copy(
    source: Annotated[str, typer.Option("--from", help="Address of the store to copy.")],
    target: Annotated[str, typer.Option("--to", help="Address of the store that gets the copy.")],
    check: Annotated[
        bool, typer.Option(help="Compare every document afterwards; off while people still work.")
    ] = True,
) -> None:
    """Copy a whole store into another one, such as an SQLite file into CouchDB; run it again to
    go on after a break or to add what changed since."""
    from server.commands.copy import copy as run

    databases, documents = run(source, target, check=check)
    typer.echo(f"{databases} databases, {documents} documents copied")


@app.command()
def doctor(data: Data = None) -> None:
    """Examine the installation and say how to mend what is wrong; ends with 1 if something is."""
    from server.commands.doctor import doctor as run

    if not run(_settings(data)):
        raise typer.Exit(1)

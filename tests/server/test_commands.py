"""The command line: import, accounts, tokens, backup and restore, on real files."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from server.cli import app
from server.settings import Settings
from sync.sqlite import SqliteStore
from tests.conftest import ROOT

CSV = str(ROOT / "grid" / "data" / "dianbai-grids.csv")
BUILDING = "44090400400100104"


class Wangge:
    """Runs ``wangge`` on a data folder, in this process: starting one takes longer than most
    commands do."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, *arguments: str, text: str = "", **environ: str) -> tuple[int, str]:
        """Return the exit status and all that was printed; raise where a traceback would be."""
        run = CliRunner().invoke(app, arguments, input=text, env=self.environment(**environ))
        if run.exception is not None and not isinstance(run.exception, SystemExit):
            raise run.exception
        return run.exit_code, run.output

    def process(self, *arguments: str, **environ: str) -> tuple[int, str]:
        """Do the same in a process of its own."""
        changes = self.environment(**environ).items()
        ended = subprocess.run(
            [str(Path(sys.executable).with_name("wangge")), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={k: v for k, v in {**os.environ, **dict(changes)}.items() if v is not None},
            text=True,
            timeout=60,
            check=False,
        )
        return ended.returncode, ended.stdout

    def environment(self, **environ: str) -> dict[str, str | None]:
        """Return what the command finds around it; ``None`` is for what it shall not find."""
        hidden = dict.fromkeys(name for name in os.environ if name.startswith("WANGGE_"))
        return {**hidden, "WANGGE_DATA": str(self.data), "COLUMNS": "400", **environ}


@pytest.fixture
def wangge(tmp_path: Path) -> Wangge:
    return Wangge(tmp_path / "data")


def test_importing_grids_is_all_or_nothing(wangge: Wangge, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("level,code,parent_code,name\n1,440904,,电白区\n2,44090,440904,水东街道\n")

    status, output = wangge("import-grids", str(bad))
    assert status == 1
    assert "Nothing was imported" in output
    assert "44090" in output
    assert "3" in output
    assert wangge("import-grids", CSV) == (0, "470 added, 0 changed, 0 unchanged\n")
    assert wangge("import-grids", CSV) == (0, "0 added, 0 changed, 470 unchanged\n")


def test_a_file_that_is_not_utf8_is_refused(wangge: Wangge, tmp_path: Path) -> None:
    gbk = tmp_path / "gbk.csv"
    gbk.write_bytes("level,code,parent_code,name\n1,440904,,电白区\n".encode("gbk"))

    status, output = wangge("import-grids", str(gbk))

    assert status == 1
    assert "UTF-8" in output


def test_accounts_from_beginning_to_end(wangge: Wangge) -> None:
    wangge("import-grids", CSV)
    add = ["user", "add", "w1", "--role", "gridworker", "--name", "𠮷水生", "--password-stdin"]

    assert wangge(*add, "--grid", "123456", text="long enough\n")[0] == 1
    assert wangge(*add, text="short\n")[0] == 1
    assert wangge(*add, "--grid", BUILDING, text="long enough\n") == (0, "added w1\n")
    assert wangge(*add, text="long enough\n")[0] == 1
    assert wangge("user", "assign", "w1", "440904004")[0] == 0
    assert wangge("user", "unassign", "w1", BUILDING)[0] == 0
    assert wangge("user", "unassign", "w1", BUILDING)[0] == 1
    assert wangge("user", "disable", "w1")[0] == 0
    listed = wangge("user", "list")[1]
    for shown in ("w1", "𠮷水生", "gridworker", "440904004", "disabled"):
        assert shown in listed
    assert BUILDING not in listed
    assert wangge("user", "enable", "w1")[0] == 0
    assert "disabled" not in wangge("user", "list")[1]
    for command in ("passwd", "disable", "enable"):
        status, output = wangge(
            "user",
            command,
            "nobody",
            *(["--password-stdin"] * (command == "passwd")),
            text="long enough\n",
        )
        assert (status, "there is no account nobody" in output) == (1, True)


def test_tokens_are_for_integrators_and_within_their_scopes(wangge: Wangge) -> None:
    add = ["user", "add", "--name", "n", "--password-stdin"]
    wangge(*add, "w1", "--role", "gridworker", text="long enough\n")
    assert wangge(*add, "w2", "--role", "gridworker", "--scope", "grids", text="long enough\n")[0]
    assert wangge(*add, "i0", "--role", "integrator", "--scope", "all", text="long enough\n")[0]
    wangge(*add, "i1", "--role", "integrator", "--scope", "grids", text="long enough\n")

    assert wangge("user", "token", "w1")[0] == 1
    assert wangge("user", "token", "i1", "--scope", "sync")[0] == 1
    status, token = wangge("user", "token", "i1", "--scope", "grids", "--days", "7")
    assert status == 0
    assert len(token.strip()) > 40
    assert wangge("user", "revoke-tokens", "i1") == (0, "1 revoked\n")


def test_wrong_settings_end_in_a_sentence(wangge: Wangge) -> None:
    for environ in ({"WANGGE_PORT": "x"}, {"WANGGE_STORE": "mysql://x"}):
        status, output = wangge.process("init", **environ)
        assert status == 1
        assert "WANGGE_" in output
        assert "Traceback" not in output


def test_a_backup_restores_everything_with_new_epochs(wangge: Wangge, tmp_path: Path) -> None:
    wangge("import-grids", CSV)
    add = ["user", "add", "w1", "--role", "gridworker", "--name", "黄", "--password-stdin"]
    wangge(*add, text="long enough\n")
    file = tmp_path / "backup.db"

    assert wangge("backup", str(file))[0] == 0
    assert wangge("backup", str(file))[0] == 1  # never over another
    assert wangge("restore", str(file))[0] == 1  # nor over a store
    other = Wangge(tmp_path / "other")
    assert other("restore", CSV)[0] == 1
    assert not (tmp_path / "other" / "wangge.db").exists()
    assert other("restore", str(file))[0] == 0
    assert list(tmp_path.glob("**/*.part")) == []

    assert "w1" in other("user", "list")[1]
    asyncio.run(_same_but_for_epochs(wangge.data / "wangge.db", other.data / "wangge.db"))


async def _same_but_for_epochs(one: Path, two: Path) -> None:
    before, after = SqliteStore.open(one), SqliteStore.open(two)
    try:
        names = await before.database_names()
        assert names == await after.database_names()
        for name in names[:20]:
            old, new = await before.database_info(name), await after.database_info(name)
            assert (old.doc_count, old.epoch != new.epoch) == (new.doc_count, True)
    finally:
        await before.close()
        await after.close()


def test_a_damaged_backup_is_refused(wangge: Wangge, tmp_path: Path) -> None:
    wangge("init")
    file = tmp_path / "backup.db"
    wangge("backup", str(file))
    content = bytearray(file.read_bytes())
    content[len(content) // 2 :] = b"\x55" * (len(content) - len(content) // 2)
    file.write_bytes(content)

    assert Wangge(tmp_path / "other")("restore", str(file))[0] == 1
    assert not (tmp_path / "other" / "wangge.db").exists()


def test_init_makes_the_store_and_the_key_once(wangge: Wangge) -> None:
    assert wangge("init")[0] == 0
    key = Settings.load({}, data=wangge.data).signing_key()
    assert wangge("init")[0] == 0
    assert Settings.load({}, data=wangge.data).signing_key() == key


def test_purging_the_history_of_an_empty_store(wangge: Wangge) -> None:
    assert wangge("init")[0] == 0
    status, output = wangge("purge-history")
    assert (status, output) == (0, "0 revision bodies and 0 arrival entries forgotten\n")
    assert wangge("purge-history", WANGGE_HISTORY_DAYS="30")[0] == 1

"""Settings: where they come from, what is refused, and that each is documented."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from server.settings import PREFIX, Settings, SettingsError
from tests.conftest import ROOT


def test_the_environment_goes_before_the_file_and_options_before_both(tmp_path: Path) -> None:
    file = tmp_path / "wangge.toml"
    file.write_text('port = 1111\nhost = "0.0.0.0"\nlanguage = "en"\n')
    environ = {"WANGGE_CONFIG": str(file), "WANGGE_PORT": "2222", "WANGGE_HOST": "::1"}

    settings = Settings.load(environ, host="127.0.0.9", port=None)

    assert (settings.language, settings.port, settings.host) == ("en", 2222, "127.0.0.9")


def test_every_wrong_setting_is_named_with_its_variable() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load({"WANGGE_PORT": "http", "WANGGE_SIGN_IN_PER_ACCOUNT": "often"})

    assert "WANGGE_PORT" in str(caught.value)
    assert "WANGGE_SIGN_IN_PER_ACCOUNT" in str(caught.value)


@pytest.mark.parametrize("content", ["colour = 'blue'", "port = [", "\udcff"])
def test_a_file_that_is_wrong_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "wangge.toml"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))

    with pytest.raises(SettingsError):
        Settings.load({"WANGGE_CONFIG": str(file)})


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml"):
        Settings.load({"WANGGE_CONFIG": str(tmp_path / "absent.toml")})


def test_the_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings.load({}, data=tmp_path / "new")

    key = settings.signing_key()

    assert len(key) >= 32
    assert Settings.load({}, data=tmp_path / "new").signing_key() == key
    mode = stat.S_IMODE((tmp_path / "new" / "secret.key").stat().st_mode)
    assert mode == 0o600
    assert list((tmp_path / "new").iterdir()) == [tmp_path / "new" / "secret.key"]


def test_proxies_are_a_list_of_addresses() -> None:
    settings = Settings.load({"WANGGE_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2"})

    assert settings.trusted_proxies == ("10.0.0.1", "10.0.0.2")


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    documented = set(re.findall(rf"^\| `({PREFIX}\w+)` \|", text, re.MULTILINE))

    assert documented == {PREFIX + name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        assert field.description
        if isinstance(field.default, str | int) and field.default is not True:
            row = next(line for line in text.splitlines() if f"`{PREFIX}{name.upper()}`" in line)
            assert f"`{field.default}`" in row

"""Settings: from ``WANGGE_*`` environment variables, a TOML file, or the defaults below.

An environment variable goes before the file, the file before the default. Each setting is
described in ``docs/settings.md``; a test keeps the two together.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from limits import parse
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

PREFIX = "WANGGE_"
CONFIG_VARIABLE = "WANGGE_CONFIG"


class SettingsError(Exception):
    """A setting is unknown or its value does not do; the text names each one, a line each."""


def _rate(text: str) -> str:
    parse(text)
    return text


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _without_trailing_slash(url: str | None) -> str | None:
    return url.rstrip("/") if url else None


Rate = Annotated[str, AfterValidator(_rate)]
"""A rate such as ``10 per 15 minutes``."""


class Settings(BaseModel):
    """What an operator may choose. Times are in the unit that the name says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Field(
        Path("wangge-data"), description="Folder of the embedded store and of the secret key."
    )
    store: str | None = Field(
        None, description="Store address; without it `sqlite:///<data>/wangge.db`."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="TCP port to listen on.")
    public_url: Annotated[str | None, AfterValidator(_without_trailing_slash)] = Field(
        None,
        description="Address people use, such as `https://wangge.example.cn`, when a proxy stands"
        " in front. With https the session cookie is sent over TLS only and HSTS is on.",
    )
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(_comma_separated)] = Field(
        (), description="Addresses of proxies whose X-Forwarded-* headers are believed."
    )
    secret_key: str | None = Field(
        None,
        min_length=32,
        description="Signs session tokens; without it a key is made once in `<data>/secret.key`.",
    )
    language: Literal["zh", "en"] = Field(
        "zh", description="Language when neither the person nor the browser asked for one."
    )
    follower: bool = Field(
        True,
        description="Merge and project in this process; off where `wangge resolve` runs apart.",
    )
    worker_session_days: int = Field(
        30, ge=1, le=90, description="How long a gridworker stays signed in."
    )
    console_session_hours: int = Field(
        12, ge=1, le=168, description="How long everybody else stays signed in."
    )
    sign_in_per_account: Rate = Field(
        "10 per 15 minutes", description="Failed sign-ins allowed for one account."
    )
    sign_in_per_address: Rate = Field(
        "100 per 15 minutes", description="Failed sign-ins allowed from one network address."
    )
    password_threads: int = Field(
        2, ge=1, le=16, description="Password hashes computed at once, 19 MiB of memory each."
    )
    exchanges_open: int = Field(
        1_000,
        ge=1,
        le=100_000,
        description="Exchanges served at once; more are told to come again.",
    )
    exchanges_at_once: int = Field(
        16, ge=2, le=256, description="Exchanges that work on the store at the same moment."
    )
    history_days: int = Field(
        1095,
        ge=90,
        le=36_500,
        description="How long replaced states of records are kept; `wangge purge-history` forgets"
        " older ones. At least as long as a phone may stay offline.",
    )
    tombstone_days: int = Field(
        400,
        ge=31,
        le=36_500,
        description="How long tombstones are kept, the longest time that a phone may be offline;"
        " `wangge housekeeping` leaves out older ones.",
    )
    rollover_tombstones: int = Field(
        500,
        ge=1,
        le=10_000_000,
        description="How many tombstones must be old before a grid is rolled over: every phone of"
        " it compares what it has afterwards.",
    )
    audit_days: int = Field(
        1_095,
        ge=180,
        le=36_500,
        description="How long the audit log is kept; the law asks for six months at least.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least important level that is logged."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Log lines for people or, one JSON object a line, for collectors."
    )

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, **overrides: Any) -> Self:
        """Read the file named by ``WANGGE_CONFIG``, then the environment, then ``overrides``
        (those that are not ``None``). Raise ``SettingsError`` naming every setting at fault."""
        environ = os.environ if environ is None else environ
        values = _from_file(environ.get(CONFIG_VARIABLE))
        values.update(_from_environment(environ))
        values.update({name: value for name, value in overrides.items() if value is not None})
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(_explain(error)) from None

    @property
    def store_url(self) -> str:
        """Address of the store, the default filled in."""
        return self.store or f"sqlite:///{self.data.absolute() / 'wangge.db'}"

    @property
    def secure(self) -> bool:
        """Whether people reach the server over TLS."""
        return bool(self.public_url and self.public_url.startswith("https://"))

    def signing_key(self) -> str:
        """Return the secret that signs tokens, making it in the data folder the first time."""
        if self.secret_key:
            return self.secret_key
        path = self.data / "secret.key"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(f".{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48), "ascii")
            try:
                os.link(draft, path)  # the first of two starting processes wins
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text("ascii").strip()


def _from_file(path: str | None) -> dict[str, Any]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{CONFIG_VARIABLE}={path}: {error}") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    known = {PREFIX + name.upper(): name for name in Settings.model_fields}
    return {known[name]: value for name, value in environ.items() if name in known}


def _explain(error: ValidationError) -> str:
    return "\n".join(
        f"{'.'.join(map(str, problem['loc']))} ({PREFIX}{str(problem['loc'][0]).upper()}):"
        f" {problem['msg']}"
        for problem in error.errors()
    )

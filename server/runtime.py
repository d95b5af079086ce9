"""What a running application holds: settings, store, registry, sessions and the rest."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Scope

from server.audit import Audit
from server.background import Supervisor
from server.live import Live
from server.metrics import Metrics
from server.passwords import PasswordChecker
from server.sessions import Sessions
from server.settings import Settings
from server.throttle import SignInThrottle
from sync.follower import Follower
from sync.registry import Registry
from sync.store import DocumentStore


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts of one running application; made when it starts, closed when it stops."""

    settings: Settings
    store: DocumentStore
    registry: Registry
    follower: Follower
    following: Supervisor
    sessions: Sessions
    audit: Audit
    passwords: PasswordChecker
    throttle: SignInThrottle
    metrics: Metrics
    live: Live
    telling: Supervisor
    wire: ASGIApp


def runtime_of(connection: HTTPConnection) -> Runtime:
    """Return the runtime of the application that serves this request."""
    return runtime_in(connection.scope)


def runtime_in(scope: Scope) -> Runtime:
    """Return the runtime of the application that serves this ASGI scope."""
    runtime: Runtime = scope["app"].state.runtime
    return runtime

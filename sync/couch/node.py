"""One node of a CouchDB: signing in through the Cloudant SDK, requests over our own connections.

The SDK's own requests cost several times the processor time of a plain client (measured in
``docs/benchmarks.md``), so it only keeps the session: it signs in, and again before that ends.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import certifi
import orjson
import requests
from ibmcloudant.cloudant_v1 import CloudantV1
from ibmcloudant.couchdb_session_authenticator import CouchDbSessionAuthenticator

from sync.couch.address import DEFAULT_PORT, CouchAddress
from sync.couch.http import BrokenAnswer, Connections
from sync.timing import now_ms

_SIGN_IN_SECONDS: Final = (5.0, 120.0)
"""To connect, and between two bytes of the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of an answer."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return orjson.loads(self.body)

    @property
    def error(self) -> str:
        """CouchDB's error word, empty when there is none."""
        try:
            found = orjson.loads(self.body or b"{}")
        except orjson.JSONDecodeError:
            return ""
        return str(found.get("error", "")) if isinstance(found, dict) else ""


class NoAnswer(Exception):
    """A node did not answer, or broke off: whether it did what it was asked is not known."""


class Node:
    """A node, for any number of requests at once."""

    def __init__(self, url: str, address: CouchAddress) -> None:
        service = CloudantV1(CouchDbSessionAuthenticator(address.user, address.password))
        service.set_service_url(url)
        service.set_http_config({"timeout": _SIGN_IN_SECONDS})
        self._session = requests.Session()
        self._session.trust_env = False
        service.set_http_client(self._session)
        self._tokens = service.authenticator.token_manager
        self._jar: object = None
        self._cookie = ""
        place = urlsplit(url)
        self._host = place.netloc
        tls = ssl.create_default_context(cafile=certifi.where()) if address.tls else None
        self._connections = Connections(place.hostname or "", place.port or DEFAULT_PORT, tls)

    async def close(self) -> None:
        """Close the connections."""
        self._session.close()
        await self._connections.close()

    async def send(
        self, method: str, path: str, parameters: Mapping[str, str] | None, body: bytes | None
    ) -> Answer:
        """Make one request and return its answer; raise ``NoAnswer``. A session that CouchDB ended
        before its time (it was restarted, its secret changed) is begun anew once."""
        answer = await self._send(method, path, parameters, body)
        if answer.status == 401:
            self._tokens.expire_time = 0
            answer = await self._send(method, path, parameters, body)
        return answer

    async def _send(
        self, method: str, path: str, parameters: Mapping[str, str] | None, body: bytes | None
    ) -> Answer:
        due = min(self._tokens.expire_time, self._tokens.refresh_time)
        if due * 1000 <= now_ms() and not await asyncio.to_thread(self._sign_in):
            return Answer(401, b"")
        target = f"{path}?{urlencode(parameters)}" if parameters else path
        lines = [
            f"{method} {target} HTTP/1.1",
            f"Host: {self._host}",
            "Accept: application/json",
            f"Cookie: {self._shown()}",
        ]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        elif method != "GET":
            lines.append("Content-Length: 0")
        head = "\r\n".join([*lines, "", ""]).encode("ascii")
        try:
            status, found = await self._connections.ask(head if body is None else head + body)
        except BrokenAnswer as error:
            raise NoAnswer(str(error)) from None
        return Answer(status, found)

    def _shown(self) -> str:
        """Return the session's cookie as it is shown."""
        jar = self._tokens.access_token
        if jar is not self._jar:
            self._jar = jar
            self._cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)
        return self._cookie

    def _sign_in(self) -> bool:
        """Sign in if need be; return whether we are."""
        try:
            self._tokens.get_token()
        except StopIteration:  # how the SDK says that the answer brought no cookie
            self._tokens.request_time = 0
            return False
        except requests.RequestException as error:
            self._tokens.request_time = 0  # or the next attempt waits a minute for this one
            raise NoAnswer(type(error).__name__) from None
        return True

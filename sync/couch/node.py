"""One node of a CouchDB: signing in through the Cloudant SDK, requests through aiohttp.

The SDK's own requests cost several times the processor time of a plain client (measured in
``docs/benchmarks.md``), so it only keeps the session: it signs in, and again before that ends.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import certifi
import orjson
import requests
from ibmcloudant.cloudant_v1 import CloudantV1
from ibmcloudant.couchdb_session_authenticator import CouchDbSessionAuthenticator
from yarl import URL

from sync.couch.address import CouchAddress
from sync.timing import now_ms

_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 120.0
"""Between two parts of an answer."""
_IDLE_SECONDS: Final = 60.0
"""A connection unused for longer may be gone on the other side."""
_BUFFER_BYTES: Final = 1024 * 1024


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
        service.set_http_config({"timeout": (_CONNECT_SECONDS, _READ_SECONDS)})
        self._session = requests.Session()
        self._session.trust_env = False
        service.set_http_client(self._session)
        self._tokens = service.authenticator.token_manager
        self._jar: object = None
        self._cookie = ""
        self._url = url
        self._tls = ssl.create_default_context(cafile=certifi.where()) if address.tls else False
        self._requests: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        """Return the connections, which belong to the loop that is running."""
        if self._requests is None:
            self._requests = aiohttp.ClientSession(
                # How many at once is bounded by ``CouchClient``.
                connector=aiohttp.TCPConnector(
                    limit=0, keepalive_timeout=_IDLE_SECONDS, ssl=self._tls
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                read_bufsize=_BUFFER_BYTES,
                skip_auto_headers=("User-Agent", "Accept-Encoding", "Content-Type"),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=_CONNECT_SECONDS, sock_read=_READ_SECONDS
                ),
            )
        return self._requests

    async def close(self) -> None:
        """Close the connections."""
        self._session.close()
        if self._requests is not None:
            await self._requests.close()

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
        target = f"{self._url}{path}?{urlencode(parameters)}" if parameters else self._url + path
        headers = {"Accept": "application/json", "Cookie": self._shown()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with self._open().request(
                method, URL(target, encoded=True), data=body, headers=headers
            ) as answer:
                return Answer(answer.status, await answer.read())
        except (aiohttp.ClientError, OSError) as error:  # its timeouts are both
            raise NoAnswer(type(error).__name__) from None

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

"""Requests to CouchDB through the Cloudant SDK, on a bounded pool of threads.

The SDK keeps the session (cookie) and the connections; bodies go through it as bytes, so that JSON
is read and written once, by orjson. A node that is busy (429, 503) is asked again after a pause
that grows; one that does not answer is left for the next.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import orjson
import requests
from ibm_cloud_sdk_core import ApiException
from ibmcloudant.cloudant_v1 import CloudantV1
from ibmcloudant.couchdb_session_authenticator import CouchDbSessionAuthenticator
from requests.adapters import HTTPAdapter

from sync.couch.address import CouchAddress
from sync.errors import StoreError, StoreFull, StoreUnavailable

_ATTEMPTS: Final = 6
_FIRST_PAUSE_SECONDS: Final = 0.1
_MOST_PAUSE_SECONDS: Final = 3.0
_BUSY: Final = (429, 503)
_TIMEOUT_SECONDS: Final = (5.0, 120.0)
"""To connect, and between two bytes of an answer."""


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


class CouchClient:
    """A cluster's nodes, asked one after the other when one fails."""

    def __init__(self, address: CouchAddress) -> None:
        self._services = [_service(url, address) for url in address.urls]
        self._threads = ThreadPoolExecutor(address.threads, "wangge-couch")
        self._current = 0

    def close(self) -> None:
        """Let the threads finish and close the connections."""
        self._threads.shutdown()
        for service in self._services:
            service.get_http_client().close()

    async def call(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        repeatable: bool = True,
    ) -> Answer:
        """Make a request and return its answer, whatever the status but busy and broken ones.

        ``repeatable`` tells that doing it twice is as good as once; otherwise it is not sent again
        when it is unknown whether it was done. Raises ``StoreUnavailable`` and ``StoreFull``.
        """
        pause = _FIRST_PAUSE_SECONDS
        problem = ""
        for _ in range(_ATTEMPTS):
            service = self._services[self._current % len(self._services)]
            try:
                answer = await self._send(service, method, path, parameters, body)
            except NoAnswer as error:
                problem = str(error)
                self._current += 1
                if not repeatable:
                    raise StoreUnavailable(f"CouchDB broke off: {problem}") from None
            else:
                if answer.status == 401:
                    raise StoreUnavailable("CouchDB does not take our name and password")
                if answer.status not in _BUSY and answer.status < 500:
                    return answer
                problem = f"HTTP {answer.status} {answer.error}"
                if answer.status not in _BUSY and not _passing(answer):
                    raise _fault(answer)
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311
            pause = min(pause * 2, _MOST_PAUSE_SECONDS)
        raise StoreUnavailable(f"CouchDB does not answer: {problem}")

    async def _send(
        self,
        service: CloudantV1,
        method: str,
        path: str,
        parameters: Mapping[str, str] | None,
        body: bytes | None,
    ) -> Answer:
        def send() -> Answer:
            return _sent(service, method, path, parameters, body)

        return await asyncio.get_running_loop().run_in_executor(self._threads, send)


def _service(url: str, address: CouchAddress) -> CloudantV1:
    service = CloudantV1(CouchDbSessionAuthenticator(address.user, address.password))
    service.set_service_url(url)
    service.set_enable_gzip_compression(
        False
    )  # the store is near; packing costs more than it saves
    service.set_http_config({"timeout": _TIMEOUT_SECONDS})
    session = requests.Session()
    session.trust_env = False
    # requests would try again by itself and hide that a node was gone
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=address.threads + 2, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    service.set_http_client(session)
    return service


def _sent(
    service: CloudantV1,
    method: str,
    path: str,
    parameters: Mapping[str, str] | None,
    body: bytes | None,
) -> Answer:
    headers = {"accept": "application/json"}
    if body is not None:
        headers["content-type"] = "application/json"
    try:
        request = service.prepare_request(
            method, path, headers=headers, params=dict(parameters or {}), data=body
        )
        answer = service.send(request, stream=True)
        result: requests.Response | None = answer.get_result()
        return Answer(answer.get_status_code(), b"" if result is None else result.content)
    except ApiException as error:
        return Answer(int(error.status_code), error.http_response.content)
    except requests.RequestException as error:
        raise NoAnswer(type(error).__name__) from None


def _passing(answer: Answer) -> bool:
    """Tell whether a server's fault goes by: a shard's node is down or being asked too much."""
    return answer.status in (500, 502, 504) and answer.error not in ("enospc", "unknown_error")


def _fault(answer: Answer) -> StoreError:
    if answer.error == "enospc":
        return StoreFull("CouchDB has no room on its disk; nothing was written")
    return StoreUnavailable(f"CouchDB failed: HTTP {answer.status} {answer.error}")


def segment(text: str) -> str:
    """Return a database's name or a document's id as one segment of a path."""
    return quote(text, safe="")

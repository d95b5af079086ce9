"""One node of a CouchDB: signing in through the Cloudant SDK, requests over a pool of connections.

The SDK's own requests cost three times the processor time of a plain pooled client (measured in
``docs/benchmarks.md``), so it only keeps the session: it signs in, and again before that ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import certifi
import orjson
import requests
import urllib3
from ibmcloudant.cloudant_v1 import CloudantV1
from ibmcloudant.couchdb_session_authenticator import CouchDbSessionAuthenticator

from sync.couch.address import CouchAddress

_CONNECT_SECONDS: Final = 5.0
_READ_SECONDS: Final = 120.0
"""Between two bytes of an answer."""


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
    """A node, for as many threads at once as the address allows."""

    def __init__(self, url: str, address: CouchAddress) -> None:
        service = CloudantV1(CouchDbSessionAuthenticator(address.user, address.password))
        service.set_service_url(url)
        service.set_http_config({"timeout": (_CONNECT_SECONDS, _READ_SECONDS)})
        self._session = requests.Session()
        self._session.trust_env = False
        service.set_http_client(self._session)
        self._tokens = service.authenticator.token_manager
        more = {"ca_certs": certifi.where()} if address.tls else {}
        # urllib3 would try again by itself and hide that a node was gone
        self._pool = urllib3.connection_from_url(
            url,
            maxsize=address.threads + 2,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
            **more,
        )

    def close(self) -> None:
        """Close the connections."""
        self._session.close()
        self._pool.close()

    def send(
        self, method: str, path: str, parameters: Mapping[str, str] | None, body: bytes | None
    ) -> Answer:
        """Make one request and return its answer; raise ``NoAnswer``. A session that CouchDB ended
        before its time (it was restarted, its secret changed) is begun anew once."""
        answer = self._send(method, path, parameters, body)
        if answer.status == 401:
            self._tokens.expire_time = 0
            answer = self._send(method, path, parameters, body)
        return answer

    def _send(
        self, method: str, path: str, parameters: Mapping[str, str] | None, body: bytes | None
    ) -> Answer:
        cookie = self._cookie()
        if cookie is None:
            return Answer(401, b"")
        headers = {"accept": "application/json", "cookie": cookie}
        if body is not None:
            headers["content-type"] = "application/json"
        target = f"{path}?{urlencode(parameters)}" if parameters else path
        try:
            answer = self._pool.request(method, target, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise NoAnswer(type(error).__name__) from None
        return Answer(answer.status, answer.data)

    def _cookie(self) -> str | None:
        """Return the session's cookie, signing in if need be; ``None`` when that is refused."""
        try:
            jar = self._tokens.get_token()
        except StopIteration:  # how the SDK says that the answer brought no cookie
            self._tokens.request_time = 0
            return None
        except requests.RequestException as error:
            self._tokens.request_time = 0  # or the next attempt waits a minute for this one
            raise NoAnswer(type(error).__name__) from None
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)

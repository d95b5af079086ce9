"""Errors as CouchDB words them: an HTTP status and ``{"error", "reason"}``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sync.errors import (
    BadDocument,
    DatabaseNotFound,
    DocumentConflict,
    StoreError,
    StoreFull,
    StoreUnavailable,
)

STATUS_OF_ERROR: Final[Mapping[str, int]] = {
    "bad_request": 400,
    "doc_validation": 400,
    "illegal_docid": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "document_too_large": 413,
    "not_implemented": 501,
}
"""HTTP status of an error word when it is about one document."""


class WireError(Exception):
    """A request that is refused; ``info`` is added to the reply's JSON."""

    def __init__(
        self,
        status: int,
        error: str,
        reason: str,
        info: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {error}: {reason}")
        self.status = status
        self.error = error
        self.reason = reason
        self.info = dict(info or {})
        self.headers = dict(headers or {})

    def as_json(self) -> dict[str, Any]:
        """Return the reply's JSON object."""
        return {"error": self.error, "reason": self.reason, **self.info}


def document_error(error: str, reason: str, info: Mapping[str, Any] | None = None) -> WireError:
    """Return the error for a request about one document that was refused."""
    return WireError(STATUS_OF_ERROR.get(error, 400), error, reason, info)


def not_offered(what: str) -> WireError:
    """Return the error for a part of CouchDB that is not offered here."""
    return WireError(501, "not_implemented", f"{what} are not offered by this server.")


def method_not_allowed(*allowed: str) -> WireError:
    """Return the error for a wrong HTTP method."""
    names = ",".join(allowed)
    return WireError(405, "method_not_allowed", f"Only {names} allowed", headers={"allow": names})


def of_store(error: StoreError) -> WireError:
    """Return the wire's error for one of the store's."""
    if isinstance(error, DatabaseNotFound):
        return WireError(404, "not_found", "Database does not exist.")
    if isinstance(error, DocumentConflict):
        return WireError(409, "conflict", "Document update conflict.")
    if isinstance(error, BadDocument):
        return WireError(400, "bad_request", str(error))
    if isinstance(error, StoreFull):
        return WireError(507, "insufficient_storage", str(error))
    if isinstance(error, StoreUnavailable):
        return WireError(503, "service_unavailable", str(error), headers={"retry-after": "5"})
    return WireError(500, "internal_server_error", str(error))

"""Errors of the API: RFC 9457 problem documents with codes from one catalogue.

``docs/errors.md`` describes every code; a test keeps the two together. Under ``/sync`` errors have
CouchDB's form instead (``{error, reason}``), written by ``sync.wire``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.i18n import gettext as _

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its code, HTTP status and title in Chinese (translated on the way)."""

    code: str
    status: int
    title: str


KINDS: Final[Mapping[str, Kind]] = {
    kind.code: kind
    for kind in (
        Kind("bad-request", 400, "请求不正确"),
        Kind("malformed-json", 400, "请求内容不是有效的 JSON"),
        Kind("invalid-value", 422, "有的内容不符合要求"),
        Kind("bad-cursor", 400, "翻页位置无效"),
        Kind("not-signed-in", 401, "请先登录"),
        Kind("session-expired", 401, "登录已过期，请重新登录"),
        Kind("wrong-credentials", 401, "用户名或密码不正确"),
        Kind("account-disabled", 403, "账号已停用"),
        Kind("out-of-scope", 403, "不在您负责的范围内"),
        Kind("missing-scope", 403, "访问令牌没有这项权限"),
        Kind("wrong-role", 403, "您的角色不能进行此操作"),
        Kind("cross-site", 403, "请求来自其他网站，已拦截"),
        Kind("not-found", 404, "没有找到"),
        Kind("method-not-allowed", 405, "不支持这种请求方法"),
        Kind("not-acceptable", 406, "无法提供所要的格式"),
        Kind("too-large", 413, "请求内容过大"),
        Kind("unsupported-media-type", 415, "请求内容的类型不对"),
        Kind("too-many-attempts", 429, "尝试次数过多，请稍后再试"),
        Kind("internal", 500, "服务器内部错误"),
        Kind("store-unavailable", 503, "数据库暂时不可用"),
        Kind("store-full", 507, "服务器磁盘已满"),
    )
}
"""Every code the API can answer with."""

_BY_STATUS: Final = {
    400: "bad-request",
    401: "not-signed-in",
    403: "wrong-role",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    413: "too-large",
    415: "unsupported-media-type",
}


class Problem(Exception):
    """Something the client should know; ``server.app`` turns it into a problem document.

    ``code`` is one of ``KINDS``; ``detail`` says in the reader's language what is wrong here and
    what would be right; ``members`` are further members of the document; ``headers`` go along.
    """

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(code, detail)
        self.kind = KINDS[code]
        self.detail = detail
        self.headers = headers
        self.members = members

    def document(self, request_id: str | None = None) -> dict[str, Any]:
        """Return the members of the problem document."""
        document: dict[str, Any] = {
            "type": f"urn:wangge:problem:{self.kind.code}",
            "title": _(self.kind.title),
            "status": self.kind.status,
            "code": self.kind.code,
        }
        if self.detail:
            document["detail"] = self.detail
        if request_id:
            document["request_id"] = request_id
        return {**self.members, **document}

    def for_people(self, request_id: str | None = None) -> dict[str, str | None]:
        """Return what a page shows of the problem."""
        return {"title": _(self.kind.title), "detail": self.detail, "request_id": request_id}

    def response(self, request_id: str | None = None) -> Response:
        """Return the problem as an HTTP response."""
        headers = {"Cache-Control": "no-store", **(self.headers or {})}
        if self.kind.status == 401:
            headers.setdefault("WWW-Authenticate", 'Bearer realm="wangge"')
        return Response(
            orjson.dumps(self.document(request_id)),
            self.kind.status,
            headers,
            media_type=MEDIA_TYPE,
        )


def from_http_exception(error: HTTPException) -> Problem:
    """Return the problem that says the same as Starlette's exception."""
    code = _BY_STATUS.get(error.status_code, "internal" if error.status_code >= 500 else None)
    return Problem(code or "bad-request", headers=error.headers)


def request_id_of(request: Request) -> str | None:
    """Return the id under which this request stands in the log."""
    found: str | None = request.scope.get("state", {}).get("request_id")
    return found

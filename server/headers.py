"""Security headers on every answer, and compression where it does no harm."""

from __future__ import annotations

from typing import Final

from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware

from server.settings import Settings

RawHeaders = list[tuple[bytes, bytes]]

_SELF: Final = "'self'"
_NONE: Final = "'none'"
_UNPACKED: Final = ("/sync/", "/api/v1/events")


def content_security_policy(*, app: bool = False) -> ContentSecurityPolicy:
    """Return the policy of the pages; ``app`` also shows photos it holds in memory."""
    images = (_SELF, "data:", "blob:") if app else (_SELF, "data:")
    return (
        ContentSecurityPolicy()
        .default_src(_SELF)
        .script_src(_SELF)
        .style_src(_SELF)
        .img_src(*images)
        .connect_src(_SELF)
        .worker_src(_SELF)
        .manifest_src(_SELF)
        .object_src(_NONE)
        .base_uri(_NONE)
        .form_action(_SELF)
        .frame_ancestors(_NONE)
    )


def security_headers(*, tls: bool, app: bool = False) -> RawHeaders:
    """Return the security headers of a page as ASGI wants them."""
    secure = Secure(
        csp=content_security_policy(app=app),
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
        hsts=StrictTransportSecurity().max_age(31_536_000) if tls else None,
        permissions=PermissionsPolicy().geolocation(_SELF).camera(_SELF).microphone().payment(),
        referrer=ReferrerPolicy().same_origin(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
    )
    return [(name.lower().encode(), value.encode()) for name, value in secure.header_items()]


class HeadersMiddleware:
    """Adds security headers that the answer does not set itself. Replication answers, which no
    page can embed, get only those that matter to JSON."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._page = security_headers(tls=settings.secure)
        self._worker_app = security_headers(tls=settings.secure, app=True)
        self._bare: RawHeaders = [(b"x-content-type-options", b"nosniff")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if path.startswith("/sync/"):
            wanted = self._bare
        elif path.startswith("/app/"):
            wanted = self._worker_app
        else:
            wanted = self._page

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                headers += [header for header in wanted if header[0] not in present]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, send_with_headers)


class CompressionMiddleware:
    """Compresses answers other than those of replication and streams of events: the wire compresses
    its own, and feeds wait, so their heartbeats must not be held back (pouchdb issue 7993), nor a
    packer's memory be kept for each.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._compressed = CompressMiddleware(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        plain = scope["type"] == "http" and scope["path"].startswith(_UNPACKED)
        await (self._plain if plain else self._compressed)(scope, receive, send)

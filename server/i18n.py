"""Translation: the Chinese text is the key, other languages are JSON catalogues beside it.

``locale/<language>/<part>.json`` maps Chinese text to its translation; the parts of a language are
read as one catalogue. A text without a translation shows in Chinese, and a test fails on it.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Final

import orjson

DEFAULT: Final = "zh"
LANGUAGES: Final = ("zh", "en")
COOKIE: Final = "wangge_lang"
LOCALE: Final = Path(__file__).parent / "locale"

_language: ContextVar[str] = ContextVar("language", default=DEFAULT)
_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([0-9.]{1,5}))?\s*")


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return all translations of a language; empty for Chinese, whose texts are the keys."""
    texts: dict[str, str] = {}
    for path in sorted((LOCALE / language).glob("*.json")):
        texts.update(orjson.loads(path.read_bytes()))
    return texts


def gettext(text: str, **values: object) -> str:
    """Return ``text`` in the language of this request, with ``{name}`` replaced by ``values``."""
    translated = catalogue(_language.get()).get(text, text)
    return translated.format(**values) if values else translated


def language() -> str:
    """Return the language of this request."""
    return _language.get()


def use_language(name: str) -> None:
    """Set the language of what runs from here in this context; unknown ones mean Chinese."""
    _language.set(name if name in LANGUAGES else DEFAULT)


def negotiate(chosen: str | None, accept_language: str | None, default: str = DEFAULT) -> str:
    """Return the language to use: the one the person chose, else the best the browser accepts
    (``Accept-Language``, RFC 9110 section 12.5.4), else ``default``."""
    if chosen in LANGUAGES:
        return chosen
    best, weight = default, 0.0
    for part in (accept_language or "")[:500].split(","):
        found = _RANGE.fullmatch(part)
        if not found or found[1].lower() not in LANGUAGES:
            continue
        try:
            quality = float(found[2]) if found[2] else 1.0
        except ValueError:
            continue
        if quality > weight:
            best, weight = found[1].lower(), quality
    return best

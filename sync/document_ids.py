"""Which texts can be the id of a replicated document."""

from __future__ import annotations

from typing import Final

from sync.errors import BadDocument

MAX_ID_LENGTH: Final = 4096


def check_doc_id(doc_id: str) -> None:
    """Raise ``BadDocument`` unless this can be the id of a replicated document."""
    if not doc_id:
        raise BadDocument("Document id must not be empty")
    if doc_id[0] == "_":
        raise BadDocument("Only reserved document ids may start with underscore.")
    if len(doc_id) > MAX_ID_LENGTH or "\0" in doc_id:
        raise BadDocument(f"Document id is longer than {MAX_ID_LENGTH} characters or holds a NUL")
    if not is_unicode(doc_id):
        raise BadDocument("Document id is not valid Unicode text")


def is_unicode(text: str) -> bool:
    """Tell whether a text can be written as UTF-8: half a surrogate pair cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

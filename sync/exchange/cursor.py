"""Where a client stands in a database: a store's sequence, or a place in its first sync.

To the client both are opaque text. A first sync reads live documents by kind, what a person needs
first at the start, and then goes on from the sequence at which it began.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Final

import orjson

from sync.wire.errors import WireError

_MARK: Final = "~"
FIRST_TYPES: Final = ("task", "household", "resident", "event")
"""Record types in the order in which a person needs them; all others follow by id."""


def _ranges() -> tuple[tuple[str | None, str | None], ...]:
    """Return ranges of document ids ``[start, end)``: the first types, then what lies between."""
    wanted = [(f"{kind}:", f"{kind};") for kind in FIRST_TYPES]  # ";" comes after ":"
    between: list[tuple[str | None, str | None]] = []
    reached: str | None = None
    for start, end in sorted(wanted):
        between.append((reached, start))
        reached = end
    return (*wanted, *between, (reached, None))


RANGES: Final = _ranges()


@dataclass(frozen=True, slots=True)
class FirstSync:
    """A place in a first sync: the range being read, the last id that was sent, how many documents
    were sent, and the sequence from which changes are read afterwards (empty at the very
    beginning)."""

    range: int = 0
    last: str | None = None
    done: int = 0
    seq: str = ""

    def text(self) -> str:
        """Return the opaque text for the client."""
        data = orjson.dumps([self.range, self.last, self.done, self.seq])
        return _MARK + base64.urlsafe_b64encode(data).decode().rstrip("=")


def parse_since(text: str | None) -> str | FirstSync:
    """Return what a position means: ``None`` or ``"0"`` is the beginning; raise ``WireError``."""
    if text is None or text == "0":
        return FirstSync()
    if not text.startswith(_MARK):
        return text
    packed = text[1:]
    try:
        number, last, done, seq = orjson.loads(
            base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        )
    except (binascii.Error, ValueError, TypeError):
        raise _malformed() from None
    sound = type(number) is int and 0 <= number < len(RANGES) and type(done) is int
    sound = sound and isinstance(seq, str) and seq != ""
    if not sound or not (last is None or isinstance(last, str)):
        raise _malformed()
    return FirstSync(number, last, done, seq)


def _malformed() -> WireError:
    return WireError(400, "bad_request", "a `since` is no position that this server gave out")

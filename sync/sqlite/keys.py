"""Index keys as bytes that sort as the keys do.

Each member is a tag and its value: null, false, true, numbers (IEEE doubles, bits arranged to
sort), text (UTF-8 by code point, closed by a zero byte). A key that begins with another key's
members begins with its bytes, so a prefix is a byte range.
"""

from __future__ import annotations

import struct
from typing import Any

from sync.errors import BadDocument
from sync.store import Key

_NULL, _FALSE, _TRUE, _NUMBER, _TEXT = 1, 2, 3, 4, 5
_SIGN = 1 << 63
_ALL = (1 << 64) - 1


def encode_member(value: Any) -> bytes:
    """Encode one JSON scalar; raise ``BadDocument`` for a list or an object."""
    if value is None:
        return bytes((_NULL,))
    if value is False:
        return bytes((_FALSE,))
    if value is True:
        return bytes((_TRUE,))
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass").replace(b"\0", b"\0\xff")
        return b"\x05" + text + b"\0"
    if isinstance(value, (int, float)):
        bits: int = struct.unpack(">Q", struct.pack(">d", value + 0.0))[0]
        bits = bits ^ _ALL if bits & _SIGN else bits ^ _SIGN
        return b"\x04" + struct.pack(">Q", bits)
    raise BadDocument(f"an index key holds {type(value).__name__}; expected a JSON scalar")


def encode_key(key: Key) -> bytes:
    """Encode a key, or the first members of one."""
    return b"".join(map(encode_member, key))


def decode_key(data: bytes) -> Key:
    """Return the key that ``encode_key`` encoded; whole numbers come back as ``int``."""
    members: list[Any] = []
    place = 0
    while place < len(data):
        tag = data[place]
        place += 1
        if tag == _NUMBER:
            members.append(_decode_number(data[place : place + 8]))
            place += 8
        elif tag == _TEXT:
            end = data.index(b"\0", place)
            while data[end + 1 : end + 2] == b"\xff":
                end = data.index(b"\0", end + 1)
            text = data[place:end].replace(b"\0\xff", b"\0")
            members.append(text.decode("utf-8", "surrogatepass"))
            place = end + 1
        else:
            members.append({_NULL: None, _FALSE: False, _TRUE: True}[tag])
    return tuple(members)


def _decode_number(data: bytes) -> int | float:
    bits: int = struct.unpack(">Q", data)[0]
    bits = bits ^ _SIGN if bits & _SIGN else bits ^ _ALL
    number: float = struct.unpack(">d", struct.pack(">Q", bits))[0]
    return int(number) if number.is_integer() else number

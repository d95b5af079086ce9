"""Declared indexes as a design document: one per database, all its indexes as its views.

Keys are lists of texts whose bytes sort as the port asks (null, false, true, numbers, text by code
point): each member carries its kind as its first character, numbers the bits of the double so that
they sort (worked out by arithmetic: not every engine that CouchDB runs has typed arrays). Views use
raw collation. One design document for all of a database's indexes means that CouchDB reads each
changed document once.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import orjson

from sync.errors import BadDocument
from sync.store import Index, Key

DESIGN_PREFIX: Final = "_design/wangge-"
AFTER_ANY_MEMBER: Final = "9"
_NULL, _FALSE, _TRUE, _NUMBER, _TEXT = "0", "1", "2", "3", "4"
_SIGN: Final = 1 << 63
_ALL: Final = (1 << 64) - 1

_MAP: Final = """function (doc) {
  var index = INDEX;
  function look(path) {
    var value = doc, names = path.split('.');
    for (var i = 0; i < names.length; i++) {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return null;
      value = value[names[i]];
      if (value === undefined) return null;
    }
    return value;
  }
  function sorted(value) {
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(sorted);
    var result = {};
    Object.keys(value).sort().forEach(function (name) { result[name] = sorted(value[name]); });
    return result;
  }
  function word(number) { return ('0000000' + number.toString(16)).slice(-8); }
  function hex(number) {
    var size = Math.abs(number), exponent = 0, fraction = 0;
    if (size > 0) {
      exponent = Math.max(-1022, Math.min(1023, Math.floor(Math.log(size) / Math.LN2)));
      while (exponent < 1023 && size >= Math.pow(2, exponent + 1)) exponent++;
      while (exponent > -1022 && size < Math.pow(2, exponent)) exponent--;
      fraction = size / Math.pow(2, exponent);
      exponent = fraction < 1 ? 0 : exponent + 1023;
      fraction = (fraction < 1 ? fraction : fraction - 1) * 4503599627370496;
    }
    var low = fraction % 4294967296;
    var high = exponent * 1048576 + (fraction - low) / 4294967296;
    if (number < 0) return word(2147483647 - high) + word(4294967295 - low);
    return word(2147483648 + high) + word(low);
  }
  function member(value) {
    if (value === null || value === undefined) return '0';
    if (value === false) return '1';
    if (value === true) return '2';
    if (typeof value === 'number') return '3' + hex(value);
    if (typeof value === 'string') return '4' + value;
    return '4' + JSON.stringify(sorted(value));
  }
  function text(value) { return JSON.stringify(sorted(value)); }
  for (var name in index.where) if (text(look(name)) !== text(index.where[name])) return;
  var key = [];
  index.fields.forEach(function (path) {
    var value = look(path);
    if (Array.isArray(value)) value.forEach(function (one) { key.push(member(one)); });
    else key.push(member(value));
  });
  var value = 1;
  if (index.value) {
    value = look(index.value);
    if (typeof value === 'boolean') value = value ? 1 : 0;
    if (typeof value !== 'number') value = 0;
  }
  if (!index.each) { emit(key, value); return; }
  var elements = look(index.each), seen = {};
  if (!Array.isArray(elements)) return;
  elements.forEach(function (element) {
    (Array.isArray(element) ? element : [element]).forEach(function (one) {
      var first = member(one);
      if (seen['$' + first]) return;
      seen['$' + first] = true;
      emit([first].concat(key), value);
    });
  });
}"""


def design(indexes: Sequence[Index]) -> tuple[str, dict[str, Any]]:
    """Return id and body of the design document of a database's indexes. The id tells the
    declarations, so that a changed one is built beside the old before that goes."""
    declared = {index.name: declaration(index) for index in sorted(indexes, key=lambda i: i.name)}
    views = {
        name: {
            "map": _MAP.replace("INDEX", orjson.dumps(fields).decode()),
            # Whatever is not added up is only counted: a roll-up is several times as fast then.
            "reduce": "_count" if fields["value"] is None else "_stats",
            "options": {"collation": "raw"},
        }
        for name, fields in declared.items()
    }
    body = {"language": "javascript", "wangge": declared, "views": views}
    digest = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
    return DESIGN_PREFIX + digest, body


def declaration(index: Index) -> dict[str, Any]:
    """Return an index's declaration; two that differ are different indexes."""
    fields = asdict(index)
    return {**fields, "fields": list(index.fields), "where": dict(index.where)}


def from_declaration(fields: Mapping[str, Any]) -> Index:
    """Return the index that ``declaration`` told."""
    return Index(**{**fields, "fields": tuple(fields["fields"])})


def encode_key(key: Key) -> list[str]:
    """Return a key's members as the views have them; raise ``BadDocument`` for other than
    scalars."""
    return [_member(value) for value in key]


def _member(value: Any) -> str:
    if value is None:
        return _NULL
    if value is False:
        return _FALSE
    if value is True:
        return _TRUE
    if isinstance(value, str):
        return _TEXT + value
    if isinstance(value, (int, float)):
        bits: int = struct.unpack(">Q", struct.pack(">d", value + 0.0))[0]
        bits = bits ^ _ALL if bits & _SIGN else bits ^ _SIGN
        return f"{_NUMBER}{bits:016x}"
    raise BadDocument(f"an index key holds {type(value).__name__}; expected a JSON scalar")


def decode_key(members: Sequence[str]) -> Key:
    """Return the key that ``encode_key`` encoded; whole numbers come back as ``int``."""
    return tuple(_value(member) for member in members)


def _value(member: str) -> Any:
    kind, text = member[:1], member[1:]
    if kind == _TEXT:
        return text
    if kind == _NUMBER:
        bits = int(text, 16)
        bits = bits ^ _SIGN if bits & _SIGN else bits ^ _ALL
        number: float = struct.unpack(">d", struct.pack(">Q", bits))[0]
        return int(number) if number.is_integer() else number
    return {_NULL: None, _FALSE: False, _TRUE: True}[kind]

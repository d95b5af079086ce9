"""One form for what people write in many: door numbers, names, phones, id numbers.

Two texts that a person would read as the same give the same form; the form itself is for comparing
and is never shown. Everything here is idempotent: the form of a form is itself.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final, NamedTuple

_GBK_ONLY: Final = {
    0xE816: 0x20087,
    0xE817: 0x20089,
    0xE818: 0x200CC,
    0xE81E: 0x9FB4,
    0xE826: 0x9FB5,
    0xE82B: 0x9FB6,
    0xE82C: 0x9FB7,
    0xE831: 0x215D7,
    0xE832: 0x9FB8,
    0xE83B: 0x2298F,
    0xE843: 0x9FB9,
    0xE854: 0x9FBA,
    0xE855: 0x241FE,
    0xE864: 0x9FBB,
}
"""Characters that GB 18030-2000 still had in the private use area (GB 18030-2022, annex D)."""


def _private_use() -> dict[int, int]:
    """Return the 80 private use code points of GBK's row FE with today's code points.

    GBK gave FE50–FEA0 (without FE7F) the code points U+E815–U+E864 in order; the standard codec
    knows where most of them are now, ``䶮`` (U+E863 → U+4DAE) for one.
    """
    trails = [trail for trail in range(0x50, 0xA1) if trail != 0x7F]
    table = {}
    for number, trail in enumerate(trails):
        old = 0xE815 + number
        new = ord(bytes((0xFE, trail)).decode("gb18030"))
        table[old] = _GBK_ONLY.get(old, new)
    return table


_PRIVATE_USE: Final = _private_use()
_DIGITS: Final = {
    **{character: value for value, character in enumerate("零一二三四五六七八九")},
    **{character: value for value, character in enumerate("〇壹贰叁肆伍陆柒捌玖")},
    "两": 2,
    "兩": 2,
    "貳": 2,
    "參": 3,
    "陸": 6,
    "弌": 1,
}
_UNITS: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_TENS: Final = {"廿": 20, "卅": 30, "卌": 40}
_NUMERAL: Final = re.compile(f"[{''.join((*_DIGITS, *_UNITS, *_TENS))}]+")
_REGION: Final = re.compile(
    r"^(?:[^省]{2,8}省)?(?:[^市]{2,8}市)?(?:[^区县]{1,8}(?<![小社园新])[区县])?"
    r"(?:[^街镇乡]{1,8}(?:街道|镇|乡))?(?:[^委]{1,12}(?:居民委员会|村民委员会|居委会|村委会))?"
)
_BUILDING: Final = re.compile(r"([0-9]+|[a-z]|[甲乙丙丁东西南北])栋")
_UNIT: Final = re.compile(r"([0-9]+|[a-z])单元")
_ROOM: Final = re.compile(r"([a-z]?[0-9]+[a-z]?)室$")
_LINKED: Final = re.compile(r"([0-9]+)-(?:([0-9]+)-)?([0-9]+[a-z]?)$")
_LAST: Final = re.compile(r"(?<=[栋元])([a-z]?[0-9]+[a-z]?)$")
_TOLD: Final = (("room", _ROOM), ("room", _LAST), ("unit", _UNIT), ("building", _BUILDING))
_PART: Final = re.compile(r"[a-z]*[0-9]+[a-z]*|[a-z]+|[甲乙丙丁东西南北]")
_ZEROS: Final = re.compile(r"(?<![0-9])0+(?=[0-9])")


class Door(NamedTuple):
    """A door, its parts in one form; a part that was not given is empty."""

    street: str
    building: str
    unit: str
    room: str

    @property
    def exact(self) -> bool:
        """Whether it names one door, and not only a village or a house of many."""
        return bool(self.room) or any(letter.isdigit() for letter in self.street)


def plain(text: str) -> str:
    """Return a text without what only its typing differs in: width, case, blanks, old code
    points, variation selectors."""
    modern = unicodedata.normalize("NFKC", text.translate(_PRIVATE_USE)).casefold()
    modern = unicodedata.normalize("NFKC", modern)
    return "".join(
        character
        for character in modern
        if not character.isspace() and unicodedata.category(character) not in ("Cf", "Cc", "Mn")
    )


def person_name(text: str) -> str:
    """Return a name without its separators: 阿依古丽·买买提, 阿依古丽•买买提 and 阿依古丽 买买提
    are one."""
    letters = (c for c in plain(text) if unicodedata.category(c)[0] not in "PSZ")
    return "".join(letters)


def phone_number(text: str) -> str:
    """Return a phone's digits without the country's prefix (+86, 0086)."""
    digits = "".join(c for c in plain(text) if c.isascii() and c.isdigit())
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 11:
            return digits[len(prefix) :]
    return digits


def code_text(text: str) -> str:
    """Return an id number or household number: letters and digits, capitals."""
    return "".join(c for c in plain(text) if c.isalnum()).upper()


def arabic(text: str) -> str:
    """Return a text with its Chinese numerals as digits: 十二 → 12, 三零二 → 302, 一百零五 → 105.

    Numerals inside names are turned as well (三角圩 → 3角圩); that is the same on both sides of a
    comparison.
    """
    return _NUMERAL.sub(lambda found: _number(found[0]), text)


def _number(numeral: str) -> str:
    if not any(character in _UNITS or character in _TENS for character in numeral):
        return "".join(str(_DIGITS[character]) for character in numeral)
    total = current = 0
    for character in numeral:
        if character in _DIGITS:
            current = current * 10 + _DIGITS[character]
        elif character in _TENS:
            total += _TENS[character]
        else:
            total += (current or 1) * _UNITS[character]
            current = 0
    return str(total + current)


def place_text(text: str) -> str:
    """Return an address in one form: digits, 栋 for 幢, 座 and 号楼, 室 for 房, no 号 at the end of
    a number, nothing that only sets parts off."""
    form = arabic(plain(text))
    for variants, one in (
        (("号楼", "號樓", "栋楼"), "栋"),
        (("棟", "幢", "座"), "栋"),
        (("單元", "门洞", "梯"), "单元"),
        (("号房", "房间", "房", "號房"), "室"),
        (("號", "门牌号", "門牌"), "号"),
        (("小区", "小區", "门牌"), ""),
    ):
        for variant in variants:
            form = form.replace(variant, one)
    form = re.sub(r"[^\w-]|_", "", re.sub(r"[—–−‐‑~～之]", "-", form))
    form = re.sub(r"(?<=[0-9])号(?=[0-9])", "-", form)
    form = re.sub(r"(?<=[0-9])号", "", form)
    form = re.sub(r"(?<![0-9a-z])-|-(?![0-9a-z])", "", form)
    return _ZEROS.sub("", form)


def door(
    address: str | None,
    building: str | None = None,
    unit: str | None = None,
    room: str | None = None,
) -> Door:
    """Return where a household lives. What the address says of building, unit and room counts
    where their own fields are empty: ``滨海绿洲四幢302室`` is ``滨海绿洲``, ``4栋``, ``302``."""
    street = _REGION.sub("", place_text(address or ""), count=1) or place_text(address or "")
    parts = {"building": _part(building), "unit": _part(unit), "room": _part(room)}
    found: dict[str, str] = {}
    linked = _LINKED.search(street)
    if linked and not _BUILDING.search(street) and (linked[2] or parts["room"] == linked[3]):
        found = {"building": linked[1], "unit": linked[2] or "", "room": linked[3]}
        street = street[: linked.start()]
    for name, pattern in (
        ("room", _ROOM),
        ("room", _LAST),
        ("unit", _UNIT),
        ("building", _BUILDING),
    ):
        match = pattern.search(street)
        if match and not found.get(name):
            found[name] = match[1]
            street = street[: match.start()] + street[match.end() :]
    if parts["room"] and street.endswith(parts["room"]) and not found.get("room"):
        rest = street[: -len(parts["room"])]
        if rest and not rest[-1].isdigit():
            street = rest
    return Door(
        re.sub(r"(?<![0-9a-z])-|-(?![0-9a-z])", "", street),
        *(parts[name] or found.get(name, "") for name in ("building", "unit", "room")),
    )


def _part(text: str | None) -> str:
    """Return a building's, unit's or room's number or letter: ``4栋``, ``四``, ``第4幢``: 4."""
    found = _PART.findall(place_text(text or "").replace("-", " "))
    return "-".join(found)

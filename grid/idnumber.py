"""Citizen id numbers (公民身份号码), GB 11643-1999: six digits of region, birth date, three of
sequence, and a check character by ISO 7064 MOD 11-2.
"""

from __future__ import annotations

from datetime import date
from typing import Final

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
FICTITIOUS_REGION: Final = "990000"
"""A region prefix that is issued to nobody: people made up for demo and tests have it."""


def check_character(first17: str) -> str:
    """Return the check character of the first 17 digits."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first17, strict=True))
    return _CHECKS[total % 11]


def id_number_fault(text: str) -> str | None:
    """Return what is wrong with an id number (a code of ``grid.models.problems``), or ``None``."""
    if len(text) != 18 or not text.isascii() or not text[:17].isdigit():
        return "id_number_shape"
    if not (text[17].isdigit() or text[17] == "X"):
        return "id_number_shape"
    if birth_date(text) is None:
        return "id_number_date"
    if check_character(text[:17]) != text[17]:
        return "id_number_check"
    return None


def birth_date(id_number: str) -> date | None:
    """Return the birth date that an id number states, or ``None`` when it is no date."""
    try:
        return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))
    except ValueError:
        return None


def sex_code(id_number: str) -> str:
    """Return the sex that an id number states as GB/T 2261.1 code: ``1`` male, ``2`` female."""
    return "1" if int(id_number[16]) % 2 else "2"


def make_fictitious(born: date, sequence: int) -> str:
    """Return a valid id number of nobody; an odd ``sequence`` (0–999) is male."""
    first17 = f"{FICTITIOUS_REGION}{born:%Y%m%d}{sequence:03d}"
    return first17 + check_character(first17)

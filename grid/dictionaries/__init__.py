"""Coded lists: code → words, each with the standard it follows and a version.

Codes are stored, words are shown. A list grows by a new version; a code is never reused.
"""

from grid.dictionaries.events import EVENT_CATEGORY, EVENT_STATUS, RESTRICTED_CATEGORIES
from grid.dictionaries.lists import Dictionary
from grid.dictionaries.people import EDUCATION, ETHNIC, KINSHIP, MARITAL, POLITICS, SEX
from grid.dictionaries.states import (
    CAMPAIGN_STATUS,
    DISPUTE_CATEGORY,
    DISPUTE_SCALE,
    DISPUTE_STATUS,
    TASK_STATUS,
)
from grid.dictionaries.words import CHOICES, choice_label

DICTIONARIES = {
    dictionary.name: dictionary
    for dictionary in (
        SEX,
        MARITAL,
        ETHNIC,
        EDUCATION,
        KINSHIP,
        POLITICS,
        EVENT_CATEGORY,
        EVENT_STATUS,
        DISPUTE_CATEGORY,
        DISPUTE_SCALE,
        DISPUTE_STATUS,
        TASK_STATUS,
        CAMPAIGN_STATUS,
    )
}
"""Every coded list by name."""

__all__ = [
    "CAMPAIGN_STATUS",
    "CHOICES",
    "DICTIONARIES",
    "DISPUTE_CATEGORY",
    "DISPUTE_SCALE",
    "DISPUTE_STATUS",
    "EDUCATION",
    "ETHNIC",
    "EVENT_CATEGORY",
    "EVENT_STATUS",
    "KINSHIP",
    "MARITAL",
    "POLITICS",
    "RESTRICTED_CATEGORIES",
    "SEX",
    "TASK_STATUS",
    "Dictionary",
    "choice_label",
]

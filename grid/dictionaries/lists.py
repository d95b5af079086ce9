"""The shape of a coded list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A coded list; ``labels`` maps a code to its words in Chinese and English, in order."""

    name: str
    version: int
    std_ref: str
    labels: Mapping[str, tuple[str, str]]

    def label(self, code: str, language: str = "zh") -> str:
        """Return a code's words; an unknown code stands for itself."""
        words = self.labels.get(code)
        return code if words is None else words[1 if language == "en" else 0]


def parse_labels(lines: str) -> dict[str, tuple[str, str]]:
    """Return labels from lines ``code|Chinese|English``."""
    rows = (line.strip().split("|") for line in lines.strip().splitlines())
    return {code: (chinese, english) for code, chinese, english in rows}

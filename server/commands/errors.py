"""An error of a command: something for the person at the terminal to read, no traceback."""

from __future__ import annotations


class CommandError(Exception):
    """The command cannot go on; the message says why and what would help."""

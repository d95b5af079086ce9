"""The one vocabulary of sync and review states: icon, word and colour always together."""

from __future__ import annotations

from dataclasses import dataclass

from server.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class State:
    """A state as shown: the icon's name in the sprite, the word, the colour's class."""

    icon: str
    word: str
    colour: str


def sync_state(name: str) -> State:
    """Return a record's sync state; raise ``KeyError`` for one that does not exist."""
    return {
        "draft": State("draft", _("草稿"), "grey"),
        "waiting": State("waiting", _("待同步"), "amber"),
        "uploading": State("uploading", _("同步中"), "blue"),
        "synced": State("synced", _("已同步"), "green"),
        "merged": State("merged", _("已合并"), "violet"),
        "review": State("review", _("待复核"), "orange"),
        "refused": State("refused", _("被退回"), "red"),
    }[name]


def review_state(status: str) -> State:
    """Return the state of a decision by its ``status``."""
    return {
        "settled": State("merged", _("已合并"), "violet"),
        "open": State("review", _("待复核"), "orange"),
        "accepted": State("tick", _("已同意"), "green"),
        "changed": State("edited", _("已改用"), "blue"),
        "undone": State("undo", _("已撤销合并"), "grey"),
        "superseded": State("merged", _("已由新的合并取代"), "grey"),
    }[status]


def across_state(status: str) -> State:
    """Return the state of a review across documents by its ``status``."""
    return {
        "settled": State("merged", _("已自动合并"), "violet"),
        "accepted": State("tick", _("已处理"), "green"),
        "apart": State("tick", _("不是同一个"), "blue"),
        "superseded": State("tick", _("已不存在"), "grey"),
    }.get(status) or review_state(status)


def refusal_state(status: str) -> State:
    """Return the state of a refused edit by its ``status``."""
    return {
        "open": State("refused", _("被退回"), "red"),
        "accepted": State("tick", _("已接收"), "green"),
        "closed": State("close", _("已关闭"), "grey"),
    }[status]


def record_state(*, has_review: bool, merged: bool) -> State:
    """Return the state of a record that is on the server."""
    return sync_state("review" if has_review else "merged" if merged else "synced")

"""Translation: every text has one, placeholders agree, and the right language is chosen."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, nodes

from server import i18n
from server.problems import KINDS
from tests.conftest import ROOT

SERVER = ROOT / "server"


def texts_of_python(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value, f"{path.name}:{node.lineno}"


def template_texts(path: Path) -> Iterator[tuple[str, str]]:
    tree = Environment(autoescape=True).parse(path.read_text("utf-8"))
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ("_", "gettext"):
            argument = call.args[0]
            if isinstance(argument, nodes.Const):
                yield argument.value, f"{path.name}:{call.lineno}"


def all_texts() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in SERVER.rglob("*.py"):
        found.update(texts_of_python(path))
    for path in (SERVER / "templates").rglob("*.html"):
        found.update(template_texts(path))
    found.update({kind.title: "problems.py" for kind in KINDS.values()})
    return found


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", [name for name in i18n.LANGUAGES if name != i18n.DEFAULT])
def test_every_text_is_translated(language: str) -> None:
    catalogue = i18n.catalogue(language)
    missing = {text: place for text, place in all_texts().items() if text not in catalogue}

    assert missing == {}


@pytest.mark.parametrize("language", [name for name in i18n.LANGUAGES if name != i18n.DEFAULT])
def test_translations_have_the_placeholders_of_the_text(language: str) -> None:
    different = {
        text: translated
        for text, translated in i18n.catalogue(language).items()
        if names_in(text) != names_in(translated)
    }

    assert different == {}


def test_the_parts_of_a_language_do_not_contradict_each_other() -> None:
    seen: dict[str, str] = {}
    for path in (i18n.LOCALE / "en").glob("*.json"):
        for text, translated in orjson.loads(path.read_bytes()).items():
            assert seen.setdefault(text, translated) == translated, (path.name, text)


def test_no_chinese_stands_in_a_template_untranslated() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    allowed = re.compile(r'lang="zh-CN">中文<')
    for path in (SERVER / "templates").rglob("*.html"):
        without = re.sub(r"\{[{%#].*?[}%#]\}", "", path.read_text("utf-8"), flags=re.DOTALL)
        assert not chinese.search(allowed.sub("", without)), path


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        (None, None, "zh"),
        ("en", "zh-CN", "en"),
        ("fr", "zh-CN", "zh"),
        (None, "en-GB,en;q=0.9", "en"),
        (None, "fr,zh-CN;q=0.8,en;q=0.9", "en"),
        (None, "en;q=0", "zh"),
        (None, "zh-Hans-CN, en;q=0.5", "zh"),
        (None, "*", "zh"),
        (None, "en;q=high", "zh"),
    ],
)
def test_the_language_is_what_the_person_or_the_browser_wants(
    chosen: str | None, accepted: str | None, language: str
) -> None:
    assert i18n.negotiate(chosen, accepted) == language


@given(st.text(), st.text())
def test_any_header_gives_a_language_we_have(chosen: str, accepted: str) -> None:
    assert i18n.negotiate(chosen, accepted) in i18n.LANGUAGES

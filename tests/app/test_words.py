"""The one catalogue of words: nothing missing in either language, nothing asked for that is not there."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from app_pages.words import WORDS, map_words
from gridgis.edits import VERBS

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PAGES = {"report.js": "pub_", "where.js": "where_"}
SAME = {"app", "unit_area_m2", "unit_m2"}
"""Words that are written alike, or whose unit English leaves out."""


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", sorted(WORDS))
def test_both_languages_say_it(key: str) -> None:
    zh, en = WORDS[key]
    assert zh, "no Chinese"
    assert en or key.startswith("unit_"), "no English"
    assert not CHINESE.search(en), en
    assert gaps(zh) == gaps(en) or key == "band_rule"


def test_nothing_is_asked_for_that_is_not_there() -> None:
    python = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "app_pages").glob("*.py"))
    # A name that ends with a line goes on with what it is about: those are looked up one by one.
    asked = set(re.findall(r"""\bsay\(\s*["']([a-z_0-9]+)["']""", python)) | set(re.findall(r'\bword\("([a-z_0-9]+)"', python))
    assert {k for k in asked if not k.endswith("_")} - WORDS.keys() == set()
    scripts = {p.name: p.read_text(encoding="utf-8") for p in (ROOT / "layers" / "assets").glob("*.js")}
    for name, script in scripts.items():
        wanted = set(re.findall(r"\b(?:W|GridGIS\.words|options\.words)\.([a-z_0-9]+)\b", script))
        # The pages for residents bring words of their own, under a mark in the one catalogue.
        mark = PAGES.get(name)
        if mark is not None:
            assert {k for k in wanted if f"{mark}{k}" not in WORDS and k not in WORDS} == set(), name
            continue
        for lang in ("zh", "en"):
            assert wanted - map_words(lang)[0].keys() == set(), name


def test_scripts_hold_no_words_of_their_own() -> None:
    for path in (ROOT / "layers" / "assets").glob("*.js"):
        assert not CHINESE.search(path.read_text(encoding="utf-8").replace("（", "").replace("）", "")), path.name


def test_every_kind_of_edit_has_a_name() -> None:
    text = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "gridgis").rglob("*.py"))
    kinds = set(re.findall(r'(?:\bEdit|\bChange)\(\s*"([a-z]+)"', text)) | set(re.findall(r'\brewritten\(\w+, "([a-z]+)"', text)) | set(VERBS)
    assert {"split", "cells", "import"} <= kinds
    assert {k for k in kinds if f"kind_{k}" not in WORDS} == set()

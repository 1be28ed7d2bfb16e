"""The schemes at the command line: shown in words of either language, listed, checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gridgis.scheme import load_scheme, scheme_names
from tests.telling import Tell, assert_refused

CJK = re.compile("[\u4e00-\u9fff]")


def test_show_and_check(tell: Tell) -> None:
    shown = tell("scheme", "show", "dehua", "--json").json
    assert [level["key"] for level in shown["levels"]] == ["township", "first", "unit", "responsibility"]
    assert shown["widths"] == {"county": 6, "township": 9, "first": 12, "unit": 15, "responsibility": 17}
    assert "17" in tell("scheme", "show", "dehua").out
    assert tell("scheme", "check", "generic").code == 0


def test_what_is_shown_for_machines_is_the_whole_scheme(tell: Tell) -> None:
    shown = tell("scheme", "show", "luohu", "--json").json
    del shown["widths"]
    assert load_scheme("luohu").model_validate(shown) == load_scheme("luohu")
    assert {line["class"] for line in shown["staffing"]} == {"first", "second", None}


@pytest.mark.parametrize("name", scheme_names())
def test_all_that_a_scheme_says_is_shown_in_either_language(tell: Tell, name: str) -> None:
    scheme = load_scheme(name)
    zh, en = tell("scheme", "show", name).out, tell("scheme", "show", name, "--lang", "en").out
    lists = (scheme.levels, scheme.kinds, scheme.categories, scheme.classes, scheme.zones, scheme.limits,
             scheme.duties, scheme.roles, scheme.organisations, scheme.places)  # fmt: skip
    for item in (item for entries in lists for item in entries):
        assert item.zh in zh
        assert item.en in en
    assert not CJK.search(en)
    for line in scheme.staffing:
        assert re.search(rf"{line.level} +{line.role}", zh)
    assert "道路归属" in zh
    assert "First numbering" in en


def test_rules_of_roles_and_bands_are_shown_in_words(tell: Tell) -> None:
    assert "住在网格内" in tell("scheme", "show", "chikan").out
    yungang = tell("scheme", "show", "yungang", "--lang", "en").out
    assert "a visit every 31 days" in yungang
    assert "at most 5 grids each" in yungang
    assert "0.5 hours" in yungang
    assert "300–500" in tell("scheme", "show", "dehua").out


def test_letters_are_shown_with_their_kinds(tell: Tell, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        'name = "own"\nzh = "自"\nen = "own"\nkinds = [{key = "a", zh = "甲", en = "a"}]\n'
        'levels = [{key = "x", zh = "层", en = "x", digits = 3, letters = {C = "a"}}]', encoding="utf-8")  # fmt: skip
    assert "C=a" in tell("scheme", "show", file).out


def test_without_a_name_the_schemes_are_listed(tell: Tell) -> None:
    for words in (("list",), ("show",)):
        listed = tell("scheme", *words).out
        assert all(name in listed for name in scheme_names())
    assert [one["name"] for one in tell("scheme", "list", "--json").json] == scheme_names()
    assert_refused(tell("scheme", "check"), 2, "own.toml")


def test_a_broken_file_is_refused(tmp_path: Path, tell: Tell) -> None:
    file = tmp_path / "own.toml"
    file.write_text('name = "own"\nzh = "自"\nen = "own"\nlevels = [{key = "x", zh = "x", en = "x"}]', encoding="utf-8")
    assert_refused(tell("scheme", "check", file), 2, "own.toml", "levels[0].digits")
    assert_refused(tell("scheme", "check", "mars"), 2, "mars", "dehua")

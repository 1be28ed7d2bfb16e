"""A broken scheme file is told: file, key and cure, in either language, every fault at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from gridgis.errors import InputError, SchemeError
from gridgis.overlays.categories import categories_from
from gridgis.print.settings import settings_from
from gridgis.scheme import load_scheme, scheme_from
from tests.unit.test_scheme import GOOD

LEVEL = {"key": "street", "zh": "街道", "en": "street", "digits": 3}
ROLE = {"key": "head", "zh": "长", "en": "head", "level": "grid"}
KINDS = [{"key": "own", "zh": "综合", "en": "own"}, {"key": "other", "zh": "单位", "en": "other"}]
LIMIT = {"key": "small", "zh": "小事", "en": "small"}
MATTER = {"key": "lamps", "zh": "路灯", "en": "lamps"}
LINE = {"level": "grid", "role": "head", "number": 1}


def lettered(**letters: str) -> dict[str, Any]:
    return {"kinds": KINDS, "levels": [LEVEL | {"letters": letters}]}


BROKEN: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "no levels": ({"levels": []}, "levels", "至少要有 1 项", "1 or more"),
    "no digits": ({"levels": [{k: LEVEL[k] for k in ("key", "zh", "en")}]}, "levels[0].digits", "补上", "add it"),
    "too few digits": ({"levels": [LEVEL | {"digits": 0}]}, "levels[0].digits", "不能小于 1，现为 0", "1 or more, not 0"),
    "too many digits": ({"levels": [LEVEL | {"digits": 7}]}, "levels[0].digits", "不能大于 6", "6 or less"),
    "digits in words": ({"levels": [LEVEL | {"digits": "three"}]}, "levels[0].digits", "整数，现为 three", "whole number"),
    "half a digit": ({"levels": [LEVEL | {"digits": 2.5}]}, "levels[0].digits", "整数", "whole number"),
    "a flag in words": ({"levels": [LEVEL | {"fixed": "ja"}]}, "levels[0].fixed", "true 或 false", "true or false"),
    "a level in words": ({"levels": ["street"]}, "levels[0]", "一组键值", "a table"),
    "levels in words": ({"levels": "street"}, "levels", "列表", "a list"),
    "a level twice": ({"levels": [LEVEL, LEVEL]}, "levels[1].key", "重复", "twice"),
    "kinds twice": ({"kinds": [KINDS[0], KINDS[0]]}, "kinds[1].key", "重复", "twice"),
    "a level named county": ({"levels": [LEVEL | {"key": "county"}]}, "levels[0].key", "删去", "leave it out"),
    "a key in capitals": ({"levels": [LEVEL | {"key": "Street"}]}, "levels[0].key", "小写英文字母", "small letters"),
    "a nameless level": ({"levels": [LEVEL | {"zh": ""}]}, "levels[0].zh", "填写", "fill it in"),
    "a name in figures": ({"zh": 3}, "zh", "文字，现为 3", "text in quotes, not 3"),
    "a word misspelt": ({"rolls": []}, "rolls", "改为“roles”", "write 'roles'"),
    "a word of no scheme": ({"wxyz": "red"}, "wxyz", "county_digits", "county_digits"),
    "a word misspelt in a level": ({"levels": [LEVEL | {"digit": 3}]}, "levels[0].digit", "“digits”", "'digits'"),
    "class is spelt so": ({"staffing": [LINE | {"klass": "a"}], "roles": [ROLE]}, "staffing[0].klass", "“class”", "'class'"),
    "a negative sliver": ({"sliver_m2": -1}, "sliver_m2", "不能小于 0", "0 or more"),
    "a road rule of nobody": ({"road_rule": "left"}, "road_rule", "longest、lower_code、both", "longest, lower_code, both"),
    "a band of no level": ({"bands": [{"level": "gird", "persons": [1, 2]}]}, "bands[0].level", "改为“grid”", "write 'grid'"),
    "a band of no zone": ({"bands": [{"level": "grid", "zone": "moon", "persons": [1, 2]}]}, "bands[0].zone", "town", "town"),
    "a band of nothing": ({"bands": [{"level": "grid"}]}, "bands[0]", "既无户数也无人口", "neither households nor persons"),
    "a band with one end": ({"bands": [{"level": "grid", "persons": [3]}]}, "bands[0].persons[1]", "上限", "two numbers"),
    "a band of three": ({"bands": [{"level": "grid", "persons": [3, 4, 5]}]}, "bands[0].persons", "至多只能有 2 项", "2 entries"),
    "a band upside down": ({"bands": [{"level": "grid", "persons": [9, 3]}]}, "bands[0].persons", "从 9 到 3", "from 9 to 3"),
    "two bands of a level": ({"bands": [{"level": "grid", "persons": [1, 2]}] * 2}, "bands[1]", "合为一项", "make it one"),
    "a role of no level": ({"roles": [ROLE | {"level": "moon"}]}, "roles[0].level", "street、grid", "street, grid"),
    "a role of no kind": ({"roles": [ROLE | {"kinds": ["moon"]}]}, "roles[0].kinds[0]", "comprehensive", "comprehensive"),
    "a role that hangs": ({"roles": [ROLE | {"level": None, "required": True}]}, "roles[0].level", "补上层级", "add the level"),
    "a limit of two units": ({"limits": [LIMIT | {"hours": 2, "days": 1}]}, "limits[0]", "只留一个", "leave one"),
    "a limit of no time": ({"limits": [LIMIT | {"hours": 0}]}, "limits[0].hours", "应大于 0", "more than 0"),
    "a matter of no limit": ({"access": {"matters": [MATTER | {"limit": "moon"}]}}, "access.matters[0].limit", "limits", "limits"),
    "a list of no limit": ({"access": {"limit": "moon"}}, "access.limit", "limits", "limits"),
    "a matter of no department": ({"access": {"matters": [MATTER | {"department": "moon"}]}}, "access.matters[0].department", "departments", "first"),
    "a matter of no group": ({"access": {"matters": [MATTER | {"group": "moon"}]}}, "access.matters[0].group", "groups", "first"),
    "a matter twice": ({"access": {"matters": [MATTER, MATTER]}}, "access.matters[1].key", "重复", "twice"),
    "a duty of no limit": (
        {"duties": [LIMIT | {"level": "grid", "limit": "soon"}]}, "duties[0].limit", "没有列出任何一个", "lists none"),
    "staff at another level": (
        {"staffing": [LINE | {"level": "street"}], "roles": [ROLE]}, "staffing[0].level", "改为一致", "make them agree"),
    "staff of no class": ({"staffing": [LINE | {"class": "a"}], "roles": [ROLE]}, "staffing[0].class", "classes", "classes"),
    "numbers too high": ({"numbering": {"first": 1000}}, "numbering.first", "最大为 999", "999 at most"),
    "a small letter": (lettered(c="own", Z="other"), "levels[0].letters.c", "大写英文字母", "capital letter"),
    "a letter for nothing": (lettered(C="own", Z="moon", Y="other"), "levels[0].letters.Z", "own、other", "own, other"),
    "two letters for one kind": (lettered(C="own", Z="other", Y="own"), "levels[0].letters.C", "同指", "one letter"),
    "a kind without letter": (lettered(C="own"), "levels[0].letters", "类型 other", "letter for other"),
}  # fmt: skip
LATIN = re.compile(r"[a-z]{4,} [a-z]{2,} [a-z]{2,}")
"""Three words in a row, as no key has them: English inside a Chinese sentence."""


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_rule_is_told_with_file_key_and_cure(case: str) -> None:
    change, key, zh, en = BROKEN[case]
    with pytest.raises(SchemeError) as caught:
        scheme_from(GOOD | change, "own.toml")
    first_zh, first_en = caught.value.zh.split("\n")[0], caught.value.en.split("\n")[0]
    assert f"“own.toml”的“{key}”" in first_zh
    assert f"'own.toml': '{key}'" in first_en
    assert zh in first_zh
    assert en in first_en
    assert re.search("请|改|补|填", first_zh)
    assert not LATIN.search(caught.value.zh)
    assert first_zh.endswith("。")
    assert first_en.endswith(".")


def test_every_fault_is_told_not_only_the_first() -> None:
    change = {"levels": [LEVEL | {"digits": 0}, LEVEL | {"zh": 3}], "road_rule": "left", "rolls": []}
    with pytest.raises(SchemeError) as caught:
        scheme_from(GOOD | change, "own.toml")
    for words in (caught.value.zh, caught.value.en):
        assert all(key in words for key in ("levels[0].digits", "levels[1].zh", "road_rule", "rolls"))
        assert len(words.split("\n")) == 5
    assert "另有 3 处" in caught.value.zh


def test_our_own_rules_are_told_all_at_once() -> None:
    change = {"bands": [{"level": "moon", "persons": [9, 3]}], "numbering": {"first": 1000}}
    with pytest.raises(SchemeError) as caught:
        scheme_from(GOOD | change, "own.toml")
    assert all(key in caught.value.en for key in ("bands[0].level", "bands[0].persons", "numbering.first"))


def test_a_file_of_nonsense_is_told_in_a_page() -> None:
    with pytest.raises(SchemeError) as caught:
        scheme_from({f"word{k}": k for k in range(500)}, "own.toml")
    assert len(caught.value.zh.split("\n")) < 30


@pytest.mark.parametrize("text", ['name = "x', "name = x", "\x00", 'name = "a"\nname = "b"'])
def test_what_is_no_toml_is_told_with_the_place(text: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SchemeError, match=r"own\.toml.*TOML.*(第 \d 行第 \d+ 列|文件末尾)") as caught:
        load_scheme(file)
    assert not LATIN.search(caught.value.zh)


def test_another_encoding_is_told_with_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_bytes('name = "德"'.encode("gbk"))
    with pytest.raises(SchemeError, match=r"UTF-8.*第 9 个字节"):
        load_scheme(file)


@pytest.mark.parametrize("text", ["digits = " + "9" * 5000, "levels = " + "[" * 20_000], ids=["long", "deep"])
def test_a_number_without_end_and_brackets_without_end_are_told(text: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SchemeError, match=r"过长或括号套得过深") as caught:
        load_scheme(file)
    assert "too long, or brackets go too deep" in caught.value.en
    with pytest.raises(InputError):
        categories_from(text, "own.toml")
    with pytest.raises(InputError):
        settings_from(text, "own.toml")

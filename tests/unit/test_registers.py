"""Registers from spreadsheets: where the table begins, what each cell means, who is meant; nothing lost unsaid."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from openpyxl.styles import Font

import gridgis as gg
from gridgis.errors import InputError, RefusedError
from gridgis.io.sheets import Cell
from gridgis.phones import is_phone, tidy_phone
from gridgis.registers import Options, bring_in, write_template
from gridgis.registers.privacy import is_identity_number
from gridgis.registers.values import LostError, as_code, date, id_value
from gridgis.scheme import load_scheme
from tests.drawn import code_of, drawn_county

A, B, C = (str(code_of(letter)) for letter in "ABC")
HEAD = ["网格编码", "网格名称", "分区", "网格长", "电话"]
CARD = "11010519491231002X"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "county.gpkg", "AAB\nCCB")


def book(path: Path, *rows: list[Any], **cells: Any) -> Path:
    """Write rows as they are typed, and single cells by their address; a pair is a value and its number format."""
    made = openpyxl.Workbook()
    sheet = made.active
    for row in rows:
        sheet.append(row)
    for address, value in cells.items():
        sheet[address], sheet[address].number_format = value if isinstance(value, tuple) else (value, "General")
    made.save(path)
    return path


def take(county: Path, file: Path, as_: str = "register", **more: Any) -> dict[str, Any]:
    """Import a file and return the report."""
    with gg.open_county(county) as c:
        return bring_in(c, file, Options(as_, **more)).report


def table(county: Path, name: str) -> pd.DataFrame:
    with gg.open_county(county) as c:
        return pd.DataFrame(c.table(name))


def grid(county: Path, code: str) -> gg.Grid:
    with gg.open_county(county) as c:
        return c.plan.grids[code]


def rejected(report: dict[str, Any]) -> dict[int, str]:
    return {r["row"]: r["reason_zh"] for r in report["rejected"]}


# -- one cell ----------------------------------------------------------------------------------------

KNOWN = {"350526100001001", "350526100", "013526100001001"}
WIDTHS = (6, 9, 12, 15)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (Cell("text", "350526100001001"), False), (Cell("number", "350526100001001"), True),
        (Cell("number", "350526100001001.0"), True), (Cell("text", "350526100001001.0"), True),
        (Cell("text", "3.50526100001001E+14"), True), (Cell("text", "　３５０５２６100001001\u00a0"), True),
        (Cell("text", "'350526100001001"), True), (Cell("text", '="350526100001001"'), True),
        (Cell("text", "350526-100-001-001"), True), (Cell("text", "350526 100001 001\u200b"), True),
    ],
)  # fmt: skip
def test_a_code_is_known_again(cell: Cell, said: bool) -> None:
    value = as_code(cell, KNOWN, WIDTHS)
    assert value.text == "350526100001001"
    assert bool(value.mended) == said


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Cell("text", "350526100000"), "350526100"), (Cell("number", "13526100001001"), "013526100001001"),
        (Cell("number", "13526100001001", "000000000000000"), "013526100001001"),
    ],
)  # fmt: skip
def test_zeros_are_put_right_where_that_gives_a_known_code(cell: Cell, text: str) -> None:
    value = as_code(cell, KNOWN, WIDTHS)
    assert (value.text, bool(value.mended)) == (text, True)


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        (Cell("number", "35052610000100101"), "17 位的数字"), (Cell("number", "3.505261000010010e+16"), "17 位的数字"),
        (Cell("text", "3.50526E+14"), "科学记数"), (Cell("date", "2026-03-01T00:00:00"), "日期（2026-03-01）"),
        (Cell("date", ""), "无效日期"), (Cell("error", "#N/A"), "#N/A"), (Cell("text", "#REF!"), "#REF!"),
        (Cell("formula", "=A1"), "公式"), (Cell("bool", "TRUE"), "逻辑值"), (Cell("number", "1.5"), "数值"),
        (Cell("number", "-5"), "数值"), (Cell("text", "35\ufffd"), "损坏"),
    ],
)  # fmt: skip
def test_what_is_lost_is_said(cell: Cell, word: str) -> None:
    with pytest.raises(LostError) as caught:
        id_value(cell)
    assert word in caught.value.words[0]
    assert caught.value.words[1]


@pytest.mark.parametrize(
    ("typed", "tidy", "good"),
    [
        ("13800138000", "13800138000", True), ("+86 138-0013-8000", "13800138000", True),
        ("０５９５－２３５２００００", "0595-23520000", True), ("(010) 65120000转801", "010-65120000-801", True),
        ("12345", "12345", True), ("400-800-1234", "400-800-1234", True), ("1380013800", "1380013800", False),
        ("138001380000", "138001380000", False), ("无", "无", False),
    ],
)  # fmt: skip
def test_phones(typed: str, tidy: str, good: bool) -> None:
    assert tidy_phone(typed) == tidy
    assert is_phone(tidy) == good


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Cell("date", "2026-03-01T00:00:00"), "2026-03-01"), (Cell("text", "2026年3月1日"), "2026-03-01"),
        (Cell("text", "2026/3/1 9:05"), "2026-03-01T09:05:00"), (Cell("number", "20260301"), "2026-03-01"),
        (Cell("text", "2026.3"), "2026-03-01"),
    ],
)  # fmt: skip
def test_dates(cell: Cell, text: str) -> None:
    assert date(cell).text == text


@pytest.mark.parametrize("typed", ["2026-02-30", "45000", "昨天", "20261301", "3/1", "0001-01-01"])
def test_what_is_no_date(typed: str) -> None:
    with pytest.raises(LostError):
        date(Cell("number" if typed.isdigit() else "text", typed))


def test_identity_numbers_by_check_digit() -> None:
    assert is_identity_number(CARD)
    assert is_identity_number(CARD.lower())
    assert not is_identity_number(CARD[:-1] + "1")
    assert not is_identity_number("110105194913310025"), "there is no thirteenth month"


# -- where the table is ------------------------------------------------------------------------------


def test_title_two_header_rows_merged_cells_and_empty_rows(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "r.xlsx"
    made = openpyxl.Workbook()
    sheet = made.active
    for row in (
        ["画县网格台账"], ["网格编码", "网格名称", "网格长", None, "社区"], [None, None, "姓名", "电话", None],
        [A, "甲", "张一", "19900000001", "第一社区"], [B, "乙", "张二", "19900000002", None], [C, "丙", None, None, None],
    ):  # fmt: skip
        sheet.append(row)
    for area in ("A1:E1", "A2:A3", "B2:B3", "C2:D2", "E2:E3", "E4:E6"):
        sheet.merge_cells(area)
    sheet["A60"].font = Font(bold=True)
    sheet.row_dimensions[5].hidden = True
    made.create_sheet("旧表", 0).append(["网格编码", "网格名称"])
    made["旧表"].sheet_state = "hidden"
    made.save(file)
    report = take(path, file)
    assert (report["rows"], report["accepted"], rejected(report)) == (3, 3, {})
    assert dict(grid(path, B).extra) == {"网格长姓名": "张二", "网格长电话": "19900000002", "社区": "第一社区"}
    assert grid(path, C).extra == (("社区", "第一社区"),)
    said = "".join(report["evidence_zh"] + report["notes_zh"])
    for word in ("第 2、3 两行", "旧表", "隐藏的行", "合并单元格"):
        assert word in said


def test_a_merged_code_is_no_code_of_its_rows(path: Path, tmp_path: Path) -> None:
    file = book(tmp_path / "r.xlsx", HEAD, [A, "甲"], [None, "乙"], [C, "丙"])
    made = openpyxl.load_workbook(file)
    made.active.merge_cells("A2:A3")
    made.save(file)
    # openpyxl empties what a merged cell covers but its first.
    made.active["B3"] = "乙"
    made.save(file)
    assert "合并单元格" in rejected(take(path, file))[3]


def test_several_sheets_ask_for_one(path: Path, tmp_path: Path) -> None:
    file = book(tmp_path / "r.xlsx", HEAD, [A, "甲"])
    made = openpyxl.load_workbook(file)
    made.create_sheet("二月")
    for row in (HEAD, [B, "乙"]):
        made["二月"].append(row)
    made.save(file)
    with pytest.raises(InputError, match="二月"):
        take(path, file)
    assert take(path, file, layer="二月")["accepted"] == 1
    with pytest.raises(InputError, match="三月"):
        take(path, file, layer="三月")


def test_columns_by_content_and_by_hand(path: Path, tmp_path: Path) -> None:
    file = book(tmp_path / "r.xlsx", ["编码", "称呼", "甲列"], ["1", "甲", A], ["2", "乙", B], ["3", "丙", C])
    report = take(path, file, fields={"name": "称呼"})
    assert report["fields"] == {"code": "甲列", "name": "称呼"}
    assert any("按内容" in e for e in report["evidence_zh"])
    assert grid(path, C).name == "丙"
    with pytest.raises(InputError, match="没有列“没有”"):
        take(path, file, fields={"name": "没有"})


def test_phones_after_their_persons_keep_apart(path: Path, tmp_path: Path) -> None:
    file = book(
        tmp_path / "r.xlsx",
        ["编码", "网格长", "电话", "警务员", "电话"],
        [A, "张一", 19900000001, "李二", "059523520000"],
    )
    take(path, file)
    assert dict(grid(path, A).extra) == {
        "网格长": "张一", "电话": "19900000001", "警务员": "李二", "警务员电话": "059523520000",
    }  # fmt: skip


# -- grid register -----------------------------------------------------------------------------------


def test_register_is_one_edit_that_undo_takes_back(path: Path, tmp_path: Path) -> None:
    with gg.open_county(path) as county:
        before = county.plan.hash
    report = take(
        path,
        book(tmp_path / "r.xlsx", HEAD, [A, "甲", "城镇", "张一", "19900000001"], [B, None, "elsewhere", None, None]),
    )
    assert [c["code"] for c in report["changes"]] == [A, B]
    assert report["changes"][1]["fields"] == {"zone": ["", "elsewhere"]}
    assert (grid(path, A).name, grid(path, A).zone, grid(path, B).name) == ("甲", "built_up", "第2网格"), (
        "blank stays as it was"
    )
    with gg.open_county(path) as county:
        assert (county.version, county.log().iloc[-1]["kind"]) == (2, "register")
        county.undo()
        assert county.plan.hash == before
        assert gg.check(county).empty or set(gg.check(county)["severity"]) <= {"warning"}


def test_rows_that_clash_are_all_named(path: Path, tmp_path: Path) -> None:
    rows = [
        HEAD,
        [A, "甲"],
        [A, "又甲"],
        [B, "乙"],
        [B, "乙"],
        [C, "丙"],
        ["350526100001099", "无"],
        [A[:6], "县"],
        [C[:9], "乡"],
    ]
    found = rejected(take(path, book(tmp_path / "r.xlsx", *rows)))
    assert set(found) == {2, 3, 5, 7, 8}
    assert "第 3 行" in found[2]
    assert "第 2 行" in found[3]
    assert "完全相同" in found[5]
    assert "不在现有网格" in found[7]
    assert "县区编码" in found[8]


def test_only_words_of_the_scheme(path: Path, tmp_path: Path) -> None:
    head = ["编码", "类型", "分区", "类别"]
    report = take(
        path,
        book(
            tmp_path / "r.xlsx",
            head,
            [A, "专属网格", "城镇", "小区"],
            [B, "institution", "市区", ""],
            [C, "公园", "", ""],
        ),
    )
    found = rejected(report)
    assert set(found) == {3, 4}
    assert "市区" in found[3]
    assert "公园" in found[4]
    assert (grid(path, A).kind, grid(path, A).extra) == ("institution", (("类别", "小区"),)), (
        "no categories in this scheme"
    )


def test_no_data_of_residents(path: Path, tmp_path: Path) -> None:
    file = book(tmp_path / "r.xlsx", ["编码", "备注", "独居老人"], [A, f"户主 {CARD}", 3], [B, "", 5])
    with pytest.raises(InputError, match="“备注”含有居民身份证号"):
        take(path, file)
    report = take(path, file, drop=("备注",))
    assert any("略去列“备注”" in e for e in report["evidence_zh"])
    assert dict(grid(path, A).extra) == {"独居老人": "3"}
    with pytest.raises(InputError, match="独居老人"):
        take(path, book(tmp_path / "s.xlsx", ["编码", "独居老人"], [A, "陈某"]))
    numbers = book(tmp_path / "t.xlsx", ["编码", "号码"], [A, 110105194912310020], [B, 110105195012310030])
    with pytest.raises(InputError, match="号码"):
        take(path, numbers)


def test_all_or_nothing_when_asked(path: Path, tmp_path: Path) -> None:
    file = book(tmp_path / "r.xlsx", HEAD, [A, "甲"], ["9", "无"])
    before = path.read_bytes()
    with pytest.raises(RefusedError) as caught:
        take(path, file, strict=True)
    assert caught.value.account["rejected"][0]["row"] == 3
    with pytest.raises(RefusedError, match="没有一行"):
        take(path, book(tmp_path / "s.xlsx", HEAD, ["9", "无"]))
    assert path.read_bytes() == before


# -- templates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_", ["register", "staff", "organisations", "postings", "visits"])
def test_templates_are_text_and_come_back(path: Path, tmp_path: Path, as_: str) -> None:
    file = tmp_path / "t.xlsx"
    with gg.open_county(path) as county:
        filled = write_template(file, as_, county.scheme, county)
    made = openpyxl.load_workbook(file)
    sheet = made.worksheets[0]
    assert str(sheet["A2"].value).startswith("【示例】")
    assert {sheet[f"{c}2"].number_format for c in "AB"} == {"@"}
    assert not any(c.data_type == "f" for s in made.worksheets for row in s.iter_rows() for c in row)
    if as_ != "visits":
        assert sheet.data_validations.dataValidation
    if as_ == "register":
        report = take(path, file)
        assert (report["rows"], report["unchanged"], report["examples"]) == (filled, filled, 1)
    else:
        with pytest.raises(InputError, match="没有数据行"):
            take(path, file, as_)


def test_every_scheme_has_its_templates(tmp_path: Path) -> None:
    for name in ("dehua", "longhua", "chikan", "luohu", "yungang", "zoucheng", "chaisang"):
        assert write_template(tmp_path / f"{name}.xlsx", "register", load_scheme(name)) == 0


def test_a_date_in_a_further_column_is_written_out(path: Path, tmp_path: Path) -> None:
    take(path, book(tmp_path / "r.xlsx", ["编码", "启用"], [A, dt.date(2026, 3, 1)], B2=(46082, "yyyy-mm-dd")))
    assert dict(grid(path, A).extra) == {"启用": "2026-03-01"}

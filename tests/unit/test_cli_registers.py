"""The commands of registers: people, bodies, postings and visits come in whole; bad files leave the county as it was."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import xlsxwriter

import gridgis as gg
from tests.drawn import code_of, drawn_county
from tests.telling import Tell, assert_refused

A, B, C = (str(code_of(letter)) for letter in "ABC")
ROOT = Path(__file__).resolve().parents[2]
KEYS = {
    "rows",
    "accepted",
    "rejected",
    "datum",
    "evidence",
    "encoding",
    "crs",
    "findings",
    "changes",
    "applied",
    "fields",
}
STAFF = "姓名,手机,岗位,单位\n张一,19900000001,网格长,\n张二,19900000002,unit_head,\n张二,19900000003,楼栋长,\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "county.gpkg", "AAB\nCCB")


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def rows(county: Path, name: str) -> list[dict[str, Any]]:
    with gg.open_county(county) as c:
        frame = pd.DataFrame(c.table(name)).astype(object)
    return [{k: v for k, v in row.items() if v not in (None, "") and v == v} for row in frame.to_dict("records")]


def reasons(answer: Any) -> dict[int, str]:
    return {r["row"]: r["reason_zh"] for r in answer.json["rejected"]}


# -- text tables -------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_text_tables_of_any_encoding_and_delimiter(
    path: Path, tmp_path: Path, tell: Tell, encoding: str, delimiter: str
) -> None:
    file = text(tmp_path / "s.csv", STAFF.replace(",", delimiter), encoding)
    answer = tell("import", path, file, "--as", "staff", "--json")
    assert (answer.code, answer.json["accepted"], answer.json["added"]) == (0, 3, 3)
    assert set(answer.json) >= KEYS
    assert [(r["name"], r["phone"], r["role"]) for r in rows(path, "staff")] == [
        ("张一", "19900000001", "unit_head"), ("张二", "19900000002", "unit_head"), ("张二", "19900000003", "building_head"),
    ]  # fmt: skip


def test_one_damaged_line_costs_one_row(path: Path, tmp_path: Path, tell: Tell) -> None:
    file = tmp_path / "s.csv"
    good = STAFF.encode("gb18030")
    file.write_bytes(good + b"\xff\xff,19900000004,,\n" + '"张五,19900000005,,\n张六,19900000006,,\n'.encode("gb18030"))
    answer = tell("import", path, file, "--as", "staff", "--json")
    assert answer.json["encoding"] == "GB18030"
    found = reasons(answer)
    assert set(found) == {5, 6}
    assert "损坏" in found[5]
    assert "引号" in found[6]
    assert len(rows(path, "staff")) == 4


def test_more_fields_than_the_header(path: Path, tmp_path: Path, tell: Tell) -> None:
    file = text(tmp_path / "s.csv", STAFF + "张七,19900000007,网格长,第一,多余\n")
    assert "字段比表头多" in reasons(tell("import", path, file, "--as", "staff", "--json"))[5]


def test_encoding_and_words(path: Path, tmp_path: Path, tell: Tell) -> None:
    file = text(tmp_path / "s.csv", STAFF + ",19900000009,,\n李四,123,局长,\n王五,1234,,\n", "gb18030")
    answer = tell("import", path, file, "--as", "staff", "--encoding", "gbk")
    assert answer.code == 0
    for words in (
        "共 6 行，接受 4 行，拒绝 2 行",
        "第 5 行未导入：“姓名”是空的",
        "第 6 行未导入：“岗位”“局长”不在体系之中",
        "第 7 行：电话“1234”",
        "已导入",
    ):
        assert words in answer.out
    english = tell("import", path, file, "--as", "staff", "--lang", "en", "--dry-run")
    assert "4 rows" not in english.out
    assert "Row 5 was not imported: '姓名' is empty." in english.out
    assert "Dry run" in english.out


# -- tables ------------------------------------------------------------------------------------------


def test_rows_with_a_known_id_replace_and_blanks_stay(path: Path, tmp_path: Path, tell: Tell) -> None:
    tell(
        "import", path, text(tmp_path / "a.csv", "编号,姓名,电话\n0007,张一,19900000001\n0008,张二,\n"), "--as", "staff"
    )
    answer = tell(
        "import",
        path,
        text(tmp_path / "b.csv", "编号,姓名,电话\n0007,张一,\n0009,张三,\n0009,张四,\n"),
        "--as",
        "staff",
        "--json",
    )
    assert (answer.json["added"], answer.json["replaced"], answer.json["unchanged"]) == (0, 0, 1)
    assert set(reasons(answer)) == {3, 4}
    assert [(r["id"], r.get("phone")) for r in rows(path, "staff")] == [("0007", "19900000001"), ("0008", None)]


def test_postings_and_visits_find_people_by_id_or_name(path: Path, tmp_path: Path, tell: Tell) -> None:
    tell(
        "import", path, text(tmp_path / "s.csv", STAFF.replace("张一", "张一").replace("姓名", "姓名")), "--as", "staff"
    )
    tell(
        "import",
        path,
        text(
            tmp_path / "o.csv", f"名称,类别,所在网格,上级组织\n一支部,party_group,{A},\n二小组,party_group,{B},一支部\n"
        ),
        "--as",
        "organisations",
    )
    bodies = {r["name"]: r for r in rows(path, "organisations")}
    assert bodies["二小组"]["parent"] == bodies["一支部"]["id"], "named in the same file"
    lines = [
        "岗位,网格编码,姓名,电话,组织,起,止",
        f"网格长,{A},张一,,,2026-01-01,", f"unit_head,{B},张二,,,,", f"unit_head,{B},张二,19900000002,,,至今",
        f"党支部（党小组）,{A},,,一支部,,", f"党支部（党小组）,{B},张一,,,,", f"网格长,{A[:9]},张一,,,,",
        f"网格长,{A},无名,,,,", f"网格长,{C},张一,,一支部,,", f"网格长,{C},张一,,,2026-05-01,2026-04-01",
    ]  # fmt: skip
    answer = tell("import", path, text(tmp_path / "p.csv", "\n".join(lines)), "--as", "postings", "--json")
    found = reasons(answer)
    assert set(found) == {3, 6, 7, 8, 9, 10}
    for row, word in {
        3: "2 个同名者",
        6: "应由组织担任",
        7: "不是这一层级",
        8: "不在台账中",
        9: "只填一个",
        10: "早于起始日期",
    }.items():
        assert word in found[row]
    assert len(rows(path, "postings")) == 3
    again = tell("import", path, tmp_path / "p.csv", "--as", "postings", "--json")
    assert (again.json["added"], again.json["unchanged"]) == (0, 3), "the same file twice changes nothing"
    visits = text(tmp_path / "v.csv", f"走访人,网格编码,走访日期,备注\n张一,{A},2026/3/1,正常\n张一,{A},昨天,\n")
    assert set(reasons(tell("import", path, visits, "--as", "visits", "--json"))) == {3}
    assert rows(path, "visits")[0]["at"] == "2026-03-01"


def test_homes_come_as_degrees(path: Path, tmp_path: Path, tell: Tell) -> None:
    lines = "姓名,经度,纬度\n张一,118.1,25.48\n张二,118.1,\n张三,200,25\n"
    answer = tell("import", path, text(tmp_path / "s.csv", lines), "--as", "staff", "--json")
    assert set(reasons(answer)) == {3, 4}
    assert len(answer.json["warnings"]) == 1, "the drawing lies elsewhere"
    x, y = (rows(path, "staff")[0][k] for k in "xy")
    assert 500_000 < x < 700_000
    assert 2_800_000 < y < 2_850_000


def test_heads_of_a_grid_register_become_staff_and_postings(path: Path, tmp_path: Path, tell: Tell) -> None:
    first = (
        f"网格编码,网格长,电话\n{A},张一,19900000001\n{B},张一,19900000001\n{C},李二、王三,19900000002/19900000003\n"
    )
    answer = tell("import", path, text(tmp_path / "1.csv", first), "--as", "register", "--role", "unit_head", "--json")
    assert answer.json["accepted"] == 3
    assert sorted(r["name"] for r in rows(path, "staff")) == ["张一", "李二", "王三"], (
        "the same name and phone is one person"
    )
    assert sorted(r["code"] for r in rows(path, "postings")) == [A, B, C, C]
    with gg.open_county(path) as county:
        assert county.version == 2
        assert county.plan.grids[A].extra == (), "the posting says it already"
    second = f"网格编码,网格长,电话\n{A},张一,19900000001\n{B},赵四,19900000004\n{C},李二、王三,19900000002\n"
    answer = tell("import", path, text(tmp_path / "2.csv", second), "--as", "register", "--role", "网格长", "--json")
    assert set(reasons(answer)) == {4}
    held = {(r["code"], bool(r.get("until")), bool(r.get("since"))) for r in rows(path, "postings") if r["code"] == B}
    assert held == {(B, True, False), (B, False, True)}, "the earlier head ends as the new one begins"
    assert len([r for r in rows(path, "postings") if r["code"] == A]) == 1
    assert_refused(
        tell("import", path, tmp_path / "1.csv", "--as", "register", "--role", "party_group"), 2, "party_group"
    )
    assert_refused(tell("import", path, tmp_path / "1.csv", "--as", "staff", "--role", "unit_head"), 2, "--role")


# -- files that cannot be used -----------------------------------------------------------------------


def bomb(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made, made.open("xl/worksheets/sheet1.xml", "w") as part:
        for _ in range(64):
            part.write(bytes(1 << 20))
    return path


def with_doctype(path: Path) -> Path:
    plain = path.with_name("plain.xlsx")
    made = openpyxl.Workbook()
    made.active.append(["姓名"])
    made.active.append(["张一"])
    made.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
        for info in source.infolist():
            data = source.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                data = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + data
            target.writestr(info, data)
    return path


def cut_short(path: Path) -> Path:
    made = openpyxl.Workbook()
    made.active.append(["姓名"])
    made.save(path)
    path.write_bytes(path.read_bytes()[:-300])
    return path


def archive(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.txt", "not a workbook")
    return path


BAD: dict[str, Any] = {
    "none.xlsx": lambda p: p,
    "empty.csv": lambda p: text(p, ""),
    "blank.csv": lambda p: text(p, "\n\n"),
    "header.csv": lambda p: text(p, "姓名,电话\n"),
    "binary.csv": lambda p: (p.write_bytes(bytes(range(256)) * 4), p)[1],
    "old.xls": lambda p: (p.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600)), p)[1],
    "page.xls": lambda p: text(p, "<html><table></table></html>"),
    "text.xlsx": lambda p: text(p, "姓名\n张一\n"),
    "cut.xlsx": cut_short,
    "archive.xlsx": archive,
    "bomb.xlsx": bomb,
    "doctype.xlsx": with_doctype,
    "no_name.csv": lambda p: text(p, "甲,乙\n1,2\n"),
    "staff.pdf": lambda p: text(p, "x"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_and_the_county_is_unchanged(path: Path, tmp_path: Path, tell: Tell, name: str) -> None:
    before = path.read_bytes()
    file, report = BAD[name](tmp_path / name), tmp_path / "r.json"
    assert_refused(tell("import", path, file, "--as", "staff", "--report", report), 2)
    account = json.loads(report.read_text(encoding="utf-8"))
    assert set(account) >= KEYS
    assert not account["applied"]
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("county")) == ["county.gpkg"]


def test_rejected_rows_leave_the_county_unchanged_unless_some_enter(path: Path, tmp_path: Path, tell: Tell) -> None:
    before, report = path.read_bytes(), tmp_path / "r.json"
    file = text(tmp_path / "r.csv", "编码,名称\n350526999,甲\n,乙\n")
    assert_refused(tell("import", path, file, "--as", "register", "--report", report), 1, "第 2 行", "第 3 行")
    assert len(json.loads(report.read_text(encoding="utf-8"))["rejected"]) == 2
    assert tell("import", path, file, "--as", "register", "--dry-run").code == 0
    mixed = text(tmp_path / "m.csv", f"编码,名称\n350526999,甲\n{A},乙\n")
    assert_refused(tell("import", path, mixed, "--as", "register", "--strict"), 1, "--strict")
    assert tell("import", path, mixed, "--as", "register", "--dry-run").code == 0
    card = text(tmp_path / "c.csv", f"编码,身份证号\n{A},11010519491231002X\n")
    assert_refused(tell("import", path, card, "--as", "register"), 2, "身份证号", "--drop")
    assert_refused(tell("import", path, mixed, "--as", "register", "--field", "head=名称", "--field", "level2"), 2)
    assert path.read_bytes() == before
    assert tell("import", path, mixed, "--as", "register").code == 0


# -- templates and the benchmark ---------------------------------------------------------------------


def test_template_command(path: Path, tmp_path: Path, tell: Tell) -> None:
    assert "预填 5 行" in tell("template", tmp_path / "t.xlsx", "--as", "register", "--county", path).out
    assert tell("template", tmp_path / "s.xlsx", "--as", "staff", "--scheme", "chikan").code == 0
    assert_refused(tell("template", tmp_path / "t.xlsx", "--as", "staff"), 2, "--county")
    assert_refused(tell("template", tmp_path / "t.csv", "--as", "staff", "--scheme", "dehua"), 2, ".xlsx")
    assert_refused(tell("template", tmp_path / "no" / "t.xlsx", "--as", "staff", "--scheme", "dehua"), 2)


def test_names_that_look_like_formulas_never_run(path: Path, tmp_path: Path, tell: Tell) -> None:
    with xlsxwriter.Workbook(str(tmp_path / "r.xlsx"), {"strings_to_formulas": False}) as made:
        page = made.add_worksheet()
        for row, values in enumerate((["编码", "网格名称"], [A, "=1+1"])):
            page.write_row(row, 0, values)
    assert tell("import", path, tmp_path / "r.xlsx", "--as", "register").code == 0
    tell("template", tmp_path / "t.xlsx", "--as", "register", "--county", path)
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx").worksheets[0]
    found = [c for row in sheet.iter_rows() for c in row if c.value == "=1+1"]
    assert [c.data_type for c in found] == ["s"]


@pytest.mark.parametrize("size", [("1200", "5"), pytest.param(("10000", "40"), marks=pytest.mark.long)])
def test_every_damaged_row_is_named_and_every_other_is_in(size: tuple[str, str]) -> None:
    command = [sys.executable, "benchmarks/damaged_register.py", "--rows", size[0], "--each", size[1], "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("missed: 0")

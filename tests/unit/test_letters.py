"""Type letters in codes: parsed, kept well-formed by every edit, changed by `convert` alone, read at the door."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis.county import County
from gridgis.errors import CodeError, EditError, InputError, StaleEditError
from gridgis.founding import Founding, found
from gridgis.intake import Options, bring_in
from gridgis.plan import Plan
from gridgis.scheme import Scheme, load_scheme
from gridgis.verify import verify
from tests.drawn import COUNTY, EPSG, area, cell_at, homes_of, line, squares
from tests.telling import Tell, assert_refused, geojson

TOML = """
name = "lettered"
zh = "带类型字母"
en = "lettered"
levels = [
  { key = "town", zh = "镇", en = "town", digits = 3 },
  { key = "unit", zh = "网格", en = "unit", digits = 3, letters = { C = "common", Z = "institution" } },
  { key = "slice", zh = "片", en = "slice", digits = 2, optional = true },
]
kinds = [
  { key = "common", zh = "综合网格", en = "common grid" },
  { key = "institution", zh = "单位网格", en = "institution grid" },
]
"""
TOWN = "350526001"
NAMES = {
    "A": f"{TOWN}C001", "B": f"{TOWN}C002", "Z": f"{TOWN}Z001",
    "c": "350526002C00101", "d": "350526002C00102", "y": "350526002Z00101",
}  # fmt: skip
DRAWING = "AAB\nAZB\ncdy"


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    (tmp_path / "lettered.toml").write_text(TOML, encoding="utf-8")
    return tmp_path / "lettered.toml"


@pytest.fixture
def county(tmp_path: Path, toml: Path) -> Path:
    scheme = load_scheme(toml)
    parts = squares(DRAWING)
    codes = sorted({c[:w] for c in NAMES.values() for w in scheme.widths[1:] if w <= len(c)})
    rows = [(c, scheme.level_key(c), scheme.kind_by_letter(c) or "common", f"第{c[-3:]}") for c in codes]
    grids = pd.DataFrame(rows, columns=["code", "level", "kind", "name"])
    cells = gpd.GeoDataFrame({"code": [NAMES[c] for c, _ in parts]}, geometry=[p for _, p in parts], crs=EPSG)
    outline = shapely.union_all([p for _, p in parts])
    tables = {"buildings": homes_of("352\n416\n111")}
    found(tmp_path / "c.gpkg", Founding(toml, COUNTY, "字母县", EPSG, "new", outline, cells, grids, tables))
    return tmp_path / "c.gpkg"


def require_sound(county: County) -> None:
    """Every code is read by the scheme, is there once, and its letter is that of the kind."""
    plan, scheme = county.plan, county.scheme
    for code, grid in plan.grids.items():
        assert scheme.parse_grid(code) == code
        assert scheme.level_key(code) == grid.level
        assert scheme.kind_by_letter(code) in ("", grid.kind)
        assert scheme.parent(code) in (*plan.grids, COUNTY)
    spent = county.store.spent_codes()
    assert not spent & set(plan.grids)
    assert verify(county) == []


def units(plan: Plan) -> Counter[str]:
    return Counter(c[9] for c, g in plan.grids.items() if g.level == "unit")


def test_codes_with_letters_are_parsed(toml: Path) -> None:
    scheme = load_scheme(toml)
    assert scheme.widths == (6, 9, 13, 15)
    assert scheme.parse_grid(" 350526001z００１ ") == f"{TOWN}Z001"
    assert scheme.parent(f"{TOWN}Z00102") == f"{TOWN}Z001"
    assert scheme.parent(f"{TOWN}Z001") == TOWN
    assert (scheme.stem(f"{TOWN}Z001"), scheme.number(f"{TOWN}Z001")) == (f"{TOWN}Z", 1)
    assert scheme.kind_by_letter(f"{TOWN}Z001") == "institution"
    assert scheme.kind_by_letter(TOWN) == ""


@pytest.mark.parametrize(
    "code", [f"{TOWN}X001", f"{TOWN}0001", f"{TOWN}C00", f"{TOWN}C00Z", f"{TOWN}C000", "35052600C"]
)
def test_codes_with_letters_out_of_place_are_refused(toml: Path, code: str) -> None:
    with pytest.raises(CodeError):
        load_scheme(toml).parse_grid(code)


def test_a_split_keeps_the_letter(county: Path) -> None:
    with gg.open_county(county) as c:
        made = c.apply(gg.split(c.plan, NAMES["A"], line((0, 1), (2, 1)))).created
        assert made == (f"{TOWN}C003",)
        inner = c.apply(gg.split(c.plan, NAMES["Z"], line((1.5, 0), (1.5, 2)))).created
        assert inner == (f"{TOWN}Z002",)
        assert c.plan.grid(inner[0]).kind == "institution"
        require_sound(c)


def test_a_split_carries_grids_below_along(county: Path) -> None:
    with gg.open_county(county) as c:
        before = c.plan.hash
        edit = c.apply(gg.split(c.plan, "350526002C001", line((1, 2), (1, 3))))
        assert set(edit.created) == {"350526002C002", "350526002C00201"}
        require_sound(c)
        c.undo()
        assert c.plan.hash == before
        c.redo()
        require_sound(c)


def test_a_merge_of_two_kinds_keeps_one_letter(county: Path) -> None:
    with gg.open_county(county) as c:
        edit = c.apply(gg.merge(c.plan, [NAMES["A"], NAMES["Z"]]))
        assert edit.voided == (NAMES["Z"],)
        require_sound(c)
        c.undo()
        require_sound(c)


def test_a_transfer_between_kinds_leaves_both_their_letters(county: Path) -> None:
    with gg.open_county(county) as c:
        c.apply(gg.transfer(c.plan, area((2, 0.5), (3, 0.5), (3, 1), (2, 1)), NAMES["Z"]))
        assert units(c.plan) == Counter({"C": 3, "Z": 2})
        require_sound(c)


def test_ground_that_comes_to_a_divided_grid_gets_a_code_under_it(county: Path) -> None:
    with gg.open_county(county) as c:
        c.apply(gg.paint(c.plan, [cell_at(c.plan, 1.5, 1.5)], "350526002", unlock=True))
        # It was an institution grid and goes on as one.
        assert "350526002Z002" in c.plan.grids
        require_sound(c)


def test_convert_changes_the_letter_and_takes_a_fresh_number(county: Path) -> None:
    with gg.open_county(county) as c:
        before, houses = c.plan.hash, c.plan.figures_of(NAMES["B"])["households"]
        edit = c.apply(gg.convert(c.plan, NAMES["B"], "institution"))
        assert (edit.created, edit.voided) == ((f"{TOWN}Z002",), (NAMES["B"],))
        assert c.plan.grid(f"{TOWN}Z002").kind == "institution"
        assert c.plan.figures_of(f"{TOWN}Z002")["households"] == houses
        require_sound(c)
        # Back again: never the number that was given up.
        again = c.apply(gg.convert(c.plan, f"{TOWN}Z002", "common"))
        assert again.created == (f"{TOWN}C003",)
        c.undo()
        c.undo()
        assert c.plan.hash == before
        require_sound(c)


def test_convert_takes_the_grids_below_along(county: Path) -> None:
    with gg.open_county(county) as c:
        c.apply(gg.convert(c.plan, "350526002Z001", "common"))
        assert {"350526002C002", "350526002C00201"} <= set(c.plan.grids)
        assert not [g for g in c.plan.grids if g.startswith("350526002Z")]
        require_sound(c)


def test_recode_may_not_change_the_letter(county: Path) -> None:
    with gg.open_county(county) as c, pytest.raises(CodeError, match="convert"):
        gg.recode(c.plan, NAMES["B"], f"{TOWN}Z009")


def test_random_edits_keep_codes_well_formed(county: Path) -> None:
    with gg.open_county(county) as c:
        for turn in range(12):
            every = sorted(g.code for g in c.plan.grids.values() if g.level == "unit")
            code = every[turn * 7 % len(every)]
            x0, y0, x1, y1 = c.plan.grid_geometry(code).bounds
            across = shapely.LineString([((x0 + x1) / 2 + turn, y0 - 9), ((x0 + x1) / 2 - turn, y1 + 9)])
            kind = "common" if c.plan.grid(code).kind == "institution" else "institution"
            c.apply(gg.convert(c.plan, code, kind) if turn % 3 else gg.split(c.plan, code, across))
            if turn % 4 == 3:
                c.undo()
        require_sound(c)


# -- at the door ---------------------------------------------------------------------------------------


def half(k: int) -> shapely.Polygon:
    return area((k, 0), (k + 1, 0), (k + 1, 2), (k, 2))


def test_an_import_reads_letters_and_gives_kinds_by_them(county: Path, tmp_path: Path) -> None:
    codes = [f"{TOWN}c005", f"{TOWN}Ｚ００６", f"{TOWN}C007"]
    file = geojson(
        tmp_path / "in.geojson", *[({"网格编码": code, "名称": f"格{k}"}, half(k)) for k, code in enumerate(codes)]
    )
    with gg.open_county(county) as c:
        bring_in(c, file, Options("grids"))
        kinds = {code: c.plan.grid(code).kind for code in (f"{TOWN}C005", f"{TOWN}Z006", f"{TOWN}C007")}
        assert list(kinds.values()) == ["common", "institution", "common"]
        require_sound(c)


@pytest.mark.parametrize(
    ("bad", "word"), [(f"{TOWN}X005", "类型字母"), (f"{TOWN}0005", "类型字母"), (f"{TOWN}C00Z", "类型字母")]
)
def test_an_import_names_the_row_whose_letter_is_wrong(county: Path, tmp_path: Path, bad: str, word: str) -> None:
    rows = [({"code": f"{TOWN}C005"}, half(0)), ({"code": bad}, half(1)), ({"code": f"{TOWN}C007"}, half(2))]
    with gg.open_county(county) as c:
        before = c.plan.hash
        with pytest.raises(InputError, match=rf"第 2 行.*{word}"):
            bring_in(c, geojson(tmp_path / "in.geojson", *rows), Options("grids"))
        assert c.plan.hash == before


def test_a_kind_is_told_by_key_or_name_and_must_fit_the_letter(county: Path, tmp_path: Path) -> None:
    rows = [({"code": f"{TOWN}{n}", "kind": kind}, half(k)) for k, (n, kind) in enumerate(
        [("C005", "综合网格"), ("Z005", "institution"), ("C007", "")])]  # fmt: skip
    with gg.open_county(county) as c:
        bring_in(c, geojson(tmp_path / "in.geojson", *rows), Options("grids"))
        require_sound(c)
        wrong = [({"code": f"{TOWN}C008", "kind": "单位网格"}, half(0))]
        with pytest.raises(InputError, match=f"{TOWN}C008.*单位网格"):
            bring_in(c, geojson(tmp_path / "in.geojson", *wrong), Options("grids"))


# -- convert ----------------------------------------------------------------------------------------------


def test_convert_at_the_command_line_with_letters(county: Path, tell: Tell) -> None:
    edit = tell("convert", county, NAMES["B"], "--to", "institution", "--json").json
    assert (edit["created"], edit["voided"]) == ([f"{TOWN}Z002"], [NAMES["B"]])
    assert_refused(tell("convert", county, f"{TOWN}Z002", "--to", "moon"), 2, "moon", "common")
    assert tell("verify", county).code == 0


def test_two_editors_that_convert_the_same_grid_do_not_both_win(county: Path) -> None:
    with gg.open_county(county) as one, gg.open_county(county) as two:
        mine, theirs = (gg.convert(c.plan, NAMES["B"], "institution") for c in (one, two))
        one.apply(mine)
        with pytest.raises(StaleEditError):
            two.apply(theirs)
    with gg.open_county(county) as c:
        require_sound(c)


def test_every_number_of_a_letter_can_be_used_and_then_it_says_so(toml: Path) -> None:
    scheme: Scheme = load_scheme(toml)
    used = [f"{TOWN}Z{n:03d}" for n in range(1, 1000)]
    assert scheme.next_code(f"{TOWN}Z", 13, set(used) - {used[500]}) == used[500]
    with pytest.raises(CodeError, match=f"{TOWN}Z"):
        scheme.next_code(f"{TOWN}Z", 13, used)
    assert scheme.next_code(f"{TOWN}C", 13, ()) == f"{TOWN}C001"


def test_a_kind_that_is_none_or_the_same_is_refused(county: Path) -> None:
    with gg.open_county(county) as c:
        with pytest.raises(EditError, match="common、institution"):
            gg.convert(c.plan, NAMES["A"], "moon")
        with pytest.raises(EditError, match="已经是"):
            gg.convert(c.plan, NAMES["A"], "common")
        with pytest.raises(CodeError):
            gg.convert(c.plan, f"{TOWN}C099", "institution")

"""Incidents over grids: each counted once, rates with what they are of, shares as defined, two periods, two plans, places."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

import gridgis as gg
from gridgis.analysing import categories_of, public, save_categories, study
from gridgis.errors import InputError
from gridgis.overlays import areal, counting
from gridgis.overlays.categories import read_categories, within
from gridgis.overlays.heads import in_words
from gridgis.overlays.incidents import Wish, chosen, leaves, prepared
from tests.drawn import line
from tests.happenings import A, B, C, busy_county, happening, year

NOW = pd.Timestamp("2026-07-01")


@pytest.fixture
def county(tmp_path: Path) -> gg.County:
    return gg.open_county(busy_county(tmp_path / "county.gpkg"))


def test_every_incident_counts_in_one_grid_or_is_listed(county: gg.County, tmp_path: Path) -> None:
    found = study(county)
    for level in ("township", "community", "unit"):
        assert found.per_grid(level)["reported"].sum() == found.leaf.notna().sum() == 400
    odd = happening([(0.5, 0.5), (9, 9), None, (3, 1), (4, 0.5)])
    with gg.open_county(busy_county(tmp_path / "odd.gpkg", odd)) as c:
        lost = study(c).unlocated
        assert dict(zip(lost["id"], lost["why"], strict=True)) == {"E1": "outside", "E2": "no_place"}
        assert study(c).per_grid("unit")["reported"].sum() == 3


def test_rates_name_what_they_are_of_and_thin_ones_are_marked(county: gg.County) -> None:
    grids = study(county).per_grid("unit")
    assert grids["households"].to_dict() == {A: 54, B: 9, C: 1}
    assert grids["few"].to_dict() == {A: False, B: True, C: True}
    assert grids.at[A, "per_1000_households"] == 1000 * grids.at[A, "reported"] / 54
    assert grids.at[A, "per_1000_persons"] == 1000 * grids.at[A, "reported"] / 108


def test_shares_are_those_of_their_definition() -> None:
    frame = prepared(happening(
        [(0.5, 0.5)] * 6,
        at=["2026-06-01 08:00:00", "2026-06-01T08:00:00+08:00", "2026-06-02", "2026-06-30 23:30:00", "2026-06-03 10:00", "2026-06-04"],
        closed_at=["2026-06-01 09:00:00", "2026-06-02 08:00:00", "2026-06-08", None, "2026-06-03 11:00", None],
        due_at=["2026-06-01 09:00:00", "2026-06-02 07:00:00", None, None, "2026-06-04", "2026-06-05"],
        valid=[1, 1, None, 1, 0, 1], handled_in=["grid", "joint", "grid", None, "grid", "dispatched"],
    ))  # fmt: skip
    row = counting.shares(frame, pd.Series("all", index=frame.index), NOW).iloc[0]
    assert (row["reported"], row["valid"], row["closed"], row["due"], row["on_time"]) == (6, 5, 3, 3, 1)
    assert row["valid_share"] == pytest.approx(5 / 6)
    assert row["closed_share"] == pytest.approx(3 / 5)
    assert row["on_time_share"] == pytest.approx(1 / 3)
    # The one of 23:30 is not two hours old yet and says nothing.
    assert (row["within_2h"], row["within_2d"], row["within_7d"]) == (1 / 4, 2 / 4, 3 / 4)
    assert row["in_grid_share"] == 2 / 4


def test_filters_combine() -> None:
    frame = prepared(happening(
        [(0.5, 0.5), (3.5, 0.5), (0.5, 1.5), (0.5, 0.5)], at=["2026-01-31 23:59:59", "2026-02-01", "2026-02-28", None],
        category=["甲/一", "甲", "甲乙/一", "乙"], status=["closed", "closed", "reported", "closed"], handled_in=["grid", "joint", "grid", None],
    ))  # fmt: skip
    leaf = pd.Series([A, B, A, None], index=frame.index)

    def ids(**wish: object) -> list[str]:
        return frame["id"][chosen(frame, leaf, Wish(**wish))].tolist()  # type: ignore[arg-type]

    assert ids() == ["E0", "E1", "E2", "E3"]
    assert ids(since="2026-02-01", until="2026-02-28") == ["E1"]
    assert ids(categories=("甲",)) == ["E0", "E1"], "a group is no prefix of letters"
    assert ids(statuses=("closed",), handled=("grid",)) == ["E0"]
    assert ids(within=(A[:12],), since="2026-02-01") == ["E1", "E2"]


def test_trend_leaves_no_step_out_and_the_week_adds_up() -> None:
    frame = prepared(happening([(0, 0)] * 3, at=["2026-01-01 00:30:00", "2026-01-05 23:00", "2026-03-02"], closed_at=[None, None, "2026-03-02"]))
    months = counting.trend(frame, "month")
    assert months["reported"].tolist() == [2, 0, 1]
    assert months["closed"].tolist() == [0, 0, 1]
    weeks = counting.trend(frame, "week")
    assert weeks["start"].iloc[0] == pd.Timestamp("2025-12-29"), "weeks begin on Monday"
    assert len(weeks) == 10
    assert len(counting.trend(frame, "day")) == 61
    table = counting.week_hours(frame)
    assert table.shape == (7, 24)
    assert (table.at[3, 0], table.at[0, 23], table.to_numpy().sum()) == (1, 1, 3)


def test_two_periods_differ_beyond_chance_only_where_they_do() -> None:
    first, second = pd.Series({"a": 10, "b": 100, "c": 0, "d": 7}), pd.Series({"a": 12, "b": 40, "c": 0, "d": 14})
    same = counting.compared(first, second, (30, 30))
    assert same["sure"].to_dict() == {"a": False, "b": True, "c": False, "d": False}
    assert same.at["b", "change"] == pytest.approx(-0.6)
    assert np.isnan(same.at["c", "change"])
    twice = counting.compared(first, second, (30, 60))
    assert twice.at["d", "change"] == 0, "daily means are compared, whatever the lengths"


def test_repeated_places_are_the_fullest_circles_and_share_nothing() -> None:
    rng = np.random.default_rng(8)
    crowd = [(0.5 + dx, 0.5) for dx in (0, 0.05, 0.1, 0.15, 0.2, 0.24)]
    frame = prepared(happening([*crowd, *map(tuple, rng.uniform((1, 0), (4, 2), (40, 2)))]))  # type: ignore[list-item]
    found = counting.repeated(frame, pd.Series("x", index=frame.index), metres=25, least=4)
    assert found["n"].iloc[0] == max(_near(frame, k) for k in range(len(frame)))
    assert found["n"].sum() <= len(frame)
    assert found["n"].min() >= 4
    one = counting.repeated(frame.iloc[:6], pd.Series("x", index=range(6)), metres=25, least=6)
    assert (len(one), one.at[0, "n"]) == (1, 6)
    apart = frame.iloc[:6].assign(category=list("aaabbb"))
    assert counting.repeated(apart, pd.Series("x", index=range(6)), metres=25, least=4).empty, "categories are kept apart"


def _near(frame: pd.DataFrame, k: int) -> int:
    return int((np.hypot(frame["x"] - frame["x"].iloc[k], frame["y"] - frame["y"].iloc[k]) <= 25).sum())


def test_history_is_counted_on_any_plan_with_the_same_total(county: gg.County) -> None:
    before = county.plan
    edit = gg.split(before, A, line((1, -1), (1, 3)))
    county.apply(edit)
    old, new = study(county, version=1), study(county)
    for level in ("township", "community", "unit"):
        assert old.per_grid(level)["reported"].sum() == new.per_grid(level)["reported"].sum() == 400
    table = counting.rebinned(before, county.plan, old.frame)
    mine = table[table["level"] == "unit"]
    assert set(mine.index) == {A, *edit.created}
    assert mine["before"].sum() == mine["after"].sum() == old.per_grid("unit").at[A, "reported"]
    # The editor's own figures, before anything is saved, are of the same incidents.
    assert {c: edit.after[c]["incidents"] for c in mine.index} == mine["after"].astype(int).to_dict()
    assert set(table["level"]) == {"unit"}, "levels above are as they were"


def test_small_numbers_are_not_shown_to_everybody(tmp_path: Path) -> None:
    some = happening([(0.5, 0.5)] * 20 + [(3.5, 0.5)] * 3 + [(3.5, 1.5)] * 15)
    with gg.open_county(busy_county(tmp_path / "small.gpkg", some)) as c:
        shown = public(study(c), "unit", 10)["reported"]
        assert pd.isna(shown[B]), "three is less than ten"
        assert shown.isna().sum() == 2, "one number alone could be worked out from the sum"
        assert public(study(c), "unit", 0)["reported"].tolist() == [20, 3, 15]


def test_categories_come_from_a_file_that_says_what_it_rests_on(county: gg.County, tmp_path: Path) -> None:
    shipped = read_categories()
    assert {g.source for g in shipped.groups} == {"secondary", "illustrative"}, "no standard was read, none is claimed"
    assert {g.kind for g in shipped.groups} == {"component", "event"}
    assert shipped.name("市容环境/暴露垃圾", "en") == "Appearance and sanitation/Rubbish in the open"
    assert shipped.name("别的/事", "en") == "别的/事"
    own = tmp_path / "own.toml"
    own.write_text('[[groups]]\nzh = "甲"\nen = "first"\nmatters = [{ zh = "一", en = "one" }]\n', encoding="utf-8")
    save_categories(county, own)
    assert categories_of(county).name("甲/一", "en") == "first/one"
    own.write_text('[[groups]]\nzh = "甲"\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"groups\.0\.en"):
        save_categories(county, own)
    assert categories_of(county).name("甲/一", "en") == "first/one"
    assert within("甲/一", ["甲"])
    assert not within("甲乙", ["甲"])


def test_tables_are_in_one_language(county: gg.County) -> None:
    found = study(county).per_grid("unit")
    for lang, wrong in (("zh", lambda c: c.isascii() and c.strip().isalpha()), ("en", lambda c: not c.isascii())):
        assert [c for c in in_words(found, lang).columns if wrong(c)] == []


def test_foreign_areas_come_whole_or_by_ground() -> None:
    grids = np.array([shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)], dtype=object)
    areas = np.array([shapely.box(1, 1, 2, 2), shapely.box(8, 0, 11, 3), shapely.box(9, 5, 11, 6), shapely.box(18, 0, 22, 1),
                      shapely.box(30, 0, 31, 1)], dtype=object)  # fmt: skip
    values = pd.DataFrame({"persons": [5, 30, 8, 40, 7]})
    whole = areal.to_grids(areas, values, grids, ["p", "q"])["persons"]
    assert whole.to_dict() == {"p": 43, "q": 40, "": 7}, "of equal parts the first grid"
    shared = areal.to_grids(areas, values, grids, ["p", "q"], "area")["persons"]
    assert shared.to_dict() == {"p": 5 + 20 + 4, "q": 10 + 4 + 20, "": 27}


def test_leaves_keep_the_index_of_their_incidents(county: gg.County) -> None:
    frame = prepared(pd.DataFrame(year())).sample(frac=0.5, random_state=1)
    assert leaves(county.plan, frame).index.equals(frame.index)

"""The page of settings as Streamlit runs it: what is shown is so, what is changed is kept."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

import gridgis as gg
from app_pages import access, settingsdesk
from app_pages.desk import the_desk
from app_pages.words import word
from gridgis.print.settings import settings_of
from tests.app.test_pages import run, text_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 2000


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.usefixtures("small_county")
def test_it_says_what_the_county_is(lang: str) -> None:
    app = run("settings_page.py")
    app.session_state["lang"] = lang
    app.run()
    assert "EPSG:4548" in text_of(app)
    assert word("set_keep_none", lang) in text_of(app)
    assert word("set_base_own", lang) in text_of(app)
    rows = settingsdesk.level_rows(the_desk())
    assert [(r[1], r[2], r[3]) for r in rows] == [(3, 9, "1"), (3, 12, "1"), (3, 15, "3")]


def test_name_and_hotlines_are_kept(small_county: Path) -> None:
    app = run("settings_page.py")
    app.text_input(key="set_name").set_value("新名县").run()
    app.button(key="set_name_do").click().run()
    assert word("set_name_kept", "zh", name="新名县") in text_of(app)
    app.text_input(key="set_hot_0_0_2").set_value("")
    app.text_input(key="set_hot_0_4_0").set_value('物业"热线"')
    app.text_input(key="set_hot_0_4_2").set_value("0595-1234567")
    app.button(key="set_hot_do").click().run()
    assert not app.exception
    with gg.open_county(small_county) as county:
        assert county.meta["name"] == "新名县"
        kept = settings_of(county)
    assert [h.number for h in kept.hotlines] == ["119", "120", "12345", "0595-1234567"]
    assert (kept.hotlines[-1].zh, kept.hotlines[-1].en) == ('物业"热线"', '物业"热线"')
    assert kept.paper == "A3"


def test_a_backup_is_whole_and_beside_the_county(small_county: Path) -> None:
    app = run("settings_page.py")
    app.button(key="set_keep_do").click().run()
    assert not app.exception
    made = settingsdesk.backups(the_desk())
    assert [p.parent for p in made] == [small_county.parent]
    assert made[0].name in text_of(app)
    with gg.open_county(made[0]) as copy, gg.open_county(small_county) as county:
        assert copy.plan.hash == county.plan.hash


def test_the_base_map_is_tried_and_its_key_stays_hidden(small_county: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiles = small_county.parent / "base.mbtiles"
    with sqlite3.connect(tiles) as raw:
        raw.execute("create table tiles (zoom_level int, tile_column int, tile_row int, tile_data blob)")
    raw.close()
    monkeypatch.setenv("GRIDGIS_BASEMAP", str(tiles))
    monkeypatch.setenv("GRIDGIS_BASEMAP_DATUM", "gcj02")
    app = run("settings_page.py")
    assert word("set_base_shifted", "zh") in text_of(app)
    app.button(key="set_base_try").click().run()
    assert word("set_base_bad", "zh") in text_of(app)
    with sqlite3.connect(tiles) as raw:
        raw.execute("insert into tiles select 12, x, y, ? from (with recursive n(x) as (select 3380 union all select x + 1 from n where x < 3400)"
                    " select x from n) join (with recursive m(y) as (select 2320 union all select y + 1 from m where y < 2360) select y from m)",
                    (PNG,))  # fmt: skip
    raw.close()
    app.button(key="set_base_try").click().run()
    assert "2.0 KB" in text_of(app)
    monkeypatch.setenv("GRIDGIS_BASEMAP", "https://tiles.example/{z}/{x}/{y}?tk=secret")
    assert settingsdesk.base_facts()[0][1] == "https://tiles.example/{z}/{x}/{y}"
    monkeypatch.setenv("GRIDGIS_BASEMAP", "nonsense")
    assert "GRIDGIS_BASEMAP" in text_of(run("settings_page.py"))


def test_who_may_not_change_sees_the_same_and_no_buttons(small_county: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "role", lambda: "drafter")
    app = run("settings_page.py")
    assert "EPSG:4548" in text_of(app)
    assert [b.key for b in app.button if str(b.key).startswith("set_")] == []
    assert small_county.exists()

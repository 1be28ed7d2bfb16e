"""What the map is sent: text as typed, figures, patches, bins, and nothing from elsewhere."""

from __future__ import annotations

import gzip
import html
import json
import re

import bundle
import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers import figures, geojson, grids, heat, page, patch
from layers.text import safe_text

CRS = 4548
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "{{7*7}}",
    "${7*7}",
    "{% raw %}",
    "`",
    "\\",
    "</script>",
    "a & b",
    '"quoted"',
)


@given(st.text())
def test_safe_text_shows_every_text_as_typed(text: str) -> None:
    assert html.unescape(safe_text(text)) == html.unescape(html.escape(text, quote=True))


@pytest.mark.parametrize("text", HOSTILE)
def test_safe_text_leaves_nothing_that_a_template_or_a_script_would_read(text: str) -> None:
    assert not re.search(r"[<>\"'`${}%\\]", safe_text(text).replace("&#", "").replace("&lt;", "").replace("&gt;", ""))


def frame(names: dict[str, str], side: float = 100.0) -> gpd.GeoDataFrame:
    boxes = [
        shapely.box(600_000 + k * side, 2_820_000, 600_000 + (k + 1) * side, 2_820_000 + side)
        for k in range(len(names))
    ]
    data = {"name": list(names.values()), "households": range(1, len(names) + 1), "band": [None] * len(names)}
    return gpd.GeoDataFrame(data, geometry=boxes, index=list(names), crs=CRS)


def test_hostile_names_travel_as_data() -> None:
    shown = grids.shown(frame({f"{k}": name for k, name in enumerate(HOSTILE)}), CRS)
    found = json.loads(grids.payload(shown, 7))
    assert found["version"] == 7
    assert tuple(f["properties"]["name"] for f in found["features"]) == HOSTILE
    assert all(isinstance(f["properties"]["households"], int) for f in found["features"])
    assert all(f["properties"]["band"] is None for f in found["features"])


def test_coordinates_come_back_to_a_centimetre() -> None:
    box = frame({"a": "甲"}).geometry.iloc[0]
    sent = geojson.to_degrees(box, CRS)
    decimals = [len(str(v).split(".")[1]) for v in shapely.get_coordinates(sent).ravel()]
    assert max(decimals) <= 7
    assert shapely.hausdorff_distance(geojson.from_degrees(sent, CRS), box) < 0.02


def test_labels_know_their_room() -> None:
    corner = shapely.Polygon([(0, 0), (300, 0), (300, 40), (40, 40), (40, 300), (0, 300)])
    room = grids.room_at(np.array([corner]), shapely.points([[20, 170]]))
    assert room.tolist() == [40]


def test_patch_names_what_changed_and_nothing_else() -> None:
    before = frame({"a": "甲", "b": "乙", "c": "丙", "d": "丁"})
    after = before.drop("a").rename(index={"d": "e"})
    after.loc["b", "households"] = 99
    assert patch.difference(before, after) == (["a", "d"], ["b", "e"])
    assert patch.difference(before, before.copy()) == ([], [])
    moved = before.copy()
    moved.loc["c", "geometry"] = shapely.box(0, 0, 1, 1)
    assert patch.difference(before, moved) == ([], ["c"])


def test_bins_keep_every_incident() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.uniform(0, 5000, (2, 4000))
    found = heat.bins(x, y, 150)
    assert found[:, 2].sum() == 4000
    assert len(found) < 34 * 34 + 1
    assert np.isclose((found[:, 0] * found[:, 2]).sum(), x.sum())
    assert len(heat.bins([], [], 150)) == 0
    assert heat.bins([1.0, np.nan], [1.0, 2.0], 150)[:, 2].sum() == 1


def test_classes_are_round_and_ordered() -> None:
    found = figures.classes(np.arange(1, 1000), figures.TEAL)
    assert list(found.breaks) == sorted(set(found.breaks))
    assert len(found.colours) == len(found.breaks) + 1
    assert figures.class_names(found.breaks)[0].startswith("< ")
    same = figures.classes([5, 5, 5], figures.TEAL)
    assert (same.breaks, len(same.colours)) == ((), 1)
    assert figures.classes([], figures.TEAL).colours == (figures.TEAL[0],)


def test_page_asks_for_nothing_from_elsewhere() -> None:
    options = page.PageOptions(
        assets="/assets", bounds=((25.0, 118.0), (26.0, 119.0)), view_key="k", words={"zoom_in": "放大"}, figures=[]
    )
    text = page.build(options)
    assert re.findall(r"(?:src|href)=\"(?!/assets/)[^\"]*\"", text) == []
    assert not re.search(r"https?:|//[a-z]+\.[a-z]", text)
    for name in re.findall(r"(?:src|href)=\"/assets/([^\"]*)\"", text):
        assert (page.ASSETS / name).is_file()


def test_assets_fetch_nothing_from_elsewhere() -> None:
    assert page.missing_assets() == []
    assert list(bundle.fetched_addresses(page.ASSETS)) == []


def test_bundle_finds_a_foreign_address(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "a.css").write_text("/* https://example.org/fine */ b { background: url(//cdn.example.org/x.png) }")
    (folder / "b.js").write_text('fetch("https://cdn.example.org/x.js")')
    assert len(list(bundle.fetched_addresses(folder))) == 2


def test_our_scripts_never_put_text_in_as_html() -> None:
    own = list(page.ASSETS.glob("*.js"))
    assert len(own) >= 8
    for path in own:
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", path.read_text("utf-8")
        ), path


def test_packed_layers_are_gzip_and_stable() -> None:
    text = geojson.collection([], version=3)
    assert gzip.decompress(geojson.packed(text)).decode() == text
    assert geojson.packed(text) == geojson.packed(text)

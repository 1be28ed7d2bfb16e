"""Each of the seven places: its demo county has the published counts, is clean, and keeps its particular rule."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from gridgis.county import County, open_county
from gridgis.edits import split
from gridgis.locate import locate
from gridgis.schema import reproject
from gridgis.verify import verify
from tests.telling import Tell, teller

tell = pytest.fixture(teller)

TABLE: dict[str, dict[str, Any]] = {
    "dehua": {
        "levels": {"township": 18, "first": 217, "unit": 618, "responsibility": 794},
        "zones.unit": {"built_up": 193, "elsewhere": 425}, "persons": 334_400, "buildings": 123_000,
        "places.station": 75, "incidents": 88_600,
        "staff": {"unit_head": 618, "building_head": 794, "full_time": 216},
        "postings": {"unit_head": 618, "building_head": 794, "party_group": 618, "linked_body": 193},
        "organisations.party_group": 618,
    },
    "longhua": {
        "levels": {"street": 1, "community": 13, "area": 85, "grid": 611, "building": 1830}, "persons": 900_000,
        "staff": {"officer": 1830, "part_time_head": 2883}, "organisations": {"party_branch": 286},
        "postings": {"street_chief": 1, "community_chief": 13, "area_chief": 85, "grid_chief": 611, "officer": 1830,
                     "part_time_head": 2883, "party_branch": 286},
    },
    "chikan": {
        "kinds.second": {"comprehensive": 249, "institution": 146}, "levels.slice": 136 + 98,
        "zones.first.rural": 16, "zones.second.rural": 65, "zones.slice": {"rural": 98, "urban": 136},
        "postings": {"grid_head": 395, "slice_head": 234, "institution_body": 146},
    },
    "luohu": {
        "levels.grid": 252, "nets": {"community_grids": 1135}, "places.compound": 646, "staff.property_head": 2336,
        "categories.grid": {"residential": 68, "industrial_commercial": 11, "urban_village": 53, "mixed": 120},
        "classes.grid": {"first": 63, "second": 126, "third": 63}, "staff.grid_head": 252,
    },
    "yungang": {
        "levels.township": 27, "levels.grid": 810, "zones.grid": {"urban": 561, "rural": 249}, "incidents": 30_528,
        "staff.chief": 246, "staff.full_time": 561, "staff.part_time": 249,
        "postings.chief": 810, "postings.visitor": 810,
    },
    "zoucheng": {
        "levels.community": 48, "levels.grid": 737, "categories.township": {"rural": 13},
        "organisations": {"party_branch": 310, "party_group": 834, "party_household": 2036},
        "postings.community_head": 48, "postings.grid_head": 737,
    },
    "chaisang": {"levels.community": 1, "levels.grid": 5, "places.station": 6, "postings.grid_head": 5},
}  # fmt: skip

ROUND_TRIP = {"dehua": "first", "longhua": "area", "chikan": "first", "luohu": "community", "yungang": "community"}
"""Level that is exported and read into an empty county; the township otherwise."""

Open = Callable[[str], County]


def look_up(info: dict[str, Any], path: str) -> Any:
    for key in path.split("."):
        info = info[key]
    return info


@pytest.fixture
def county(demo_of: Callable[[str], Path]) -> Iterator[Open]:
    """Open demo counties for reading."""
    opened: list[County] = []

    def reader(scheme: str) -> County:
        opened.append(open_county(demo_of(scheme)))
        return opened[-1]

    yield reader
    for one in opened:
        one.close()


def outline_file(county: County, path: Path) -> Path:
    shape = shapely.geometry.mapping(reproject(county.plan.outline, county.crs, 4490))
    feature = {"type": "Feature", "properties": {}, "geometry": shape}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return path


def halving(shape: shapely.Geometry) -> shapely.LineString:
    x0, y0, x1, y1 = shape.bounds
    middle = shape.representative_point()
    return shapely.LineString([(middle.x, y0 - 10.0), (middle.x + 0.1 * (x1 - x0), y1 + 10.0)])


@pytest.mark.parametrize("scheme", TABLE)
def test_counts_check_export_and_back(
    scheme: str, tell: Tell, demo_of: Callable[[str], Path], county: Open, tmp_path: Path
) -> None:
    path = demo_of(scheme)
    info = tell("info", path, "--json").json
    assert {key: look_up(info, key) for key in TABLE[scheme]} == TABLE[scheme]
    assert info["illustrative"] is True
    checked = tell("check", path, "--json")
    assert (checked.code, checked.json) == (0, [])
    for level, count in info["levels"].items():
        out = tmp_path / f"{level}.geojson"
        assert tell("export", path, out, "--level", level).code == 0
        rows = [f["properties"] for f in json.loads(out.read_text(encoding="utf-8"))["features"]]
        assert len({r["code"] for r in rows}) == count
    level = ROUND_TRIP.get(scheme, next(iter(info["levels"])))
    other, edge = tmp_path / "other.gpkg", outline_file(county(scheme), tmp_path / "outline.geojson")
    assert tell("new", other, "--scheme", scheme, "--code", info["code"], "--boundary", edge, "--crs", 4490).code == 0
    assert tell("import", other, tmp_path / f"{level}.geojson", "--as", "grids", "--level", level).code == 0
    differing = tell("diff", path, other, "--json").json
    assert [d for d in differing if d["level"] == level] == []
    assert {d["change"] for d in differing} <= {"removed", "changed"}, "ground moved on the way"


@pytest.mark.parametrize("scheme", TABLE)
def test_a_split_and_its_undo_leave_nothing_behind(scheme: str, demo_of: Callable[[str], Path], tmp_path: Path) -> None:
    path = Path(shutil.copyfile(demo_of(scheme), tmp_path / "county.gpkg"))
    with open_county(path) as county:
        before, totals = county.plan.hash, county.plan.figures.sum()
        code = max(county.plan.leaf_codes, key=lambda c: county.plan.grid_geometry(c).area)
        county.apply(split(county.plan, code, halving(county.plan.grid_geometry(code))))
        assert county.plan.hash != before
        assert county.plan.figures.sum()[["persons", "households"]].equals(totals[["persons", "households"]])
        county.undo()
        assert county.plan.hash == before
        assert verify(county) == []


def test_longhua_is_a_chain_of_five_levels(county: Open) -> None:
    place = county("longhua")
    assert abs(place.plan.outline.area / 1e6 - 19.18) < 0.01
    assert "19.18" in place.meta["notes"]
    assert "19.18" in place.meta["notes_en"]
    held = pd.DataFrame(place.table("postings", ("role", "code", "staff")))
    main = pd.DataFrame(place.table("staff", ("id", "role"))).set_index("id")["role"]
    chiefs = held[held["role"].str.endswith("_chief")]
    assert (main[chiefs["staff"]] == "officer").all(), "chiefs are taken from the officers"
    own = held[held["role"] == "officer"].set_index("staff")["code"]
    assert all(own[s].startswith(c) for s, c in zip(chiefs["staff"], chiefs["code"], strict=True))
    holders = set(held["code"])
    for code in place.plan.codes("building"):
        assert {code[:9], code[:12], code[:14], code[:17], code} <= holders


def test_chikan_has_two_kinds_in_one_coverage(county: Open) -> None:
    place = county("chikan")
    plan = place.plan
    second = [g for g in plan.grids.values() if g.level == "second"]
    shapes = [plan.grid_geometry(g.code) for g in second]
    # Neither missed nor double: together they cover the place, and exactly once.
    assert sum(s.area for s in shapes) == pytest.approx(plan.outline.area, abs=1.0)
    assert shapely.coverage_is_valid(shapes)
    bay = next(g.code for g in plan.grids.values() if g.name == "金沙湾社区")
    kinds = [g.kind for g in second if g.code.startswith(bay)]
    assert (kinds.count("comprehensive"), kinds.count("institution")) == (9, 11)
    slices = [c for c in plan.codes("slice") if c.startswith(bay)]
    assert len(slices) == 136
    assert all(30 <= plan.figures_of(c)["households"] <= 50 for c in slices)
    assert {plan.grids[c[:15]].kind for c in plan.codes("slice")} == {"comprehensive"}
    staff = pd.DataFrame(place.table("staff", ("id", "role", "x", "y"))).set_index("id")
    heads = pd.DataFrame(place.table("postings", ("role", "code", "staff"))).query("role == 'slice_head'")
    who = staff.loc[heads["staff"]]
    assert set(who["role"]) == {"member_household", "volunteer"}
    homes = locate(plan, who[["x", "y"]].to_numpy(float)).astype(str).to_numpy()
    assert (homes == heads["code"].to_numpy()).all(), "a slice head lives in the slice"


def test_luohu_fused_its_old_grids(county: Open) -> None:
    place = county("luohu")
    plan = place.plan
    nets = place.table("nets")
    old = nets.geometry.to_numpy()
    assert shapely.coverage_is_valid(old)
    assert shapely.area(old).sum() == pytest.approx(plan.outline.area, abs=1.0)
    codes = plan.codes("grid")
    new = np.array([plan.grid_geometry(c) for c in codes], dtype=object)
    where = locate(plan, shapely.get_coordinates(shapely.point_on_surface(old))).astype(str).to_numpy()
    inside = new[[codes.index(c) for c in where]]
    assert (shapely.area(shapely.difference(old, inside)) < 0.01).all(), "an old grid lies in exactly one new one"
    assert set(where) == set(codes)
    matters = pd.DataFrame(place.table("incidents", ("handled_in",)))["handled_in"].value_counts(normalize=True)
    assert matters["grid"] == 0.8
    staffing = place.scheme.staffing
    assert {(s.category, s.class_) for s in staffing if s.role == "full_time"} >= {("urban_village", "first")}
    classes = {c: plan.grids[c].class_ for c in codes}
    persons = {k: min(plan.figures_of(c)["persons"] for c in codes if classes[c] == k) for k in ("first", "second")}
    assert persons["first"] >= max(plan.figures_of(c)["persons"] for c in codes if classes[c] == "second")


def test_yungang_closed_every_matter_and_was_visited(county: Open) -> None:
    place = county("yungang")
    matters = pd.DataFrame(place.table("incidents", ("valid", "status", "closed_at", "at")))
    assert int(matters["valid"].sum()) == 29_269
    assert set(matters["status"]) == {"closed"}
    assert (matters["closed_at"] >= matters["at"]).all()
    visits = pd.DataFrame(place.table("visits", ("code", "at")))
    last = pd.to_datetime(visits.groupby("code")["at"].max())
    assert set(last.index) == set(place.plan.codes("grid"))
    assert (pd.Timestamp(place.meta["as_of"]) - last).dt.days.between(0, 31).all()
    most = pd.DataFrame(place.table("postings", ("role", "staff"))).query("role == 'chief'")["staff"].value_counts()
    assert most.max() <= 5
    assert len(most) == 246


def test_zoucheng_keeps_its_time_limits(county: Open) -> None:
    place = county("zoucheng")
    matters = pd.DataFrame(place.table("incidents", ("at", "due_at", "closed_at", "handled_in")))
    at, due, closed = (pd.to_datetime(matters[k]) for k in ("at", "due_at", "closed_at"))
    hours = ((due - at).dt.total_seconds() / 3600).groupby(matters["handled_in"]).unique()
    assert {k: v.tolist() for k, v in hours.items()} == {"grid": [2.0], "joint": [48.0], "dispatched": [168.0]}
    assert (closed <= due).all()
    leaves = {place.plan.grids[c].category for c in place.plan.codes("township") if not place.plan.below(c)}
    assert leaves == {"rural"}
    assert {place.plan.grids[c].category for c in place.plan.codes("community")} == {"urban", "industrial", "business"}


def test_chaisang_park_lies_within_reach_of_its_stations(county: Open) -> None:
    place = county("chaisang")
    plan = place.plan
    (park,) = plan.codes("community")
    buildings = place.table("buildings", ("households", "x", "y"))
    xy = buildings[["x", "y"]].to_numpy(float)
    home = locate(plan, xy).astype(str).str.startswith(park).to_numpy() & (buildings["households"] > 0).to_numpy()
    places = place.table("places", ("kind", "x", "y"))
    stations = places.loc[places["kind"] == "station", ["x", "y"]].to_numpy(float)
    assert locate(plan, stations).astype(str).str.startswith(park).all()
    away = np.min(np.hypot(*(xy[home][:, None] - stations[None]).transpose(2, 0, 1)), axis=1)
    # 15 minutes at 4.5 km/h, and streets a third longer than the straight line.
    assert away.max() * 4 / 3 < 15 * 75
    nets = place.table("nets")
    whole = plan.grid_geometry(park)
    for net, mine in nets.groupby("net"):
        assert mine.geometry.area.sum() == pytest.approx(whole.area, abs=0.1), net
        assert shapely.coverage_is_valid(mine.geometry.to_numpy())

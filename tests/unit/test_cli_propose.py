"""The commands propose, adopt, fit, fuse and regroup, as a person gives them."""

from __future__ import annotations

from pathlib import Path

import pyogrio
import pytest
import shapely

import gridgis as gg
from tests.drawn import area, code_of, drawn_county
from tests.telling import Tell, assert_refused, geojson

COMMUNITY = "350526100001"
A, B = str(code_of("A")), str(code_of("B"))
ROWS = "\n".join(["AAAAAABB"] * 6)


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "c.gpkg", ROWS, homes=ROWS.replace("A", "9").replace("B", "9"))


def test_propose_adopt_combine_undo(county: Path, tell: Tell, tmp_path: Path) -> None:
    out = tmp_path / "方案.gpkg"
    before = gg.open_county(county).plan.hash
    answer = tell("propose", county, "--within", COMMUNITY, "--households", "60:120", "--alternatives", 2, "--out", out, "--json")
    assert answer.code == 0
    layers = [name for name, kind in pyogrio.list_layers(out) if kind == "Polygon"]
    assert layers == [a["layer"] for a in answer.json["alternatives"]] == ["a_lines", "b_compact"]
    for layer in layers:
        frame = pyogrio.read_dataframe(out, layer=layer)
        assert {"code", "households", "persons"} <= set(frame.columns)
        assert frame["households"].between(60, 120).all()
        assert frame.crs.to_epsg() == 4548
    assert gg.open_county(county).plan.hash == before
    answer = tell("adopt", county, out, "--layer", layers[1], "--name", "新方案")
    assert answer.code == 0
    assert "新方案" in answer.out
    assert gg.open_county(county).plan.hash == before
    assert tell("combine", county, "新方案").code == 0
    plan = gg.open_county(county).plan
    proposed = dict(zip(frame["code"], frame.geometry, strict=True))
    assert plan.codes("unit") == sorted(proposed)
    assert all(plan.grid_geometry(c).equals(g) for c, g in proposed.items())
    assert tell("undo", county).code == 0
    assert gg.open_county(county).plan.hash == before
    assert tell("adopt", county, out, "--layer", layers[0], "--combine", "--lang", "en").code == 0
    assert tell("verify", county).code == 0


def test_a_drawn_area_divides_what_lies_in_it(county: Path, tell: Tell, tmp_path: Path) -> None:
    shape = geojson(tmp_path / "area.geojson", ({}, area((-0.2, -0.2), (6.1, -0.2), (6.1, 6.2), (-0.2, 6.2))))
    answer = tell("propose", county, "--within", shape, "--households", "60:120", "--alternatives", 1, "--out", tmp_path / "o.gpkg")
    assert answer.code == 0, answer.err
    frame = pyogrio.read_dataframe(tmp_path / "o.gpkg")
    assert frame["households"].sum() == 9 * 36
    assert B not in set(frame["code"])


def test_bad_requests_are_one_sentence(county: Path, tell: Tell, tmp_path: Path) -> None:
    out, band = tmp_path / "o.gpkg", ("--households", "60:120")
    for arguments in (
        ("propose", county, "--within", COMMUNITY, "--out", out),
        ("propose", county, "--within", "350526999", *band, "--out", out),
        ("propose", county, "--within", COMMUNITY, "--households", "many", "--out", out),
        ("propose", county, "--within", COMMUNITY, "--households", "9:3", "--out", out),
        ("propose", county, "--within", COMMUNITY, *band, "--lock", "123", "--out", out),
        ("propose", county, "--within", COMMUNITY, *band, "--around", "station", "--out", out),
        ("propose", county, "--within", COMMUNITY, *band, "--weight", "dogs", "--out", out),
        ("propose", county, "--within", COMMUNITY, *band, "--out", tmp_path / "o.txt"),
        ("propose", county, "--within", COMMUNITY, *band, "--out", county),
        ("adopt", county, tmp_path / "nowhere.gpkg"),
        ("fit", county, A),
        ("fuse", county, "unit", "--out", out),
        ("fuse", county, "unit", "nowhere", "--out", out),
        ("regroup", county, "nowhere", "--target", 3, "--out", out),
    ):
        assert_refused(tell(*arguments), 2)
    assert not out.exists()


def test_fit_shows_options_and_carries_one_out(county: Path, tell: Tell) -> None:
    answer = tell("fit", county, A, "--households", "60:280", "--json")
    assert answer.code == 0
    options = answer.json["options"]
    assert 1 <= len(options) <= 3
    assert all({"cells", "moved", "before", "after", "zh", "en"} <= set(o) for o in options)
    assert tell("fit", county, A, "--households", "60:280", "--take", 1, "--by", "王敏").code == 0
    plan = gg.open_county(county).plan
    assert all(60 <= plan.figures_of(c)["households"] <= 280 for c in plan.codes("unit"))
    assert tell("undo", county).code == 0
    answer = tell("fit", county, COMMUNITY, "--households", "60:280", "--apply", "--json")
    assert (answer.json["out_after"], answer.json["applied"]) == (0, True)


def test_fuse_files_and_levels(county: Path, tell: Tell, tmp_path: Path) -> None:
    halves = geojson(tmp_path / "police.geojson", ({"code": "P1"}, area((0, 0), (5, 0), (5, 6), (0, 6))),
                     ({"code": "P2"}, area((5, 0), (8, 0), (8, 6), (5, 6))))  # fmt: skip
    out = tmp_path / "f.gpkg"
    answer = tell("fuse", county, "unit", f"公安={halves}", "--out", out, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["households"] == 9 * 48
    assert answer.json["households_in_conflict"] == 9 * 6
    table = pyogrio.read_dataframe(out, layer="crosswalk", read_geometry=False)
    assert table.groupby("net")["households"].sum().tolist() == [9 * 48] * 2
    common = pyogrio.read_dataframe(out, layer="common")
    assert common["households"].sum() == 9 * 48
    assert shapely.coverage_is_valid(common.geometry.to_numpy())
    assert tell("adopt", county, out, "--layer", "common").code in (0, 2)

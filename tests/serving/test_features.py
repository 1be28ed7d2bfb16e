"""Grids, findings and incidents as features, as other systems ask for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import shapely
from starlette.testclient import TestClient

import gridgis as gg
from gridgis.county import open_county
from gridgis.schema import reproject
from gridgis.serving.features import period
from tests.drawn import EPSG, at, line
from tests.served import A, B, C, codes, told

# -- OGC API Features ----------------------------------------------------------------------------------


def test_collections_are_the_grids_of_each_level_findings_and_incidents(client: TestClient) -> None:
    names = [c["id"] for c in told(client, "/collections")["collections"]]
    levels = ("township", "community", "unit")
    assert names == [*(f"grids-{k}" for k in levels), *(f"incidents-{k}" for k in levels), "findings"]
    one = told(client, "/collections/grids-unit")
    assert one["crs"][-1] == f"http://www.opengis.net/def/crs/EPSG/0/{EPSG}"
    assert set(told(client, "/collections/grids-unit/queryables")["properties"]) >= {"code", "name", "households"}


def test_features_are_the_grids_as_they_are(client: TestClient, path: Path) -> None:
    with open_county(path) as county:
        frame = county.grids("unit")
        figures = county.figures("unit")
    features = {f["id"]: f for f in told(client, "/collections/grids-unit/items")["features"]}
    assert sorted(features) == sorted(frame.index) == [A, B, C]
    for code, feature in features.items():
        shape = reproject(shapely.from_geojson(json.dumps(feature["geometry"])), 4326, EPSG)
        assert shapely.hausdorff_distance(shape, frame.geometry[code]) < 0.001
        assert feature["properties"]["households"] == figures["households"][code]
        assert feature["properties"]["code"] == code


def test_a_box_picks_what_it_meets(client: TestClient) -> None:
    x, y = reproject(shapely.Point(at(0.5, 1.5)), EPSG, 4326).coords[0]
    box = f"{x - 1e-5},{y - 1e-5},{x + 1e-5},{y + 1e-5}"
    assert codes(told(client, f"/collections/grids-unit/items?bbox={box}")) == [C]
    x, y = at(2.5, 1.5)
    crs = f"http://www.opengis.net/def/crs/EPSG/0/{EPSG}"
    # EPSG has northing first.
    box = f"{y - 1},{x - 1},{y + 1},{x + 1}"
    assert codes(told(client, f"/collections/grids-unit/items?bbox={box}&bbox-crs={crs}")) == [B]


def test_pages_follow_each_other_without_loss(client: TestClient) -> None:
    address, seen = "/collections/grids-unit/items?limit=1", []
    for _ in range(10):
        page = told(client, address)
        assert page["numberMatched"] == 3
        seen += codes(page)
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        address = following[0]
    assert seen == [A, B, C]


def test_properties_filter_sort_and_choose(client: TestClient) -> None:
    items = "/collections/grids-unit/items"
    assert codes(told(client, f"{items}?code={B}")) == [B]
    assert codes(told(client, f"{items}?households=7")) == [A]
    assert codes(told(client, f"{items}?households=none")) == []
    assert codes(told(client, f"{items}?sortby=-households")) == [A, C, B]
    bare = told(client, f"{items}?properties=name&skipGeometry=true")["features"][0]
    assert bare["geometry"] is None
    assert set(bare["properties"]) == {"code", "name"}
    assert told(client, f"{items}?resulttype=hits")["features"] == []


def test_coordinates_in_the_county_crs_are_exact_to_a_millimetre(client: TestClient, path: Path) -> None:
    crs = f"http://www.opengis.net/def/crs/EPSG/0/{EPSG}"
    answer = client.get(f"/collections/grids-unit/items/{A}?crs={crs}")
    assert answer.headers["content-crs"] == f"<{crs}>"
    drawn = shapely.transform(shapely.from_geojson(json.dumps(answer.json()["geometry"])), lambda xy: xy[:, ::-1])
    with open_county(path) as county:
        assert shapely.hausdorff_distance(drawn, county.plan.grid_geometry(A)) < 0.001


def test_one_feature_and_none(client: TestClient) -> None:
    assert told(client, f"/collections/grids-unit/items/{A}")["id"] == A
    assert told(client, "/collections/grids-unit/items/nowhere", 404)["code"] == "NotFound"


@pytest.mark.parametrize(
    "query",
    ["bbox=1,2,3", "bbox=a,b,c,d", "limit=0", "limit=x", "offset=-1", "crs=EPSG:1", "sortby=nothing", "properties=nothing",
     "filter=code='1'", "q=1", "f=html", "f=csv", "datetime=yesterday", "datetime=1999-01-01"],
)  # fmt: skip
def test_a_bad_question_gets_a_sentence(client: TestClient, query: str) -> None:
    answer = client.get(f"/collections/grids-unit/items?{query}")
    assert answer.status_code == 400
    assert answer.json()["description"]
    assert "Traceback" not in answer.text


def test_the_grids_of_a_date(client: TestClient, path: Path) -> None:
    with open_county(path) as county:
        county.apply(gg.split(county.plan, A, line((1, -1), (1, 3))), by="王")
    assert len(codes(told(client, "/collections/grids-unit/items"))) == 4
    assert codes(told(client, "/collections/grids-unit/items?datetime=1")) == [A, B, C]


def test_what_is_edited_meanwhile_is_served_at_once(client: TestClient, path: Path) -> None:
    before = told(client, "/collections/grids-unit/items")
    with open_county(path) as county:
        county.apply(gg.merge(county.plan, [A, B]), by="王", reason="并网格")
    after = told(client, "/collections/grids-unit/items")
    assert len(after["features"]) == len(before["features"]) - 1
    change = told(client, "/changes?since=1")
    assert [(c["version"], c["kind"], c["by"], c["reason"]) for c in change["changes"]] == [
        (2, "merge", "王", "并网格")
    ]
    gone = change["changes"][0]["voided"]
    assert set(codes(before)) - set(codes(after)) == set(gone)
    assert set(gone) <= set(change["changes"][0]["changed"])


def test_the_feed_of_changes_comes_in_parts(client: TestClient, path: Path) -> None:
    with open_county(path) as county:
        for _ in range(3):
            county.apply(gg.split(county.plan, A, line((1, -1), (1, 3))))
            county.undo()
    address, seen = "/changes?since=0&limit=2", []
    while True:
        part = told(client, address)
        seen += [c["version"] for c in part["changes"]]
        if not part["more"]:
            break
        address = part["next"]
    assert seen == list(range(1, 8))
    assert told(client, "/changes?since=7")["changes"] == []
    assert told(client, "/changes?since=x", 400)["zh"].endswith("。")


# -- incidents -----------------------------------------------------------------------------------------


def counted(client: TestClient, query: str = "") -> dict[str, int]:
    answer = told(client, f"/collections/incidents-unit/items?{query}")
    return {f["id"]: f["properties"]["incidents"] for f in answer["features"]}


def test_incidents_are_counted_in_their_grids_and_in_a_period(client: TestClient) -> None:
    assert counted(client) == {A: 2, B: 1, C: 1}
    assert counted(client, "datetime=2026-01-01/2026-01-31") == {A: 2, B: 0, C: 0}
    assert counted(client, "datetime=2026-02") == {A: 0, B: 1, C: 0}
    assert counted(client, "datetime=2026-01-31T23:59:59Z/..") == {A: 1, B: 1, C: 1}
    assert counted(client, "datetime=../2026-02-01T00:00:00Z") == {A: 2, B: 1, C: 0}
    one = told(client, f"/collections/incidents-unit/items/{A}")["properties"]
    assert json.loads(one["categories"]) == {"公用设施/路灯故障": 1, "街面秩序/占道经营": 1}
    assert one["status_closed"] == 2


@pytest.mark.parametrize(("text", "inside", "outside"), [
    ("2026-01", "2026-01-31 23:59:59", "2026-02-01 00:00:00"),
    ("2026-01-05", "2026-01-05 00:00:00", "2026-01-06 00:00:00"),
    ("2026-01-05T08:00:00Z", "2026-01-05 08:00:00", "2026-01-05 08:00:01"),
    ("2026-01-05T08:00/..", "2027-01-01 00:00:00", "2026-01-05 07:59:59"),
])  # fmt: skip
def test_an_interval_holds_its_ends(text: str, inside: str, outside: str) -> None:
    since, until = period(text)
    first, last = since or "", until or "9"
    assert first <= inside < last
    assert not first <= outside < last


# -- the public ----------------------------------------------------------------------------------------


def test_the_public_sees_an_allow_list_and_no_small_numbers(public: TestClient) -> None:
    names = [c["id"] for c in told(public, "/collections")["collections"]]
    assert "findings" not in names
    rows = {f["id"]: f["properties"] for f in told(public, "/collections/grids-unit/items")["features"]}
    assert rows[A]["incidents"] is None
    assert "incidents" in rows[A]["suppressed"]
    assert counted(public)[A] is None
    assert told(public, "/collections/incidents-unit/items?datetime=2026-01", 400)
    assert public.get("/tiles/buildings/14/0/0.mvt").status_code == 404
    assert not {"by", "reason"} & set(told(public, "/changes?since=0")["changes"][0])

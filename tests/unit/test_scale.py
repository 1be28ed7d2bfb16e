"""Points to grids on a Dask cluster: the same answers as one machine, also when a worker is killed."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from distributed import LocalCluster

import gridgis as gg
from gridgis import piecing
from gridgis.analysing import study
from gridgis.checks import pieces
from gridgis.datums import shift
from gridgis.elements import representative
from gridgis.emap import road_owners
from gridgis.piecing import EACH, ROUGH
from gridgis.scale import Work, compute, locator_of
from gridgis.schema import point_array, reproject, to_lattice
from tests.drawn import EAST, EPSG, NORTH, SIDE, drawn, drawn_county, patchwork, tamper
from tests.telling import Tell, assert_refused

DRAWING = "AABB\n.CCb\nDDab"


def scattered(count: int) -> pa.Table:
    """Return points in and around the drawing, some exactly on edges, some without a place."""
    rng = np.random.default_rng(7)
    xy = np.column_stack([EAST - 50 + rng.random(count) * 500, NORTH + 50 - rng.random(count) * 400])
    xy[::10] = np.round((xy[::10] - [EAST, NORTH]) / SIDE) * SIDE + [EAST, NORTH]
    degrees = shapely.get_coordinates(reproject(shapely.points(xy), EPSG, 4490))
    degrees[::97] = np.nan
    return pa.table({"id": np.arange(count), "lon": degrees[:, 0], "lat": degrees[:, 1], "unit": ["x"] * count})


def here(table: pa.Table) -> dict[str, list[str | None]]:
    """Return what one machine answers, by way of the kernel's own call."""
    plan = drawn(DRAWING)
    lon, lat = (table[c].to_numpy() for c in ("lon", "lat"))
    points = shapely.points(np.column_stack(shift(lon, lat, "wgs84", "cgcs2000")))
    levels = gg.locate_levels(plan, shapely.get_coordinates(reproject(points, 4490, EPSG)))
    return {k: [v or None for v in levels[k].tolist()] for k in levels.columns}


def read(folder: Path) -> pa.Table:
    return pa.concat_tables([pq.read_table(file) for file in sorted(folder.glob("part-*.parquet"))])


def worker() -> int:
    """Return the number of a process that does the work: the youngest that was spawned."""
    mine = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "spawn_main" in " ".join(process.cmdline()):
                mine.append(process.pid)
    return max(mine)


def test_a_cluster_answers_as_one_machine_and_survives_a_killed_worker(tmp_path: Path) -> None:
    table = scattered(40_000)
    pq.write_table(table, tmp_path / "points.parquet", row_group_size=1_000)
    killed: list[int] = []

    def watch(_share: float, _words: str) -> None:
        if not killed:
            killed.append(worker())
            os.kill(killed[0], signal.SIGKILL)

    told = compute(drawn(DRAWING), Work(tmp_path / "points.parquet", tmp_path / "out", progress=watch))
    assert killed
    assert (told["rows"], told["parts"]) == (40_000, 40)
    done = read(tmp_path / "out")
    assert done["id"].to_pylist() == list(range(40_000))
    assert done["unit"].to_pylist() == ["x"] * 40_000
    expected = here(table)
    for level, codes in expected.items():
        assert done[level if level != "unit" else "unit_gridgis"].to_pylist() == codes
    assert told["located"] == sum(any(row) for row in zip(*expected.values(), strict=True))
    assert 0 < told["located"] < 40_000
    assert all(p.name.startswith(("part-", "_")) for p in (tmp_path / "out").iterdir())


def test_the_locator_is_that_of_the_plan() -> None:
    table = scattered(500)
    codes = locator_of(drawn(DRAWING)).codes(table["lon"].to_numpy(), table["lat"].to_numpy())
    assert {k: v.to_pylist() for k, v in codes.items()} == here(table)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Give the address of a cluster of two workers; in this process, where tests set the size of blocks."""
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50,
    ) as held:  # fmt: skip
        yield held.scheduler_address


def in_time(county: Path, count: int) -> pd.DataFrame:
    """Return incidents of a county over a year, as they lie in a parquet file too."""
    rng = np.random.default_rng(5)
    xy = np.round(np.column_stack([EAST + rng.random(count) ** 3 * 900, NORTH - rng.random(count) * 600]), 3)
    at = pd.Timestamp("2025-11-01") + pd.to_timedelta(np.sort(rng.integers(0, 365 * 86_400, count)), unit="s")
    degrees = shapely.get_coordinates(reproject(point_array(xy), EPSG, 4490))
    frame = pd.DataFrame({"id": [f"i{k}" for k in range(count)], "x": xy[:, 0], "y": xy[:, 1], "at": at.strftime("%Y-%m-%dT%H:%M:%S")})
    with gg.open_county(county) as opened:
        opened.store.put_rows("incidents", frame.assign(geometry=point_array(xy)))
    return frame.assign(lon=degrees[:, 0], lat=degrees[:, 1])


def test_counts_and_hot_spots_are_those_of_one_machine(tmp_path: Path, cluster: str) -> None:
    county = drawn_county(tmp_path / "county.gpkg", patchwork(6, 9))
    table = pa.Table.from_pandas(in_time(county, 3_000))
    pq.write_table(table, tmp_path / "points.parquet", row_group_size=700)
    with gg.open_county(county) as opened:
        plan, known = opened.plan, study(opened)
        work = Work(tmp_path / "points.parquet", tmp_path / "n", scheduler=cluster, what="counts", level="unit", step="month")
        told = compute(plan, work)
        counts = read(tmp_path / "n").to_pandas()
        expected = known.leaf_of_all.to_frame("code").assign(start=known.every["at"].dt.to_period("M").dt.start_time)
        expected = expected.dropna().value_counts().sort_index().rename("n").reset_index()
        pd.testing.assert_frame_equal(counts, expected, check_dtype=False)
        assert told["located"] == counts["n"].sum() == known.leaf_of_all.notna().sum()
        compute(plan, replace(work, out=tmp_path / "h", what="hotspots", level="community"))
        compute(plan, replace(work, out=tmp_path / "u", what="hotspots"))
        for out, level in (("h", "community"), ("u", "unit")):
            found = read(tmp_path / out).to_pandas().set_index("code")
            spots, over = known.hot_spots(level).drop(columns="name"), known.emerging(level).drop(columns="name")
            pd.testing.assert_frame_equal(found, spots.join(over), check_exact=True, check_dtype=False)
        assert found["z"].abs().max() > 1
        assert "trend" in found


def test_elements_go_where_one_machine_puts_them(tmp_path: Path, cluster: str) -> None:
    plan, rng = drawn(patchwork(6, 9)), np.random.default_rng(8)
    xy = np.column_stack([EAST - 50 + rng.random(400) * 1000, NORTH + 50 - rng.random(400) * 700])
    ends = np.stack([xy[:100], xy[:100] + rng.normal(size=(100, 2)) * 90], axis=1)
    shapes = np.concatenate([np.asarray(shapely.box(*(xy[100:] - 9).T, *(xy[100:] + 9).T)), shapely.linestrings(ends), [None]])
    frame = gpd.GeoDataFrame({"id": np.arange(len(shapes))}, geometry=shapes, crs=EPSG)
    for name, crs in (("metres", EPSG), ("degrees", 4490)):
        frame.to_crs(crs).to_parquet(tmp_path / f"{name}.parquet", row_group_size=90)
        compute(plan, Work(tmp_path / f"{name}.parquet", tmp_path / name, scheduler=cluster, what="elements"), "cgcs2000")
        lines = shapely.get_dimensions(shapes) == 1
        placed = np.flatnonzero(~shapely.is_missing(shapes))
        expected = pd.DataFrame(None, index=range(len(shapes)), columns=plan.scheme.level_keys, dtype=object)
        expected.iloc[placed] = gg.locate_levels(plan, representative(to_lattice(shapes[placed]))).to_numpy()
        for level in expected:
            expected.loc[lines, level] = road_owners(plan, to_lattice(shapes[lines]), level).to_numpy()
        found = read(tmp_path / name).to_pandas()
        for level in expected:
            assert [None if pd.isna(v) else v for v in found[level]] == [None if pd.isna(v) else v for v in expected[level]]
        back = gpd.read_parquet(tmp_path / name / "part-000000.parquet")
        assert shapely.equals_exact(back.to_crs(EPSG).geometry.values, frame.geometry.values[: len(back)], 1e-6).all()


def test_findings_of_blocks_are_those_of_the_whole(tmp_path: Path, cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "BLOCK", 7)
    monkeypatch.setattr(piecing, "GRIDS", 4)
    county = drawn_county(tmp_path / "county.gpkg", "AAB..ccd\nABBE.cdd\nAFFE.GHa\nFFFEE.HH\nCCFECDDb")
    whole: dict[str, gpd.GeoDataFrame] = {}
    for name in ("sound", "broken"):
        if name == "broken":
            moved = shapely.box(EAST + 203, NORTH - 300, EAST + 304, NORTH - 200)
            tiny = shapely.Polygon([(EAST + 500, NORTH - 100), (EAST + 600, NORTH - 100), (EAST + 600.001, NORTH - 200), (EAST + 500, NORTH - 200)])
            tamper(county, "UPDATE cells SET geometry = :moved WHERE id = 19", "UPDATE cells SET geometry = :tiny WHERE id = 14",
                   "DELETE FROM cells WHERE id = 30", moved=moved, tiny=tiny)  # fmt: skip
        with gg.open_county(county) as opened:
            whole[name] = gg.check(opened, rules=[*ROUGH, *EACH])
            work = Work(None, tmp_path / name, scheduler=cluster, what="check")
            told = compute(opened.plan, work, county=opened)
        found = gpd.read_parquet(tmp_path / name / "part-000000.parquet")
        pd.testing.assert_frame_equal(pd.DataFrame(found.drop(columns="geometry")), pd.DataFrame(whole[name].drop(columns="geometry")))
        assert shapely.equals_identical(found.geometry.values, whole[name].geometry.values).all()
        assert told["sound"] is (name == "sound")
    assert {"gap", "overlap", "unmatched_edge", "near_miss", "unassigned", "multi_part"} <= set(whole["broken"]["rule"])


def test_an_export_in_parts_is_the_whole_one(tmp_path: Path, cluster: str, tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piecing, "GRIDS", 2)
    county = drawn_county(tmp_path / "county.gpkg", patchwork(6, 9))
    told = tell("compute", county, "--what", "export", "--level", "unit", "--out", tmp_path / "out", "--scheduler", cluster)
    assert (told.code, "6" in told.out) == (0, True)
    assert tell("export", county, tmp_path / "one.parquet", "--level", "unit").code == 0
    parts = [gpd.read_parquet(file) for file in sorted((tmp_path / "out").glob("part-*.parquet"))]
    one = gpd.read_parquet(tmp_path / "one.parquet")
    assert len(parts) == -(-len(one) // 2)
    together = pd.concat(parts, ignore_index=True)
    pd.testing.assert_frame_equal(pd.DataFrame(together.drop(columns="geometry")), pd.DataFrame(one.drop(columns="geometry")))
    assert shapely.equals_identical(together.geometry.values, one.geometry.values).all()


def test_what_cannot_be_computed_is_said_and_leaves_nothing(tmp_path: Path, tell: Tell) -> None:
    county = drawn_county(tmp_path / "county.gpkg", "AB")
    table, out = scattered(10), tmp_path / "out"
    pq.write_table(table.rename_columns(["id", "x", "y", "unit"]), tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("no", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for points, word in (
        ("other.parquet", "lon"),
        ("text.parquet", "text.parquet"),
        ("none.parquet", "none"),
        ("empty", "empty"),
    ):
        assert_refused(tell("compute", county, tmp_path / points, "--out", out), 2, word)
        assert not out.exists()
    pq.write_table(table, tmp_path / "points.parquet")
    assert_refused(
        tell("compute", county, tmp_path / "points.parquet", "--out", out, "--scheduler", "tcp://127.0.0.1:1"),
        2,
        "127.0.0.1:1",
    )
    assert not list(out.glob("*"))
    assert_refused(tell("compute", county, "--what", "counts", "--out", out), 2, "counts")
    out.mkdir(exist_ok=True)
    pq.write_table(table, out / "part-000000.parquet")
    assert_refused(tell("compute", county, tmp_path / "points.parquet", "--out", out), 2, "part-")

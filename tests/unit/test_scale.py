"""Points to grids on a Dask cluster: the same answers as one machine, also when a worker is killed."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

import gridgis as gg
from gridgis.datums import shift
from gridgis.scale import Work, compute, locator_of
from gridgis.schema import reproject
from tests.drawn import EAST, EPSG, NORTH, SIDE, drawn, drawn_county
from tests.telling import Tell, assert_refused, teller

DRAWING = "AABB\n.CCb\nDDab"


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tell:
    return teller(monkeypatch, capsys)


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
    out.mkdir(exist_ok=True)
    pq.write_table(table, out / "part-000000.parquet")
    assert_refused(tell("compute", county, tmp_path / "points.parquet", "--out", out), 2, "part-")

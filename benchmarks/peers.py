"""Other ways to put points into polygons, each behind one face; those that cannot be had say why.

A peer is made once with the polygons (its index is built then, outside the clock) and takes points
in the form it likes best, prepared outside the clock too. It answers pairs (point, polygon).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

EPSG = 4548
Pairs = tuple[Any, Any]


class SJoin:
    """geopandas.sjoin, intersects."""

    name = "geopandas.sjoin"

    def __init__(self, polygons: Any, stack: ExitStack) -> None:
        del stack
        self.polygons = gpd.GeoDataFrame(geometry=polygons, crs=EPSG)
        _ = self.polygons.sindex

    def prepare(self, xy: Any) -> Any:
        """Return the points as this peer likes them."""
        return gpd.GeoDataFrame(geometry=shapely.points(xy), crs=EPSG)

    def pairs(self, points: Any) -> Pairs:
        """Return (point, polygon) for every hit."""
        found = points.sjoin(self.polygons, predicate="intersects")
        return found.index.to_numpy(), found["index_right"].to_numpy()


class TreeOfPolygons:
    """STRtree of the polygons asked with the points."""

    name = "STRtree(polygons).query(points)"

    def __init__(self, polygons: Any, stack: ExitStack) -> None:
        del stack
        self.tree = shapely.STRtree(polygons)

    def prepare(self, xy: Any) -> Any:
        """Return the points as this peer likes them."""
        return shapely.points(xy)

    def pairs(self, points: Any) -> Pairs:
        """Return (point, polygon) for every hit."""
        point, polygon = self.tree.query(points, predicate="intersects")
        return point, polygon


class TreeOfPoints:
    """STRtree of the points asked with the polygons; the tree is part of the work."""

    name = "STRtree(points).query(polygons)"

    def __init__(self, polygons: Any, stack: ExitStack) -> None:
        del stack
        self.polygons = polygons

    def prepare(self, xy: Any) -> Any:
        """Return the points as this peer likes them."""
        return shapely.points(xy)

    def pairs(self, points: Any) -> Pairs:
        """Return (point, polygon) for every hit."""
        polygon, point = shapely.STRtree(points).query(self.polygons, predicate="intersects")
        return point, polygon


class BoxesThenCoordinates:
    """STRtree of the points by boxes, then intersects_xy of prepared polygons: the quickest recipe of shapely."""

    name = "STRtree(points) boxes + intersects_xy"

    def __init__(self, polygons: Any, stack: ExitStack) -> None:
        del stack
        self.polygons = polygons.copy()
        shapely.prepare(self.polygons)

    def prepare(self, xy: Any) -> Any:
        """Return the points as this peer likes them."""
        return xy, shapely.points(xy)

    def pairs(self, points: Any) -> Pairs:
        """Return (point, polygon) for every hit."""
        xy, shapes = points
        polygon, point = shapely.STRtree(shapes).query(self.polygons)
        ends = np.append(np.flatnonzero(np.diff(polygon, prepend=-1)), len(polygon))
        hit = np.zeros(len(point), dtype=bool)
        for a, b in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True):
            some = point[a:b]
            hit[a:b] = shapely.intersects_xy(self.polygons[polygon[a]], xy[some, 0], xy[some, 1])
        return point[hit], polygon[hit]


class DuckDB:
    """DuckDB with its spatial extension, both tables in memory."""

    name = "DuckDB spatial"

    def __init__(self, polygons: Any, stack: ExitStack) -> None:
        import duckdb
        import duckdb_extension_spatial

        folder = Path(duckdb_extension_spatial.__file__).parent
        self.db = stack.enter_context(duckdb.connect())
        self.db.execute(f"LOAD {str(next(folder.rglob('spatial.duckdb_extension')))!r}")
        rows = _arrow({"j": np.arange(len(polygons)), "wkb": shapely.to_wkb(polygons)})
        self.db.register("given", rows)
        self.db.execute("CREATE TABLE pol AS SELECT j, ST_GeomFromWKB(wkb) AS g FROM given")

    def prepare(self, xy: Any) -> Any:
        """Return the points as this peer likes them."""
        self.db.register("given", _arrow({"i": np.arange(len(xy)), "x": xy[:, 0], "y": xy[:, 1]}))
        self.db.execute("CREATE OR REPLACE TABLE pts AS SELECT i, ST_Point(x, y) AS g FROM given")
        return None

    def pairs(self, points: Any) -> Pairs:
        """Return (point, polygon) for every hit."""
        del points
        found = self.db.execute("SELECT i, j FROM pts JOIN pol ON ST_Intersects(pol.g, pts.g)").fetchnumpy()
        return found["i"], found["j"]


class SedonaDB:
    """SedonaDB in this process."""

    name = "SedonaDB"

    def __init__(self, polygons: Any, stack: ExitStack) -> None:
        import sedonadb

        del stack
        self.db = sedonadb.connect()
        frame = gpd.GeoDataFrame({"j": np.arange(len(polygons))}, geometry=polygons, crs=EPSG)
        self.db.create_data_frame(frame).to_view("pol", overwrite=True)

    def prepare(self, xy: Any) -> Any:
        """Return the points as this peer likes them."""
        frame = gpd.GeoDataFrame({"i": np.arange(len(xy))}, geometry=shapely.points(xy), crs=EPSG)
        self.db.create_data_frame(frame).to_view("pts", overwrite=True)
        return None

    def pairs(self, points: Any) -> Pairs:
        """Return (point, polygon) for every hit."""
        del points
        query = "SELECT pts.i, pol.j FROM pts JOIN pol ON ST_Intersects(pol.geometry, pts.geometry)"
        found = self.db.sql(query).to_pandas()
        return found["i"].to_numpy(), found["j"].to_numpy()


class PostGIS:
    """PostGIS on a server of its own, polygons under a GiST index; one process of the server does the work."""

    name = "PostGIS"

    def __init__(self, polygons: Any, stack: ExitStack) -> None:
        import psycopg
        from postgis import MISSING, available, server

        if not available():
            raise RuntimeError(MISSING.split(" | ")[-1])
        self.db = stack.enter_context(psycopg.connect(stack.enter_context(server()), autocommit=True))
        # The time of the processes of the server is read for one of them.
        self.db.execute("SET max_parallel_workers_per_gather = 0")
        self.db.execute("SET max_parallel_maintenance_workers = 0")
        found = self.db.execute("SELECT pg_backend_pid()").fetchone()
        self.process = Path("/proc") / str(found[0] if found else 0)
        # Kept as they are: squeezing doubles costs time on the way in and out and gains no room.
        self._copy("pol", "j int, g geometry", "ALTER TABLE pol ALTER g SET STORAGE EXTERNAL", polygons)
        self.db.execute("CREATE INDEX ON pol USING gist (g)")
        self.db.execute("ANALYZE pol")

    def elsewhere(self) -> float:
        """Return seconds of processor that the server's process has used."""
        fields = (self.process / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _copy(self, table: str, columns: str, settings: str, shapes: Any) -> None:
        self.db.execute(f"DROP TABLE IF EXISTS {table}")
        self.db.execute(f"CREATE TABLE {table} ({columns})")
        self.db.execute(settings)
        with self.db.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            for start in range(0, len(shapes), 10_000):
                rows = shapely.to_wkb(shapes[start : start + 10_000], hex=True).tolist()
                copy.write("".join(f"{k}\t{row}\n" for k, row in enumerate(rows, start)))

    def prepare(self, xy: Any) -> Any:
        """Return the points as this peer likes them."""
        self._copy("pts", "i int, g geometry", "ALTER TABLE pts SET (autovacuum_enabled = false)", shapely.points(xy))
        self.db.execute("ANALYZE pts")
        return None

    def pairs(self, points: Any) -> Pairs:
        """Return (point, polygon) for every hit; the answer comes as bytes, not as rows of Python."""
        del points
        query = "SELECT i, j FROM pts JOIN pol ON ST_Intersects(pol.g, pts.g)"
        with self.db.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy:
            found = b"".join(copy)
        # 19 bytes of head; per row a count of two, and each number after its length; -1 at the end.
        rows = np.frombuffer(found[19:-2], dtype=[("n", ">i2"), ("a", ">i4"), ("i", ">i4"), ("b", ">i4"), ("j", ">i4")])
        return rows["i"].astype(np.int64), rows["j"].astype(np.int64)


PEERS: tuple[Callable[..., Any], ...] = (
    SJoin, TreeOfPolygons, TreeOfPoints, BoxesThenCoordinates, DuckDB, SedonaDB, PostGIS,
)  # fmt: skip


def most_held(process: Path) -> int:
    """Return the most memory that a process has held, in bytes, by its folder in /proc."""
    lines = (process / "status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _arrow(columns: dict[str, Any]) -> Any:
    import pyarrow as pa

    return pa.table(columns)

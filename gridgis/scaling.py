"""What a cluster can be asked: each a piece of work in parts, of the functions that one machine uses.

A worker is sent the whole piece once, then the numbers of its parts. `part` answers something small and may write a
file; `whole` makes of the answers, in their order, what has been asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from gridgis.cells import Cells
from gridgis.datums import shift
from gridgis.elements import representative
from gridgis.emap import road_owners
from gridgis.ground import Ground
from gridgis.overlays import hotspots
from gridgis.overlays.incidents import at_level
from gridgis.plan import Plan
from gridgis.schema import reproject, to_lattice

AT_ONCE = 250_000
"""Rows of a part that are held in memory at once."""
STEPS = 4
"""Fewer steps of time show no pattern."""
Run = Callable[[Any, "list[Part]"], "list[Any]"]


@dataclass(frozen=True)
class Part:
    """One row group of one file, or one block of cells or grids.

    Attributes
    ----------
    number
        Counted through; the name of the file that comes of it.
    rows
        How much it is, for the progress.
    """

    number: int
    source: str
    group: int
    rows: int


@dataclass(frozen=True)
class Locator:
    """What puts points into the grids of one plan, small enough to be sent to every worker.

    Attributes
    ----------
    rows
        The cells.
    levels
        The code of each cell's grid at every level, one column per level key, and nothing at the end.
    epsg
        The county's CRS.
    datum
        Datum of the points.
    """

    rows: Cells
    levels: pd.DataFrame
    epsg: int
    datum: str

    @cached_property
    def ground(self) -> Ground:
        """The raster of the cells; made once in each process."""
        return Ground(self.rows)

    def placed(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return degrees as coordinates in the county's CRS, missing where they are none."""
        lon, lat = lonlat.T
        xy = np.full((len(lon), 2), np.nan)
        usable = np.isfinite(lon) & np.isfinite(lat) & (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
        east, north = shift(lon[usable], lat[usable], self.datum, "cgcs2000")
        xy[usable] = np.column_stack(Transformer.from_crs(4490, self.epsg, always_xy=True).transform(east, north))
        xy[~np.isfinite(xy)] = np.nan
        return xy

    def owners(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the row of the cell of each point, -1 outside and without a place."""
        return self.ground.owners(self.placed(np.column_stack([lon, lat])))

    def codes(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> dict[str, pa.Array]:
        """Return the code of each point at every level; missing outside, where no grid is, and without a place."""
        return self.named(self.owners(lon, lat))

    def named(self, owner: NDArray[np.int32]) -> dict[str, pa.Array]:
        """Return the code of each owner at every level."""
        return {str(level): coded(column.to_numpy(dtype=object), owner) for level, column in self.levels.items()}


def coded(table: NDArray[np.object_], owner: NDArray[np.int32]) -> pa.Array:
    """Return entries of a table as text, nothing where there is none."""
    number, known = pd.factorize(table, use_na_sentinel=True)
    at = number[owner]
    numbers = pa.array(at, mask=at < 0, type=pa.int32())
    return pa.DictionaryArray.from_arrays(numbers, pa.array(list(known), type=pa.string())).cast(pa.string())


def batches(part: Part) -> Any:
    """Give the rows of a row group, some at a time."""
    with pq.ParquetFile(part.source) as parquet:
        yield from parquet.iter_batches(AT_ONCE, row_groups=[part.group])


@dataclass(frozen=True)
class Located:
    """Points with the code of their grid at every level; ``elements``: what has a shape, by its point, roads by the rule."""

    locator: Locator
    columns: tuple[str, str]

    def part(self, part: Part, draft: Path) -> int:
        """Write one part with the codes of its points; return how many are in a grid."""
        located, writer = 0, None
        for batch in batches(part):
            table = pa.Table.from_batches([batch])
            found = self.codes(batch)
            for level, codes in found.items():
                name = level if level not in batch.schema.names else f"{level}_gridgis"
                table = table.append_column(name, codes)
            located += int(np.any([~np.asarray(c.is_null()) for c in found.values()], axis=0).sum())
            writer = writer or pq.ParquetWriter(draft, table.schema, compression="zstd")
            writer.write_table(table)
        if writer is not None:
            writer.close()
        return located

    def codes(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """Return the code of each row at every level."""
        return self.locator.codes(*degrees(batch, self.columns))

    def whole(self, found: list[int], _out: Path, _run: Run) -> dict[str, Any]:
        """Return counts."""
        return {"located": sum(found)}


def degrees(batch: pa.RecordBatch, columns: tuple[str, ...]) -> list[NDArray[np.float64]]:
    """Return columns of a batch as numbers."""
    return [batch.column(c).cast(pa.float64()).to_numpy(zero_copy_only=False) for c in columns]


@dataclass(frozen=True)
class Placed(Located):
    """Elements with a shape (GeoParquet): the code of their point, of roads the one that the scheme's rule gives them.

    Attributes
    ----------
    plan
        For the roads.
    """

    plan: Plan = field(kw_only=True)

    def codes(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """Return the code of each row at every level."""
        name, crs = geometry_of(batch.schema)
        shapes = np.asarray(shapely.from_wkb(batch.column(name).to_numpy(zero_copy_only=False)), dtype=object)
        shapes = to_lattice(shapely.transform(shapes, self.locator.placed) if crs.is_geographic else
                            reproject(shapes, crs, self.locator.epsg))  # fmt: skip
        shapes[~np.isfinite(shapely.bounds(shapes)).all(axis=1)] = None
        there = np.flatnonzero(~shapely.is_missing(shapes))
        owner = np.full(len(shapes), -1, dtype=np.int32)
        owner[there] = self.locator.ground.owners(representative(shapes[there]))
        out = self.locator.named(owner)
        lines = np.flatnonzero(shapely.get_dimensions(shapes) == 1)
        if len(lines):
            box = shapely.box(*shapely.total_bounds(shapes[lines])).buffer(1.0)
            for level in out:
                codes = np.asarray(out[level].to_numpy(zero_copy_only=False), dtype=object)
                near = [c for c in self.plan.codes(level) if self.plan.grid_geometry(c).intersects(box)]
                codes[lines] = road_owners(self.plan, shapes[lines], level, codes=near).to_numpy() if near else None
                out[level] = pa.array(codes, type=pa.string(), from_pandas=True)
        return out


def geometry_of(schema: pa.Schema) -> tuple[str, CRS]:
    """Return the name of the geometry of a GeoParquet file, and its CRS."""
    said = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    name = said.get("primary_column", "geometry")
    crs = said.get("columns", {}).get(name, {}).get("crs") or "EPSG:4326"
    return name, CRS.from_user_input(json.dumps(crs) if isinstance(crs, dict) else crs)


@dataclass(frozen=True)
class Counted:
    """Counts of points per grid of a level and step of time; with `spots` also what stands out.

    Attributes
    ----------
    locator
        Of one column: the grid that tiles the county at the level.
    columns
        Longitude, latitude, and the time where steps are asked for.
    step
        ``day``, ``week``, ``month``, or nothing.
    spots
        Grids and which touch which: the answer is then hot spots, and their pattern in time.
    """

    locator: Locator
    columns: tuple[str, ...]
    step: str
    spots: tuple[list[str], Any] | None = None

    def part(self, part: Part, _draft: Path) -> tuple[pd.DataFrame, list[Any], int]:
        """Return the counts of one part, the first and the last moment, and how many points are in a grid."""
        counts, moments, located = [], [], 0
        table = self.locator.levels.iloc[:, 0].to_numpy(dtype=object)
        for batch in batches(part):
            code = pd.Series(table[self.locator.owners(*degrees(batch, self.columns[:2]))], dtype=object)
            at = moments_of(batch.column(self.columns[2])) if self.step else pd.Series(pd.NaT, index=code.index)
            counts.append(hotspots.tally(code, at, self.step))
            located += int(code.notna().sum())
            known = at[code.notna() & at.notna()]
            moments += [known.min(), known.max()] if len(known) else []
        return hotspots.added(counts), moments, located

    def whole(self, found: list[tuple[pd.DataFrame, list[Any], int]], out: Path, _run: Run) -> dict[str, Any]:
        """Write the sums, or the hot spots, as one part."""
        counts = hotspots.added([f[0] for f in found])
        table = counts.drop(columns="start") if not self.step else counts.astype({"start": "datetime64[ms]"})
        if self.spots is not None:
            codes, weights = self.spots
            values = counts.groupby("code")["n"].sum().reindex(codes, fill_value=0).astype(float)
            table = hotspots.hot_spots(values, weights)
            moments = [m for f in found for m in f[1]]
            if self.step and moments:
                cube = hotspots.cube_from(counts, (min(moments), max(moments)), codes, self.step)
                table = table.join(hotspots.emerging(cube, weights)) if cube.shape[1] >= STEPS else table
            table = table.rename_axis("code").reset_index()
        table.to_parquet(out / "part-000000.parquet", index=False, compression="zstd")
        return {"located": sum(f[2] for f in found), "grids": int(table["code"].nunique())}


def moments_of(column: pa.Array) -> pd.Series[Any]:
    """Return times; the clock on the wall is meant, whatever the zone written behind it."""
    values: pd.Series[Any] = column.to_pandas()
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return pd.Series(values.dt.tz_localize(None))
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values
    text = values.astype("string").str.slice(0, 19).str.replace("T", " ", regex=False)
    return pd.Series(pd.to_datetime(text, format="ISO8601", errors="coerce"))


def level_locator(plan: Plan, level: str, datum: str) -> Locator:
    """Return what puts points into the grids that tile the county at a level."""
    heads = at_level(plan, pd.Series(plan.rows.code, dtype=object), level)
    return Locator(plan.rows, pd.DataFrame({level: [*heads.where(heads.notna(), None), None]}, dtype=object), plan.epsg, datum)

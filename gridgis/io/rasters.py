"""One door in for rasters: a GeoTIFF is copied and read by the child process, cropped to the county."""

from __future__ import annotations

import base64
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gridgis.errors import InputError
from gridgis.io.sandbox import FaultError, Limits, run_child
from gridgis.io.unpacking import check_file
from gridgis.schema import parse_crs

SUFFIXES = (".tif", ".tiff")
_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")

_FAULTS = {
    "no_band": ("没有这个波段，共 {0} 个", "it has no such band; it has {0}"),
    "no_crs": ("没有坐标系，请用 --crs 指定", "it has no coordinate system; name it with --crs"),
    "rotated": (
        "栅格是旋转或上下颠倒的，请先转为正北向上的 GeoTIFF",
        "it is rotated or upside down; make a north-up GeoTIFF of it",
    ),
    "outside": ("栅格不在本县范围内", "it does not reach the county"),
    "too_large": ("栅格的像元过多，请先裁剪到县区", "it has too many cells; crop it to the county first"),
}


@dataclass(frozen=True)
class Raster:
    """One band over a county.

    Attributes
    ----------
    values
        Rows from north to south; NaN where there is nothing.
    west, north, width, height
        Corner, and size of one cell, in `crs`.
    crs
        As WKT.
    facts
        ``total``, ``empty`` and ``below`` (number and sum of cells below zero) of the whole file, ``cells``, ``dtype``,
        ``bands``, ``unit``, ``name``.
    """

    values: NDArray[np.float64]
    west: float
    north: float
    width: float
    height: float
    crs: str
    facts: dict[str, Any]

    def under(self, shapes: Any, epsg: int, operations: list[str]) -> pd.DataFrame:
        """Return what lies under polygons, cells that an edge cuts by their part inside.

        Parameters
        ----------
        shapes
            Polygons in the CRS `epsg`.
        epsg
            Of the polygons.
        operations
            Names as exactextract knows them.
        """
        rows, columns = self.values.shape
        east, south = self.west + columns * self.width, self.north - rows * self.height
        source = NumPyRasterSource(self.values, self.west, south, east, self.north, srs_wkt=self.crs)
        frame = gpd.GeoDataFrame(geometry=np.asarray(shapes, dtype=object), crs=epsg).to_crs(self.crs)
        # Both are in one CRS now; exactextract would compare the words in which it is written.
        frame = frame.set_crs(self.crs, allow_override=True)
        return pd.DataFrame(exact_extract(source, frame, operations, output="pandas"))

    def known(self, shapes: Any, epsg: int) -> NDArray[np.float64]:
        """Return the share of the ground of polygons that has a value.

        Parameters
        ----------
        shapes, epsg
            Polygons and their CRS.
        """
        rows, columns = self.values.shape
        # A frame of cells more on every side, since what lies beyond the raster has no value either.
        there = np.zeros((rows + 2, columns + 2))
        there[1:-1, 1:-1] = np.isfinite(self.values)
        frame = gpd.GeoSeries(np.asarray(shapes, dtype=object), crs=epsg).to_crs(self.crs)
        framed = Raster(there, self.west - self.width, self.north + self.height, self.width, self.height, self.crs, {})
        inside = framed.under(shapes, epsg, ["sum"])["sum"].fillna(0.0).to_numpy(dtype=float)
        share = inside * self.width * self.height / shapely.area(frame.to_numpy())
        # Ground that is all there is not short of a millionth.
        return np.where(share > 1 - 1e-6, 1.0, share)

    def cells_of(self, points: Any, epsg: int) -> NDArray[np.int64]:
        """Return the position of the cell that each point lies in, -1 outside.

        Parameters
        ----------
        points
            Points in the CRS `epsg`.
        epsg
            Of the points.
        """
        there = gpd.GeoSeries(np.asarray(points, dtype=object), crs=epsg).to_crs(self.crs)
        column = np.floor((there.x.to_numpy() - self.west) / self.width)
        row = np.floor((self.north - there.y.to_numpy()) / self.height)
        rows, columns = self.values.shape
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        return np.where(inside, row * columns + column, -1).astype(np.int64)


def read_raster(
    path: str | Path, outline: BaseGeometry, epsg: int, *, band: str | None = None, crs: str | int | None = None
) -> Raster:
    """Read the part of a GeoTIFF that lies over a county.

    Parameters
    ----------
    path
        The file; it is copied first and never opened itself.
    outline, epsg
        Of the county.
    band
        Number of the band, the first by default.
    crs
        Coordinate system that overrides what the file says.

    Raises
    ------
    InputError
        It is no GeoTIFF, damaged, or not of this county.
    """
    path = Path(path)
    check_file(path)
    with path.open("rb") as file:
        if file.read(4) not in _TIFF:
            raise InputError(
                f"“{path.name}”不是 GeoTIFF：请转换后导入。", f"'{path.name}' is no GeoTIFF: convert it first."
            )
    if band is not None and not band.isdigit():
        raise InputError(
            f"--layer {band}：栅格请给波段号，如 1。", f"--layer {band}: for a raster give the number of a band."
        )
    wkt = None if crs is None else parse_crs(crs).to_wkt()
    with tempfile.TemporaryDirectory(prefix="gridgis-") as place:
        shutil.copyfile(path, Path(place) / "input.tif")
        job = {
            "path": "input.tif", "kind": "tif", "layer": band, "encoding": None, "crs": wkt, "county": f"EPSG:{epsg}",
            "bounds": list(outline.bounds),
        }  # fmt: skip
        try:
            answer = run_child(job, Path(place), Limits())
        except FaultError as fault:
            zh, en = _FAULTS.get(fault.kind, (fault.zh, fault.en))
            zh, en = zh.format(fault.detail), en.format(fault.detail)
            raise InputError(f"无法导入“{path.name}”：{zh}。", f"'{path.name}' cannot be imported: {en}.") from fault
    raw = answer.table.column("values")[0].as_py()
    values = np.frombuffer(raw, dtype=np.float64).reshape(answer.facts["shape"]).copy()
    a, _, c, _, e, f = answer.facts["place"]
    return Raster(values, c, f, a, -e, answer.facts["crs"], answer.facts)


def packed(raster: Raster) -> str:
    """Return a raster as the text that the county keeps: a compressed GeoTIFF in base64.

    Parameters
    ----------
    raster
        The raster.
    """
    rows, columns = raster.values.shape
    exact = bool(np.nanmax(np.abs(raster.values), initial=0.0) < 2**24)
    transform = rasterio.Affine(raster.width, 0, raster.west, 0, -raster.height, raster.north)
    profile = {
        "driver": "GTiff", "width": columns, "height": rows, "count": 1, "dtype": "float32" if exact else "float64",
        "nodata": np.nan, "crs": raster.crs, "transform": transform, "compress": "deflate", "predictor": 3,
    }  # fmt: skip
    with rasterio.MemoryFile() as memory:
        with memory.open(**profile) as out:
            out.write(raster.values.astype(profile["dtype"]), 1)
        return base64.b64encode(memory.read()).decode("ascii")


def unpacked(text: str) -> Raster:
    """Return a raster that the county keeps.

    Parameters
    ----------
    text
        Answer of `packed`.
    """
    with rasterio.MemoryFile(base64.b64decode(text)) as memory, memory.open(driver="GTiff") as source:
        values = source.read(1).astype(np.float64)
        t, crs = source.transform, source.crs.to_wkt()
    return Raster(values, t.c, t.f, t.a, -t.e, crs, {})

"""Making a county: from its outline alone, or whole from generated or imported frames."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis import codes, topology
from gridgis.cells import Cells
from gridgis.elements import Elements, gather, representative
from gridgis.errors import CodeError, InputError
from gridgis.plan import Edit, Grid, evolve, make_plan
from gridgis.schema import LAYERS, TABLES, county_epsg, reproject, to_lattice
from gridgis.scheme import Scheme, load_scheme
from gridgis.store.building import Contents, create_store


@dataclass(frozen=True)
class Founding:
    """What a county starts from; everything in its CRS on the 1 mm lattice.

    Attributes
    ----------
    cells
        Columns code (None = unassigned) and geometry: a coverage that fills the outline.
    grids
        Columns code, level, kind, name, category, class, zone.
    tables
        E-map tables by name; `boundaries` must hold the county's outline.
    """

    scheme: str | Path
    code: str
    name: str
    epsg: int
    kind: str
    outline: Any
    cells: gpd.GeoDataFrame
    grids: pd.DataFrame
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    meta: Mapping[str, str] = field(default_factory=dict)


def scheme_text(name_or_path: str | Path) -> str:
    """Return the TOML of a scheme, shipped or in a file."""
    shipped = resources.files("gridgis") / "schemes" / f"{name_or_path}.toml"
    return (shipped if shipped.is_file() else Path(name_or_path)).read_text(encoding="utf-8")


def county_code(scheme: Scheme, code: object) -> str:
    """Return a checked county code.

    Raises
    ------
    CodeError
        It is not `scheme.county_digits` digits.
    """
    text = codes.parse(code, scheme.widths)
    if len(text) != scheme.county_digits:
        raise CodeError(
            f"“{text}”不是县区编码：体系“{scheme.name}”的县区编码为 {scheme.county_digits} 位。",
            f"'{text}' is not a county code: scheme '{scheme.name}' has {scheme.county_digits} digits for the county.",
        )
    return text


def project_outline(shape: Any, crs: Any) -> tuple[Any, int]:
    """Return an outline in the CGCS2000 3-degree zone of its centroid, on the lattice, and the zone's EPSG code.

    Raises
    ------
    InputError
        The outline is empty or is no area.
    """
    polygons = [p for p in shapely.get_parts(shapely.make_valid(shape)) if p.geom_type in ("Polygon", "MultiPolygon")]
    if not polygons:
        raise InputError(
            "县区边界中没有面：请提供含 Polygon 的边界文件。", "The boundary holds no area: give a file with polygons."
        )
    union = shapely.union_all(polygons)
    centre = reproject(union.centroid, crs, 4490)
    epsg = county_epsg(centre.x, centre.y)
    clean = shapely.set_precision(to_lattice(reproject(union, crs, epsg)), 0.001)
    # set_precision may leave coordinates off by a rounding bit; the lattice is decimal.
    clean = shapely.normalize(to_lattice(clean))
    if clean.is_empty or not shapely.is_valid(clean) or clean.geom_type not in ("Polygon", "MultiPolygon"):
        raise InputError(
            "县区边界无法整理为有效的面：请检查边界文件。",
            "The boundary cannot be made into a valid area: check the file.",
        )
    return clean, epsg


def new_county(
    path: str | Path, scheme: str | Path, code: object, boundary: Any, crs: Any = 4326, name: str = ""
) -> None:
    """Make a county that holds nothing but its outline, as one cell that no grid has yet.

    Parameters
    ----------
    path
        GeoPackage file to make, or ``postgresql://...``.
    scheme
        Name of a shipped scheme, or a TOML file.
    code
        The county's code.
    boundary
        Polygon or MultiPolygon.
    crs
        CRS of the boundary.
    name
        Name of the county.

    Raises
    ------
    InputError
        Something given cannot be used; nothing is left behind.
    """
    rules = load_scheme(scheme)
    text = county_code(rules, code)
    outline, epsg = project_outline(boundary, crs)
    parts = shapely.get_parts(outline)
    cells = gpd.GeoDataFrame({"code": [None] * len(parts)}, geometry=list(parts), crs=epsg)
    grids = pd.DataFrame(columns=["code", "level", "kind", "name", "category", "class", "zone"])
    found(path, Founding(scheme, text, name, epsg, "new", outline, cells, grids))


def found(path: str | Path, given: Founding) -> None:
    """Write a county file with `given` as its first version; it appears only when complete."""
    rules = load_scheme(given.scheme)
    polygons = topology.canonical(np.asarray(given.cells.geometry.values, dtype=object))
    tables = {t: located(f, t) for t, f in given.tables.items() if t in TABLES}
    edge = pd.DataFrame(tables.pop("boundaries", pd.DataFrame()))
    if not len(edge) or "county" not in set(edge["level"]):
        row = {"code": given.code, "level": "county", "name": given.name, "geometry": given.outline}
        edge = pd.concat([pd.DataFrame([row]), edge], ignore_index=True)
    tables["boundaries"] = edge
    elements = frame_elements(tables)
    cells = Cells.of(range(1, len(polygons) + 1), [None if pd.isna(c) else str(c) for c in given.cells["code"]],
                     polygons, elements.tally(polygons))  # fmt: skip
    grids = _grid_rows(given.grids)
    plan = make_plan(rules, given.code, given.epsg, given.outline)
    at = dt.datetime.now(dt.UTC).astimezone().isoformat(timespec="seconds")
    edit = Edit(given.kind, {given.kind: given.code}, Cells.none(), cells, (), grids, version=1, at=at)
    after = evolve(plan, edit)
    edit = replace(edit, hash=after.hash)
    meta = {"scheme": rules.name, "code": given.code, "name": given.name, "epsg": str(given.epsg)} | dict(given.meta)
    shapes = {c: after.grid_geometry(c) for c in sorted(after.grids, key=len, reverse=True)}
    meta["scheme_toml"] = scheme_text(given.scheme)
    create_store(path, rules, meta, edit, Contents(tables, shapes))


def _grid_rows(frame: pd.DataFrame) -> tuple[Grid, ...]:
    names = ["code", "level", "kind", "name", "category", "class", "zone"]
    plain = frame.reindex(columns=names).astype(object).fillna("")
    rows = ([str(v) for v in row] for row in plain.itertuples(index=False, name=None))
    return tuple(Grid(r[0], r[1], r[2], r[3], r[4], r[5], r[6]) for r in rows)


def located(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return rows with the columns x, y that elements are counted by; rows of map layers get points from x, y."""
    if "geometry" in frame.columns:
        if "x" in frame.columns or not len(frame):
            return frame
        xy = representative(frame["geometry"])
        return frame.assign(x=xy[:, 0], y=xy[:, 1])
    if {"x", "y"} <= set(frame.columns) and table in LAYERS:
        return frame.assign(geometry=np.asarray(shapely.points(frame[["x", "y"]].to_numpy(float)), dtype=object))
    return frame


def frame_elements(tables: Mapping[str, pd.DataFrame]) -> Elements:
    """Return the elements of e-map frames, for counting."""

    def read(table: str, columns: Sequence[str]) -> NDArray[np.float64]:
        frame = tables.get(table, pd.DataFrame())
        values = pd.DataFrame(frame).reindex(columns=["x", "y", *columns]).to_numpy(dtype=np.float64)
        values = values[np.isfinite(values[:, 0])]
        return np.asarray(np.nan_to_num(values))

    return gather(read)

"""Proposals of a county: made, kept in a file with a layer for each, and taken over as a draft."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray

from gridgis.branches import Branch, branches, drop_branch, open_branch, start_branch
from gridgis.county import County
from gridgis.errors import GridgisError, InputError
from gridgis.io.projecting import projection
from gridgis.io.reading import read_vector
from gridgis.outgoing.placing import drafting, refuse_county
from gridgis.plan import Edit
from gridgis.propose.adoption import adoption, plan_from_polygons
from gridgis.propose.proposing import Proposal, level_of, propose
from gridgis.propose.wanted import Tell, Wanted


@dataclass(frozen=True, eq=False)
class Parts:
    """A division of cells, as `gridgis.propose.adoption.adoption` takes it."""

    level: str
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    command: dict[str, Any]
    written: dict[int, dict[str, str]] | None = None

    def edit(self, county: County) -> Edit:
        """Return the edit that makes grids of it on the present plan of a county or draft."""
        return adoption(county.plan, self.level, self.rows, self.labels, command=self.command, written=self.written)


@dataclass(frozen=True)
class Adopted:
    """What taking over a proposal came to.

    Attributes
    ----------
    branch
        The draft.
    edit
        The one edit in it.
    """

    branch: Branch
    edit: Edit


def propose_grids(county: County, within: str | Any, wanted: Wanted | None = None, tell: Tell | None = None) -> Proposal:
    """Propose grids inside an area of a county, several different ways.

    Parameters
    ----------
    county
        The county; it is not changed.
    within
        Code of a grid or of the county, key of a zone, or a polygon in the county's CRS.
    wanted
        Band, weight, number of alternatives, seed, locked grids and more.
    tell
        Told the share done and what is being done; it may raise to stop.

    Returns
    -------
    Proposal
        The alternatives, each with its figures and a frame of polygons in the county's CRS; and notes in both languages.

    Raises
    ------
    InputError
        The area, band or weight cannot be used.
    CodeError
        There is no such grid.
    """
    return propose(county.plan, county.table, within, wanted, tell)


def places_of(county: County, kind: str) -> NDArray[np.float64]:
    """Return where the places of a kind lie, (n, 2) in the county's CRS.

    Raises
    ------
    InputError
        There is none.
    """
    places = county.table("places", ("kind", "x", "y"))
    found = places.loc[places["kind"] == kind, ["x", "y"]].to_numpy(dtype=np.float64)
    if not len(found):
        known = "、".join(sorted(str(k) for k in places["kind"].dropna().unique())) or "（无）"
        raise InputError(
            f"没有类别为“{kind}”的场所：现有类别 {known}；也可给出点的 GeoJSON 文件。",
            f"There is no place of kind '{kind}': there are {known.replace('、', ', ').replace('（无）', 'none')}; a GeoJSON "
            "file of points will do too.",
        )
    return np.asarray(found)


def write_layers(layers: Sequence[tuple[str, gpd.GeoDataFrame]], out: Path) -> None:
    """Write a GeoPackage with these layers; the file appears whole or not at all.

    Raises
    ------
    InputError
        The file is a county, or cannot be written.
    """
    if out.suffix.lower() != ".gpkg":
        raise InputError(
            f"“{out}”应以 .gpkg 结尾：每个方案是其中一个图层。", f"'{out}' must end in .gpkg: each alternative is a layer of it."
        )
    refuse_county(out)
    with drafting(out) as folder, warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning)
        for name, frame in layers:
            part = folder / out.name
            pyogrio.write_dataframe(frame, part, layer=name, driver="GPKG", append=part.exists(), VERSION="1.3")


def write_proposal(proposal: Proposal, out: Path) -> None:
    """Write one polygon layer for each alternative.

    Raises
    ------
    InputError
        The file is a county, or cannot be written.
    """
    write_layers([(a.key, a.frame) for a in proposal.alternatives], out)


def read_polygons(county: County, path: Path, layer: str | None) -> tuple[NDArray[np.object_], Any]:
    """Return the polygons of a layer in the county's CRS, and the rows.

    Raises
    ------
    InputError
        The file cannot be read or holds no polygon.
    """
    source = read_vector(path, layer=layer)
    raw = np.asarray(source.frame.geometry.values, dtype=object)
    drawn = shapely.get_dimensions(raw) == 2
    if not drawn.any():
        raise InputError(f"“{path}”中没有面：请给出 propose 写出的文件。", f"'{path}' holds no polygon: give a file that propose wrote.")
    frame = source.frame[drawn]
    if frame.crs is not None and frame.crs.to_epsg() == county.crs:
        return raw[drawn], frame
    return np.asarray(projection(frame.crs, county.crs).direct(raw[drawn]), dtype=object), frame


def adopt_proposal(
    county: County, path: Path, layer: str | None = None, *, level: str = "", name: str = "", signed: tuple[str, str] = ("", "")
) -> Adopted:
    """Take over a layer of a proposal as a draft of its own, with one edit in it.

    Parameters
    ----------
    county
        The county; its main line is not changed.
    path, layer
        File and layer; a file of a single layer needs no name.
    level
        Key of the level; by default the one that `propose` takes.
    name
        Name of the draft; made from that of the layer by default.
    signed
        Who adopts it, and why.

    Raises
    ------
    InputError
        The file cannot be used, or it is what stands already.
    RefusedError
        A boundary of the layer cuts a cell.
    """
    polygons, frame = read_polygons(county, path, layer)
    level = level_of(county.plan, level)
    rows, labels = plan_from_polygons(county.plan, polygons)
    command = {"adopt": level, "file": path.name, "layer": layer or ""}
    return adopt_cells(county, Parts(level, rows, labels, command, _written(county, frame)), name or layer or path.stem, signed)


def adopt_cells(county: County, parts: Parts, name: str, signed: tuple[str, str] = ("", "")) -> Adopted:
    """Make a draft of a division of cells: see `adopt_proposal`.

    Parameters
    ----------
    county
        The county.
    parts
        The division.
    name
        What the draft is called; a number is added where that is taken.
    signed
        Who adopts it, and why.
    """
    by, reason = signed
    parts.edit(county)
    found = start_branch(county, _free_name(county, name), by=by, note=reason)
    try:
        edit = open_branch(county, found.name).apply(parts.edit(open_branch(county, found.name)), by=by, reason=reason)
    except GridgisError:
        drop_branch(county, found.name, by=by)
        raise
    return Adopted(next(b for b in branches(county) if b.name == found.name), edit)


def _written(county: County, frame: Any) -> dict[int, dict[str, str]]:
    """Return category and class of each polygon, where the scheme knows them."""
    known = {"category": {c.key for c in county.scheme.categories}, "class": {c.key for c in county.scheme.classes}}
    out: dict[int, dict[str, str]] = {}
    for column, keys in known.items():
        if column in frame.columns:
            for k, value in enumerate(frame[column].astype(str)):
                if value in keys:
                    out.setdefault(k, {})["class_" if column == "class" else column] = value
    return out


def _free_name(county: County, name: str) -> str:
    name = re.sub(r"\s+", " ", name).strip()[:48] or "proposal"
    taken = {b.name for b in branches(county)}
    return next(n for n in (name, *(f"{name}-{k}" for k in range(2, len(taken) + 3))) if n not in taken)

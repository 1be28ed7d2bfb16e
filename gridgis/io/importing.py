"""A drawn file becomes cells, grids and boundaries of a county, with the report of what happened.

::

    result = plan_import(path, target, Options(as_="grids"), progress=None)

``target`` is what the county is now: ``Target(widths, level_keys, county_code, epsg, outline, existing)``;
``widths`` and ``level_keys`` run coarse to fine, the county's first (``(6, 9, 12, 15)``, ``("county",
"township", "community", "unit")``); ``existing`` is a GeoDataFrame of the live cells, index ``id``, columns
``code`` and ``geometry``.

``result.cells``
    None when no cell changes, else *all* cells after the import: ``code``, ``geometry`` (canonical, on the
    lattice, filling the outline), ``id`` of the existing cell that is kept byte-equal with its code, else -1.
``result.grids``
    ``code, level, name, kind, category, class, zone`` and mapped register columns, one row a grid of the
    file, and with ``implied`` True one row for each ancestor that the file does not name (its name is its
    code); add implied rows only where the county has none.
``result.boundaries``
    ``code, level, name, geometry`` for ``as_="boundaries"``, else empty.
``result.report``
    The keys of the contract; ``applied`` is False and the caller's to set, as are ``households`` of changes.
``result.error``
    None, or what must be raised unless this is a dry run: `InputError` for rows that cannot enter,
    `RefusedError` for faults too large to mend. `plan_import` itself raises only when the file cannot be
    read or an option makes no sense.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import shapely

from gridgis.cleaning.repair import Net, Repaired, Terms, overlay_grids
from gridgis.datums import check_datum
from gridgis.errors import InputError
from gridgis.io.accounts import Draft, ImportResult, Target, finish
from gridgis.io.asking import Options
from gridgis.io.crs import Near
from gridgis.io.numbering import number, read_names
from gridgis.io.placing import place_areas
from gridgis.io.reading import read_vector
from gridgis.io.recognise import recognise
from gridgis.io.rests import beside, left_over, words_of

__all__ = ["ImportResult", "Options", "Target", "plan_import"]

Progress = Callable[[float, str], None]


def plan_import(
    path: str | Path, target: Target, options: Options | None = None, progress: Progress | None = None
) -> ImportResult:
    """Work out what an import would do; nothing is saved.

    Parameters
    ----------
    path
        File with grids or boundaries.
    target
        The county as it is.
    options
        What the user asked for.
    progress
        Called with the share done and a word on what is being done.

    Returns
    -------
    ImportResult
        Cells, grids, boundaries, report, and what stands in the way.

    Raises
    ------
    InputError
        The file cannot be read, its codes cannot be found, or an option is not known.
    """
    options = options or Options()
    check_datum("wgs84" if options.datum == "auto" else options.datum)
    crs = options.crs or Near(target.outline, target.epsg)
    source = read_vector(path, layer=options.layer, encoding=options.encoding, crs=crs, polygons=True)
    draft = Draft(Path(path).name, target, options, source)
    numbered = options.number and options.as_ == "grids"
    (read_names if numbered else _read_attributes)(draft)
    _check_geometry(draft)
    _place(draft)
    if numbered:
        number(draft)
    _hold_levels_together(draft)
    if draft.good.any():
        _overlay(draft, progress)
    return finish(draft)


def _read_attributes(draft: Draft) -> None:
    table = draft.source.frame.drop(columns=draft.source.frame.geometry.name)
    target, options = draft.target, draft.options
    alone = options.as_ == "boundaries" and (table.shape[1] == 0 or len(table) == 1)
    try:
        if table.shape[1] == 0:
            raise InputError("", "")
        found = recognise(table, target.widths, target.county_code, options.fields, target.letters)
    except InputError:
        if not alone or options.fields:
            if table.shape[1] == 0:
                raise InputError(
                    f"“{draft.name}”没有属性，无法得知编码：只能用 --as boundaries 作为县区边界导入。",
                    f"'{draft.name}' has no attributes, so no codes: it can only be imported as the county's "
                    "boundary, with --as boundaries.",
                ) from None
            raise
        draft.codes[:] = target.county_code
        draft.evidence.append(("没有编码：作为县区边界", "there are no codes: taken as the county's boundary"))
        return
    draft.found = found
    draft.codes[:] = found.codes.to_numpy(object)
    draft.names[:] = found.names.to_numpy(object)
    draft.evidence.extend(found.evidence)
    for row, reason in found.rejected.items():
        draft.reject(row, reason)
    if options.level is not None:
        width = target.width(options.level)
        for at in np.flatnonzero([c is not None and len(c) != width for c in draft.codes]):
            reason = (
                f"编码“{draft.codes[at]}”不是该层级",
                f"the code '{draft.codes[at]}' is of another level",
            )
            draft.reject(int(at) + 1, reason)


def _check_geometry(draft: Draft) -> None:
    for at, geometry in enumerate(draft.source.frame.geometry):
        if geometry is None or geometry.is_empty:
            draft.reject(at + 1, ("没有图形", "it has no geometry"))
        elif geometry.geom_type not in ("Polygon", "MultiPolygon"):
            kind = geometry.geom_type
            draft.reject(at + 1, (f"图形是 {kind}，不是面", f"its geometry is a {kind}, not a polygon"))
        elif not shapely.area(shapely.make_valid(geometry)) > 0:
            draft.reject(at + 1, ("图形没有面积", "its geometry has no area"))


def _place(draft: Draft) -> None:
    """Bring the good rows into the county's CRS, stating what speaks for which datum."""
    raw = np.asarray(draft.source.frame.geometry.values, object)[draft.good]
    target = draft.target
    cells = np.asarray(target.existing.geometry.values, object)
    placed = place_areas(raw, draft.source, target.epsg, target.outline, draft.options.datum, cells)
    draft.datum, draft.seen, draft.invalid = placed.datum, placed.seen, placed.invalid
    draft.confidence, draft.candidates = placed.confidence, placed.candidates
    draft.evidence.extend(placed.evidence)
    draft.polygons = placed.geometries


def _hold_levels_together(draft: Draft) -> None:
    """Keep out rows whose code is that of a divided grid whose parts lie elsewhere; say what parts leave over."""
    codes = np.array([c if c != draft.target.county_code else "" for c in draft.codes[draft.good]], object)
    inner = np.flatnonzero(codes != "")
    wrong = beside(codes[inner], draft.polygons[inner])
    rows = np.flatnonzero(draft.good)[inner]
    for at, below in wrong:
        code = draft.codes[rows[at]]
        reason = (
            f"编码读作“{code}”，但该网格的下级（如 {below}）都画在别处：请改正编码；末尾的零表示没有下一级，序号从 1 起",
            f"its code was read as '{code}', but that grid's finer grids (such as {below}) are drawn elsewhere: correct the "
            "code; zeros at its end mean that a level is missing, numbers run from 1",
        )
        draft.reject(int(rows[at]) + 1, reason)
    kept = np.ones(len(codes), bool)
    kept[inner[[at for at, _ in wrong]]] = False
    draft.polygons = draft.polygons[kept]
    left = kept[inner]
    draft.notes.extend(
        left_over(codes[inner][left], draft.polygons[(codes != "")[kept]], draft.options.repair_below_m2)
    )


def _overlay(draft: Draft, progress: Progress | None) -> None:
    leaf = draft.leaf_rows()
    if not leaf.any():
        return
    target = draft.target
    cells = target.existing
    held = tuple(None if c is None or c != c else str(c) for c in cells["code"])
    existing = Net(np.asarray(cells.geometry.values, object), held)
    labels = tuple(str(c) for c in draft.codes[draft.good][leaf])
    draft.repaired = overlay_grids(
        target.outline,
        existing,
        Net(draft.polygons[leaf], labels),
        terms=Terms(
            draft.options.repair_below_m2,
            {code: target.parent(code) for code in labels},
            {key: decision for key, (decision, _) in draft.options.decisions.items()},
        ),
        progress=progress,
    )
    draft.notes.extend(words_of(_bared(existing, draft.repaired)))


def _bared(existing: Net, repaired: Repaired) -> dict[str, float]:
    """Return the land that cells of the county lost without another grid having it, by their code."""
    bare = np.array([label is None for label in repaired.labels], bool)
    if not bare.any():
        return {}
    free = shapely.union_all(repaired.polygons[bare])
    touched = shapely.intersects(existing.polygons, free)
    areas: dict[str, float] = {}
    for at in np.flatnonzero(touched).tolist():
        code, lost = existing.labels[at], float(shapely.area(shapely.intersection(existing.polygons[at], free)))
        if code is not None and lost > 0:
            areas[code] = areas.get(code, 0.0) + lost
    return areas

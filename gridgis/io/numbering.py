"""Codes for grids that a file brings without any of the scheme: numbered where they lie, in the scheme's order."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from gridgis.cleaning.noding import Geometries
from gridgis.errors import InputError
from gridgis.io.accounts import Draft
from gridgis.io.recognise import name_column, plain_text

_SHARE = 0.5


def read_names(draft: Draft) -> None:
    """Take the names of a file whose rows are to be numbered, and leave the codes for later.

    Parameters
    ----------
    draft
        The import.

    Raises
    ------
    InputError
        A column of codes was named as well.
    """
    fields = draft.options.fields
    if "code" in fields:
        raise InputError(
            "--number 由程序编号，--field code= 用文件中的编码：请只用其一。",
            "--number makes codes and --field code= takes those of the file: use one of them.",
        )
    table = draft.source.frame.drop(columns=draft.source.frame.geometry.name)
    name = name_column(table, fields, draft.evidence)
    if name is not None:
        draft.names[:] = table[name].map(plain_text).to_numpy(object)


def number(draft: Draft) -> None:
    """Give every good row the next free code under the grid of the level above that holds most of it.

    Parameters
    ----------
    draft
        The import, its polygons in the county's CRS.

    Raises
    ------
    InputError
        The level is not known.
    CodeError
        A grid has no number left for another below it.
    """
    target = draft.target
    level = draft.options.level or target.level_keys[1]
    width = target.width(level)
    above = target.widths[target.widths.index(width) - 1]
    rows = np.flatnonzero(draft.good)
    parents = _parents(draft, above)
    for at in np.flatnonzero(parents == None).tolist():  # noqa: E711 - elementwise
        zh = f"不在任何 {above} 位编码的网格里：请先导入上一级"
        en = f"it lies in no grid with a code of {above} digits: import the level above first"
        draft.reject(int(rows[at]) + 1, (zh, en))
    kept = np.asarray(parents != None)  # noqa: E711 - elementwise
    draft.polygons, parents, rows = draft.polygons[kept], parents[kept], rows[kept]
    for parent in sorted({str(p) for p in parents}):
        mine = np.flatnonzero(parents == parent)
        _number_under(draft, parent, width, rows[mine], draft.polygons[mine])
    stated = len({str(p) for p in parents})
    draft.evidence.append(
        (f"文件没有采用其编码：{len(rows)} 个网格按体系的次序编号（上级 {stated} 个）",
         f"no codes of the file were used: {len(rows)} grids were numbered in the scheme's order (parents: {stated})")
    )  # fmt: skip


def _number_under(draft: Draft, parent: str, width: int, rows: NDArray[np.intp], polygons: Geometries) -> None:
    scheme, target = draft.target.scheme, draft.target
    assert scheme is not None
    stem = parent + target.letters.get(len(parent), "")[:1]
    used = {c for c in target.ledger if len(c) == width and c.startswith(stem)}
    middle = shapely.get_coordinates(shapely.point_on_surface(polygons))
    for k in scheme.reading_order(middle[:, 0], middle[:, 1]).tolist():
        code = scheme.next_code(stem, width, used)
        used.add(code)
        draft.codes[rows[k]] = code


def _parents(draft: Draft, width: int) -> NDArray[np.object_]:
    """Return the code of so many digits that most of each polygon lies in, None where none has half of it."""
    target = draft.target
    if width == target.widths[0]:
        return np.full(len(draft.polygons), target.county_code, object)
    held = np.array([str(c) if c and c == c else "" for c in target.existing["code"]], object)
    codes = sorted({c[:width] for c in held if len(c) >= width})
    cells = np.asarray(target.existing.geometry.values, object)
    best, most = np.full(len(draft.polygons), None, object), np.zeros(len(draft.polygons))
    for code in codes:
        ground = shapely.union_all(cells[[h.startswith(code) for h in held]])
        shapely.prepare(ground)
        near = np.flatnonzero(shapely.intersects(ground, draft.polygons))
        share = shapely.area(shapely.intersection(draft.polygons[near], ground)) / shapely.area(draft.polygons[near])
        better = share > np.maximum(most[near], _SHARE)
        best[near[better]], most[near[better]] = code, share[better]
    return best

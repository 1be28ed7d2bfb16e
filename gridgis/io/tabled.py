"""Tables whose rows have a place: CSV, TSV and XLSX with two columns of numbers, one of pairs, or WKT.

Every row is kept, as text and exactly as written; one whose place cannot be read has no geometry, and the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gridgis.errors import InputError
from gridgis.io.pointrows import (
    NO_DEGREES,
    datum_named,
    pairs_of,
    place_columns,
    plain,
    point_of,
    told_by_content,
)
from gridgis.io.sandbox import Limits
from gridgis.io.sheets import Book, Cell, Sheet, read_book

Words = tuple[str, str]

TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
_WKT = re.compile(
    r"(?:SRID=(\d+);)?\s*((?:POINT|LINESTRING|POLYGON|MULTI\w+|GEOMETRYCOLLECTION)\s*[ZM]{0,2}\s*[(E].*)",
    re.IGNORECASE | re.DOTALL,
)
_HEAD_WITHIN = 10
_SAMPLE = 200
_TITLE = 2
"""A title, a unit and the like; rows of a table hold more."""


@dataclass(frozen=True)
class Tabled:
    """Rows of a table with their places.

    Parameters
    ----------
    columns
        Text of the cells by header, without those that the places were read from.
    geometry
        Of each row, None where there is a reason.
    crs
        As the WKT says, degrees as WGS84, else None.
    facts
        What `gridgis.io.source.Source` says of it.
    """

    columns: pd.DataFrame
    geometry: NDArray[np.object_]
    crs: str | None
    facts: dict[str, Any]


@dataclass
class _Places:
    shapes: list[Any]
    reasons: dict[int, Words]
    used: tuple[int, ...]
    evidence: list[Words]
    crs: str | None = None


def read_table(path: Path, layer: str | None, encoding: str, limits: Limits | None) -> Tabled:
    """Read a table and the places of its rows.

    Parameters
    ----------
    path
        CSV, TSV or XLSX.
    layer
        Sheet to read, where several are filled.
    encoding
        Of text; ``auto`` finds it.
    limits
        What the reading process may use.

    Raises
    ------
    InputError
        The file cannot be read, or it is not clear which sheet is meant.
    """
    book = read_book(path, encoding=encoding, limits=limits)
    sheet = _chosen(book, layer)
    head = _head_row(sheet)
    header = _header(sheet.rows[head], sheet.columns)
    lines = [n for n in sorted(sheet.rows) if n > head]
    bare = _is_data(sheet, head, lines)
    if bare:
        header, lines = _header({}, sheet.columns), [head, *lines]
    rows = [[_text(sheet.rows[n].get(k)) for k in range(1, len(header) + 1)] for n in lines]
    places = _places(header, rows)
    for at in [k for k, n in enumerate(lines) if n in sheet.broken]:
        places.shapes[at] = None
        places.reasons[at + 1] = ("该行的引号没有闭合", "a quotation mark of this row never closes")
    if bare:
        said = (
            "没有表头，第一行即是数据，各列称为“列1”“列2”……",
            "there are no headers: the first row holds data; columns are 列1, 列2 …",
        )
        places.evidence.insert(0, said)
    above = sum(n < head for n in sheet.rows)
    if above:
        places.evidence.append(
            (f"表头以上有 {above} 行，按标题处理", f"{above} rows above the header were taken as titles")
        )
    kept = [k for k in range(len(header)) if k not in places.used]
    data = pd.DataFrame({header[k]: pd.Series([r[k] or None for r in rows], dtype=object) for k in kept})
    facts = {
        "driver": book.facts["driver"], "encoding": book.facts["encoding"], "rows": len(rows),
        "layers": [s.name for s in book.sheets if s.name], "layer": sheet.name or None, "lines": lines,
        "reasons": places.reasons, "evidence": places.evidence, "place_columns": [header[k] for k in places.used],
        "members": {"datum": datum_named(tuple(header[k] for k in places.used))},
    }  # fmt: skip
    geometry = np.empty(len(rows), object)
    geometry[:] = places.shapes
    return Tabled(data, geometry, places.crs, facts)


def _chosen(book: Book, layer: str | None) -> Sheet:
    named = [s for s in book.sheets if s.name == layer]
    if named:
        return named[0]
    names = "、".join(s.name for s in book.sheets)
    if layer is not None and names and layer not in (Path(book.name).stem, book.name):
        raise InputError(
            f"“{book.name}”中没有工作表“{layer}”，现有：{names}。",
            f"'{book.name}' has no sheet '{layer}'; there are: {names.replace('、', ', ')}.",
        )
    seen = [s for s in book.sheets if not s.hidden] or list(book.sheets)
    placed = [s for s in seen if place_columns(_header(s.rows[_head_row(s)], s.columns))] if len(seen) > 1 else seen
    if len(seen) > 1 and len(placed) != 1:
        raise InputError(
            f"“{book.name}”有多个工作表（{names}）：请用 --layer 指定一个。",
            f"'{book.name}' has several sheets ({names.replace('、', ', ')}): name one with --layer.",
        )
    return placed[0]


def _head_row(sheet: Sheet) -> int:
    """Return the row of the headers: the first that names columns of coordinates, else the first filled one.

    Only titles may stand above it: rows with fewer things in them, so that no row of the table is passed over.
    """
    first = sorted(sheet.rows)[:_HEAD_WITHIN]
    for n in first:
        values = [plain(_text(cell)) for cell in sheet.rows[n].values()]
        # "POINT (117 40)" would do for a header, but is what stands beneath one.
        if any(_VALUE.fullmatch(t) or _WKT.fullmatch(t) for t in values):
            break
        if place_columns(_header(sheet.rows[n], sheet.columns)):
            return n
        if len({cell.text for cell in sheet.rows[n].values()}) > _TITLE:
            break
    return first[0]


_VALUE = re.compile(r"-?\d+\.\d{2,}|\d{9,}")
"""No header looks like this; a year or a month may be one."""


def _is_data(sheet: Sheet, head: int, lines: list[int]) -> bool:
    """Tell whether the row taken for headers is one of data: coordinates, codes or WKT, like those beneath it."""
    for column, cell in sheet.rows[head].items():
        like = _VALUE if _VALUE.fullmatch(plain(_text(cell))) else _WKT if _WKT.fullmatch(plain(_text(cell))) else None
        beneath = [plain(_text(sheet.rows[n].get(column))) for n in lines[:_SAMPLE]]
        if like is not None and sum(bool(like.fullmatch(t)) for t in beneath) * 2 >= len(beneath):
            return True
    return False


def _header(row: Mapping[int, Cell], columns: int) -> list[str]:
    """Return one name for each column, no two alike and none empty."""
    names: list[str] = []
    for k in range(1, columns + 1):
        name = plain(_text(row.get(k))) or f"列{k}"
        while name in names or name == "geometry_":
            name += "_"
        names.append(name)
    return names


def _text(cell: Cell | None) -> str:
    """Return what a cell holds, whole numbers without a point."""
    if cell is None or cell.kind == "formula":
        return ""
    if cell.kind == "number" and re.fullmatch(r"-?\d+\.0", cell.text):
        return cell.text[:-2]
    return cell.text


def _places(header: list[str], rows: list[list[str]]) -> _Places:
    shapes = _shape_column(rows)
    if shapes is not None:
        return _of_shapes([r[shapes] for r in rows], shapes, header[shapes])
    used = place_columns(header)
    if len(used) < 2 and not any(isinstance(point_of(r[used[0]])[0], float) for r in rows if used):
        used = told_by_content(rows[:_SAMPLE]) or used
    if len(used) == 2:
        pairs = pairs_of([r[used[0]] for r in rows], [r[used[1]] for r in rows])
    elif used:
        pairs = [point_of(r[used[0]]) for r in rows]
    else:
        said = (
            f"没有认出坐标列（经度、纬度，lon、lat，x、y 或 WKT），现有列：{'、'.join(header)[:200]}",
            f"no columns of coordinates (lon and lat, x and y, WKT) were found; it has {', '.join(header)[:200]}",
        )
        reasons = dict.fromkeys(range(1, len(rows) + 1), ("没有坐标", "no coordinates"))
        return _Places([None] * len(rows), reasons, (), [said], "EPSG:4326")
    return _of_pairs(pairs, used, [header[k] for k in used])


def _shape_column(rows: list[list[str]]) -> int | None:
    """Return the first column that mostly holds WKT."""
    for k in range(len(rows[0]) if rows else 0):
        filled = [r[k] for r in rows[:_SAMPLE] if r[k].strip()]
        if filled and sum(bool(_WKT.fullmatch(plain(t))) for t in filled) * 2 > len(filled):
            return k
    return None


def _of_shapes(texts: list[str], column: int, name: str) -> _Places:
    found = [_WKT.fullmatch(plain(t)) for t in texts]
    shapes = shapely.from_wkt(np.array([m[2] if m else None for m in found], object), on_invalid="ignore")
    reasons = {
        at: ("WKT 无法读出", "its WKT cannot be read") if text.strip() else ("没有坐标", "no coordinates")
        for at, (text, shape) in enumerate(zip(texts, shapes, strict=True), 1) if shape is None
    }  # fmt: skip
    systems = {m[1] for m in found if m and m[1]}
    crs = f"EPSG:{systems.pop()}" if len(systems) == 1 else _degrees(shapely.get_coordinates(shapes))
    said = (f"图形取自“{name}”列的 WKT", f"geometry was read from the WKT of column '{name}'")
    return _Places(list(shapes), reasons, (column,), [said], crs)


def _of_pairs(pairs: list[tuple[Any, Any]], used: tuple[int, ...], names: list[str]) -> _Places:
    good = np.array([isinstance(a, float) for a, _ in pairs], bool)
    xy = np.array([p if ok else (np.nan, np.nan) for p, ok in zip(pairs, good, strict=True)], float).reshape(-1, 2)
    reasons: dict[int, Words] = {k + 1: pairs[k] for k in np.flatnonzero(~good).tolist()}
    crs = _degrees(xy[good])
    evidence = [(f"坐标取自列：{'、'.join(names)}", f"places were read from: {', '.join(names)}")]
    if crs is not None:
        evidence.append(("坐标是度数，按经度、纬度读取", "the numbers are degrees: read as longitude and latitude"))
        off = good & ~(np.abs(xy) <= [180, 90]).all(axis=1)
        # Two columns that are swapped as a whole are turned round later, as in any other file.
        if not _swapped(xy[good]):
            reasons |= {k + 1: NO_DEGREES for k in np.flatnonzero(off).tolist()}
            good &= ~off
    shapes: list[Any] = [shapely.Point(p) if ok else None for p, ok in zip(xy.tolist(), good, strict=True)]
    return _Places(shapes, reasons, used, evidence, crs)


def _swapped(xy: NDArray[np.float64]) -> bool:
    """Tell whether most of the numbers are latitude before longitude."""
    return bool(len(xy)) and bool(np.mean((np.abs(xy[:, 1]) > 90) & (np.abs(xy[:, 0]) <= 90)) > 0.5)


def _degrees(xy: NDArray[np.float64]) -> str | None:
    return "EPSG:4326" if not len(xy) or float(np.mean(np.abs(xy).max(axis=1) <= 180)) >= 0.5 else None

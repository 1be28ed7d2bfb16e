"""A file from outside brought before the plan: its rows read, its codes made readable, its polygons put in place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgis.cleaning.repair import valid_polygons
from gridgis.county import County
from gridgis.datums import check_datum, is_shifted, shift_geometries
from gridgis.errors import InputError
from gridgis.io.evidence import best_view, datum_views, datum_words
from gridgis.io.projecting import projection
from gridgis.io.reading import Source, read_vector
from gridgis.io.recognise import Recognised, recognise
from gridgis.io.sheets import Cell, Sheet, read_book
from gridgis.matches.matching import MIN_IOU, Matching, match
from gridgis.matches.verdicts import Words
from gridgis.plan import Plan
from gridgis.registers.values import LostError, plain, text_value
from gridgis.scheme import Scheme

_SHEETS, _TEXTS = (".xlsx", ".xlsm"), (".csv", ".tsv", ".txt")
_LOOKED_AT = 30


@dataclass(frozen=True)
class How:
    """How a file is to be read.

    Attributes
    ----------
    code_field, name_field
        Columns of the file; empty where they are to be recognised.
    level
        Level to match; empty takes that of most codes.
    layer
        Layer of a vector file, sheet of a workbook.
    crs, datum, encoding
        As on import.
    min_iou
        Same code and less in common than this is another place.
    """

    code_field: str = ""
    name_field: str = ""
    level: str = ""
    layer: str | None = None
    crs: str | None = None
    datum: str = "auto"
    encoding: str = "auto"
    min_iou: float = MIN_IOU


@dataclass(frozen=True)
class Theirs:
    """The rows of a file, ready to be matched.

    Attributes
    ----------
    name
        Name of the file.
    rows
        As `gridgis.matches.matching.match` takes them.
    columns
        Columns of the file.
    fields
        Columns that hold codes and names.
    level
        Level that was asked for, else that of most codes.
    evidence
        What was noticed, as sentences.
    """

    name: str
    rows: gpd.GeoDataFrame
    columns: tuple[str, ...]
    fields: tuple[str, str | None]
    level: str
    evidence: tuple[Words, ...]


def compare(county: County, path: str | Path, how: How) -> tuple[Theirs, Matching]:
    """Read a file and match it with the plan as it stands.

    Raises
    ------
    InputError
        The file, or an option, cannot be used.
    """
    if not 0 < how.min_iou <= 1:
        raise InputError(
            f"重合度阈值 {how.min_iou:g} 不合适：应大于 0、不超过 1，例如 0.5。",
            f"An IoU of {how.min_iou:g} makes no sense: give one above 0 and up to 1, such as 0.5.",
        )
    theirs = read_theirs(county, path, how)
    return theirs, match(county.plan, theirs.level, theirs.rows, min_iou=how.min_iou)


def read_theirs(county: County, path: str | Path, how: How) -> Theirs:
    """Read the rows of a register (XLSX, CSV) or of a vector file.

    Raises
    ------
    InputError
        The file cannot be read, or its codes cannot be found.
    """
    path, scheme = Path(path), county.scheme
    evidence: list[Words] = []
    if path.suffix.lower() in (*_SHEETS, *_TEXTS):
        table = _register(path, how, county.code)
        shapes: Any = np.full(len(table), None, object)
    else:
        source = read_vector(path, layer=how.layer, encoding=how.encoding, crs=how.crs)
        table = source.frame.drop(columns=source.frame.geometry.name)
        evidence += [*source.facts["evidence"], *source.facts["warnings"]]
        shapes = _placed(county, source, how.datum, evidence)
    given = {k: f for k, f in {"code": how.code_field, "name": how.name_field}.items() if f}
    cure = ("用 --code-field 列名 指定", "name it with --code-field COLUMN")
    found = recognise(table, scheme.widths, county.code, given, scheme.letters, cure=cure)
    raw = table[found.code_column].map(_written)
    codes, reasons = _codes(found, table)
    rows = gpd.GeoDataFrame(
        {"raw": raw, "code": codes, "name": found.names.map(str), "reason": reasons},
        geometry=shapes, index=table.index, crs=county.crs,
    )  # fmt: skip
    level = scheme.level(how.level).key if how.level else _level(rows["code"], scheme, path.name)
    evidence += found.evidence
    columns = tuple(map(str, table.columns))
    return Theirs(path.name, rows, columns, (str(found.code_column), found.name_column), level, tuple(evidence))


def _codes(found: Recognised, table: pd.DataFrame) -> tuple[list[str | None], list[Words | None]]:
    """Return the codes, and why a row has none; a number that the spreadsheet has cut short is none."""
    lost: dict[tuple[int, str], Words] = table.attrs.get("lost", {})
    codes, reasons = [], []
    for row, code in zip(found.codes.index, found.codes, strict=True):
        gone = lost.get((int(row), str(found.code_column)))
        reason = (f"编码{gone[0]}", f"the code {gone[1]}") if gone else found.rejected.get(int(row))
        codes.append(None if reason else str(code))
        reasons.append(reason)
    return codes, reasons


def _level(codes: pd.Series[Any], scheme: Scheme, name: str) -> str:
    widths = Counter(len(c) for c in codes.dropna() if len(c) > scheme.county_digits)
    if not widths:
        raise InputError(
            f"“{name}”中没有一个编码属于本县区的网格：请用 --code-field 指定编码列，并核对县区；别处的编码按位置核对，请用 --level 指定层级。",
            f"'{name}' holds no code of a grid of this county: name the column with --code-field and check the county; "
            "foreign codes are matched by place once --level names the level.",
        )
    return scheme.level_keys[scheme.widths.index(widths.most_common(1)[0][0]) - 1]


def _written(value: object) -> str:
    """Return a value as it stands in the file."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _placed(county: County, source: Source, datum: str, evidence: list[Words]) -> Any:
    """Return the polygons in the county's CRS, None for rows without an area; say what speaks for which datum."""
    ways = projection(source.frame.crs, county.crs)
    raw = np.asarray(source.frame.geometry.values, object)
    drawn = shapely.get_dimensions(raw) == 2
    out = np.full(len(raw), None, object)
    if not drawn.any():
        return out
    stated = source.facts["members"].get("datum", "wgs84") if datum == "auto" else datum
    check_datum(stated)
    degrees, _ = valid_polygons(ways.to_degrees(raw[drawn]))
    views = datum_views(degrees, county.outline, ways.to_county)
    if best_view(views) is not None or stated != "wgs84":
        evidence.append(datum_words(views, stated))
    shifted = is_shifted(stated)
    moved = shift_geometries(degrees, stated, "wgs84", longest_m=250.0) if shifted else None
    out[drawn] = shapely.make_valid(ways.direct(raw[drawn]) if moved is None else ways.to_county(moved))
    return out


# -- registers


def _register(path: Path, how: How, county_code: str) -> pd.DataFrame:
    """Return the rows of a sheet under their heads; the index counts rows as a spreadsheet shows them.

    The head is the first of the fullest rows, so that titles above it do not count. What a spreadsheet
    has lost of a number is told in `attrs`, by row and head.
    """
    sheet = _sheet(path, how)
    span = range(1, sheet.columns + 1)
    filled = {row: len(cells) for row, cells in list(sheet.rows.items())[:_LOOKED_AT]}
    top = max(filled, key=lambda row: filled[row])
    texts = [_text(sheet.rows[top].get(k))[0] for k in span]
    headless = any(t.isdigit() and t.startswith(county_code) for t in texts)
    heads = _distinct([f"列{k}" if headless or not t else t for k, t in enumerate(texts, 1)])
    lost: dict[tuple[int, str], Words] = {}
    rows: dict[int, list[str]] = {}
    for row in sorted(r for r in sheet.rows if r >= top + (not headless)):
        read = [_text(sheet.rows[row].get(k)) for k in span]
        rows[row] = [text for text, _ in read]
        lost |= {(row, head): why for head, (_, why) in zip(heads, read, strict=True) if why}
    if not rows:
        raise InputError(
            f"“{path.name}”只有表头，没有数据行：请重新导出。",
            f"'{path.name}' has a head and no rows: export it again.",
        )
    table = pd.DataFrame(list(rows.values()), columns=heads, index=pd.Index(list(rows), name="row"), dtype=object)
    table.attrs["lost"] = lost
    return table


def _sheet(path: Path, how: How) -> Sheet:
    book = read_book(path, encoding=how.encoding)
    found = [s for s in book.sheets if how.layer in (None, s.name)]
    if not found:
        names = [s.name for s in book.sheets]
        raise InputError(
            f"“{path.name}”没有工作表“{how.layer}”：现有 {'、'.join(names)}。",
            f"'{path.name}' has no sheet '{how.layer}': there are {', '.join(names)}.",
        )
    return next((s for s in found if not s.hidden), found[0])


def _text(cell: Cell | None) -> tuple[str, Words | None]:
    """Return the text of a cell, and what is wrong with one that cannot be used."""
    if cell is None:
        return "", None
    try:
        return text_value(cell).text, None
    except LostError as error:
        return plain(cell), error.words


def _distinct(heads: list[str]) -> list[str]:
    """Return heads that differ: what stands twice gets a number."""
    times: Counter[str] = Counter()
    out = []
    for head in heads:
        times[head] += 1
        out.append(head if times[head] == 1 else f"{head}_{times[head]}")
    return out


# -- for reports


def facts_of(county: County, theirs: Theirs, lang: str) -> dict[str, str]:
    """Return what a report says of county and file, title to value."""
    level = county.scheme.level(theirs.level)
    name = f"{county.meta.get('name', '')} {county.code}".strip()
    fields = [f for f in theirs.fields if f]
    if lang == "en":
        return {
            "County": name,
            "Version": str(county.version),
            "File": theirs.name,
            "Level": level.en,
            "Columns": ", ".join(fields),
        }
    return {
        "县区": name,
        "版本": str(county.version),
        "文件": theirs.name,
        "层级": level.zh,
        "对应列": "、".join(fields),
    }


def located(plan: Plan, theirs: Theirs, matching: Matching) -> gpd.GeoDataFrame:
    """Return the rows of a match with a polygon each: that of the file where it is drawn, else the plan's."""
    drawn = theirs.rows.geometry
    shapes: list[Any] = []
    for row, code in zip(matching.frame["row"], matching.frame["code_here"], strict=True):
        shape = None if pd.isna(row) else drawn[row]
        shapes.append(plan.grid_geometry(code) if shape is None and code else shape)
    return gpd.GeoDataFrame(matching.frame, geometry=shapes, crs=plan.epsg)

"""The rows of a file of elements: each brought to our columns and into the county, or kept out with its reason."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gridgis.elements import representative
from gridgis.gathering.columns import Columns
from gridgis.gathering.fields import FIELDS, LETTERS, SHAPES, WORDS, Field
from gridgis.gathering.values import LostError, is_blank, jsonable, reader
from gridgis.io.asking import Options
from gridgis.io.placing import Known, Placed, place_elements
from gridgis.io.reading import Source
from gridgis.schema import to_lattice

Words = tuple[str, str]
Geometries = NDArray[np.object_]
_KINDS = {"Point": ("点", "a point"), "LineString": ("线", "a line"), "Polygon": ("面", "an area")}
_UNIQUE = 0.5
"""A column told by its header is the id of its rows where at least this share of them is unique."""


@dataclass
class Draft:
    """Rows while they are worked out, counted from 1 for people and from 0 in arrays."""

    table: str
    source: Source
    options: Options
    columns: Columns
    good: NDArray[np.bool_] = field(init=False)
    folded: NDArray[np.bool_] = field(init=False)
    shapes: Geometries = field(init=False)
    values: dict[str, list[Any]] = field(default_factory=dict)
    rejected: dict[int, Words] = field(default_factory=dict)
    addresses: dict[int, str] = field(default_factory=dict)
    evidence: list[Words] = field(default_factory=list)
    notes: list[Words] = field(default_factory=list)
    placed: Placed | None = None
    invalid: int = 0

    def __post_init__(self) -> None:
        """Start with every row good and none folded into another."""
        self.good = np.ones(len(self.source.frame), dtype=bool)
        self.folded = np.zeros(len(self.source.frame), dtype=bool)
        self.shapes = np.array(self.source.frame.geometry.values, dtype=object)

    @property
    def live(self) -> NDArray[np.intp]:
        """Positions of the rows that are stored: the good ones, but for those folded into another."""
        return np.flatnonzero(self.good & ~self.folded)

    def reject(self, at: int, reason: Words) -> None:
        """Keep a row out, with its first reason."""
        self.rejected.setdefault(at + 1, reason)
        self.good[at] = False


def read_values(draft: Draft) -> None:
    """Read every value of our fields; a row with one that cannot be read is kept out."""
    for item in FIELDS[draft.table]:
        column = draft.columns.ours.get(item.key)
        if column is None:
            continue
        draft.values[item.key] = _column(draft, item, column)
    if draft.table == "roads":
        _read_levels(draft)


def _column(draft: Draft, item: Field, column: str) -> list[Any]:
    read, words = reader(item.kind), WORDS.get(f"{draft.table}.{item.key}", {})
    known: dict[Any, Any] = {}
    out: list[Any] = []
    for at, value in enumerate(draft.source.frame[column].tolist()):
        if is_blank(value):
            out.append(None)
            continue
        key = (type(value), value)
        if key not in known:
            try:
                said = read(value)
                known[key] = words.get(str(said).lower(), said) if words else said
            except LostError as lost:
                known[key] = lost
        if isinstance(known[key], LostError):
            zh, en = known[key].words
            draft.reject(at, (f"列“{column}”{zh}", f"column '{column}': {en}"))
            out.append(None)
        else:
            out.append(known[key])
    return out


_YES = frozenset(("t", "true", "yes", "1", "y", "是", "viaduct", "building_passage", "culvert"))


def _read_levels(draft: Draft) -> None:
    """Say which roads run above or below others, where bridges and tunnels are told instead."""
    frame = draft.source.frame
    level = draft.values.get("layer") or [None] * len(frame)
    for heads, sign in ((("bridge", "桥", "桥梁", "是否桥梁"), 1), (("tunnel", "隧道", "是否隧道"), -1)):
        column = next((c for c in frame.columns if str(c).strip().lower() in heads), None)
        if column is None:
            continue
        said = [str(v).removesuffix(".0").strip().lower() in _YES for v in frame[column]]
        level = [sign if yes and not now else now for yes, now in zip(said, level, strict=True)]
    draft.values["layer"] = [0 if v is None else v for v in level]


def check_shapes(draft: Draft) -> None:
    """Keep out rows without geometry or with one of another kind; mend polygons that cross themselves."""
    wanted = SHAPES[draft.table]
    shapes = draft.shapes
    types = [None if g is None or g.is_empty else g.geom_type for g in shapes]
    for at, kind in enumerate(types):
        if kind is None:
            draft.reject(at, _no_place(draft, at))
        elif kind == "MultiPoint" and "Point" in wanted and len(shapes[at].geoms) == 1:
            shapes[at] = shapes[at].geoms[0]
        elif kind == "MultiPoint" or kind.removeprefix("Multi") not in wanted:
            zh, en = (" 或 ".join(_KINDS[w][0] for w in wanted), " or ".join(_KINDS[w][1] for w in wanted))
            draft.reject(at, (f"图形是 {kind}，应为{zh}", f"its geometry is a {kind}, not {en}"))
    areal = draft.good & (shapely.get_dimensions(shapes) == 2)
    bad = np.flatnonzero(areal & ~shapely.is_valid(shapes))
    for at in bad.tolist():
        parts = shapely.get_parts(shapely.make_valid(shapes[at]))
        shapes[at] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    draft.invalid = len(bad)
    flat = (draft.good & (shapely.get_dimensions(shapes) == 2)) & ~(shapely.area(shapes) > 0)
    short = (draft.good & (shapely.get_dimensions(shapes) == 1)) & ~(shapely.length(shapes) > 0)
    for at in np.flatnonzero(flat | short).tolist():
        draft.reject(at, ("图形没有面积或长度", "its geometry has no area or length"))


def _no_place(draft: Draft, at: int) -> Words:
    address = (draft.values.get("address") or {at: None})[at]
    if not address:
        said: Words | None = draft.source.facts.get("reasons", {}).get(at + 1)
        return said or ("没有位置", "no place: it has no geometry")
    draft.addresses[at + 1] = address
    return (f"没有位置，只有地址“{address[:60]}”", f"no place, only the address '{address[:60]}'")


def place_rows(
    draft: Draft, epsg: int, outline: BaseGeometry, known: Known | None = None, *, beyond: dict[int, float] | None = None
) -> None:
    """Bring the good rows into the county's CRS and keep out those that lie outside it.

    Parameters
    ----------
    draft, epsg, outline, known
        The rows, the county's CRS and outline, and what is known of it.
    beyond
        Takes the positions of the rows outside and how far they are, so that they are no fault; where all are, they are.
    """
    rows = np.flatnonzero(draft.good)
    known = replace(known or Known(), rows=rows)
    draft.placed = place_elements(draft.shapes[rows], draft.source, epsg, outline, draft.options.datum, known)
    draft.evidence.extend(draft.placed.evidence)
    placed = to_lattice(draft.placed.geometries)
    draft.shapes[rows] = placed
    shapely.prepare(outline)
    finite = np.isfinite(shapely.bounds(placed)).all(axis=1) if len(rows) else np.empty(0, dtype=bool)
    for at in rows[~finite].tolist():
        draft.reject(at, ("超出坐标系的范围", "beyond the reach of the CRS"))
    outside = np.zeros(len(rows), dtype=bool)
    outside[finite] = ~shapely.intersects(outline, placed[finite])
    far = shapely.distance(outline, placed[outside])
    for at, metres in zip(rows[outside].tolist(), far.tolist(), strict=True):
        if beyond is not None and not outside.all():
            beyond[at] = metres
            draft.good[at] = False
            continue
        draft.reject(at, (f"在县界外 {metres:,.0f} 米", f"outside the county, {metres:,.0f} m from its outline"))


def name_rows(draft: Draft) -> None:
    """Give every good row an id: its own where the file has them, else one made from its place and content."""
    own = draft.values.get("id")
    column = draft.columns.ours.get("id")
    if own is not None and column is not None and "id" not in draft.options.fields:
        filled = [i for i in own if i is not None]
        if len(set(filled)) < _UNIQUE * max(len(own), 1):
            draft.notes.append(
                (
                    f"列“{column}”大多重复或空缺，未作编号",
                    f"column '{column}' mostly repeats or is empty: not used as id",
                )
            )
            own = None
    made = own is None
    ids: list[Any] = list(own) if own is not None else [None] * len(draft.good)
    lacking = [at for at in draft.live.tolist() if ids[at] is None]
    _make_ids(draft, ids, lacking)
    if lacking:
        zh, en = (
            "没有编号列" if made else f"{len(lacking)} 行没有编号",
            "no ids" if made else f"{len(lacking)} rows have no id",
        )
        draft.notes.append(
            (
                f"{zh}：按位置和内容编号，同一文件再次导入即更新",
                f"{en}: made from place and content, so the same file updates its own rows",
            )
        )
    draft.values["id"] = ids
    _reject_doubles(draft, ids)


def _make_ids(draft: Draft, ids: list[Any], lacking: Sequence[int]) -> None:
    by_place = draft.table in ("buildings", "roads", "water")
    plain = draft.source.frame.drop(columns=draft.source.frame.geometry.name)
    wkb = shapely.to_wkb(draft.shapes)
    seen: Counter[bytes] = Counter(wkb[at] for at in lacking)
    for at in lacking:
        content = b"" if by_place and seen[wkb[at]] == 1 else repr(plain.iloc[at].tolist()).encode()
        ids[at] = LETTERS[draft.table] + hashlib.sha256(wkb[at] + content).hexdigest()[:12]


def _reject_doubles(draft: Draft, ids: Sequence[Any]) -> None:
    first: dict[str, int] = {}
    for at in draft.live.tolist():
        if (row := first.setdefault(ids[at], at)) != at:
            draft.reject(
                at, (f"编号“{ids[at]}”与第 {row + 1} 行重复", f"its id '{ids[at]}' stands in row {row + 1}, too")
            )


def finished(draft: Draft, outline: BaseGeometry, epsg: int, source: str, as_of: str) -> gpd.GeoDataFrame:
    """Return the good rows as they are stored.

    Parameters
    ----------
    draft
        The rows as worked out.
    outline, epsg
        Of the county.
    source, as_of
        For rows that do not say.
    """
    rows = draft.live
    shapes = draft.shapes[rows]
    data = {key: [values[k] for k in rows] for key, values in draft.values.items()}
    for key, own in (("source", source), ("as_of", as_of)):
        data[key] = [v or own for v in data.get(key, [None] * len(rows))]
    data["extra"] = _extra(draft, rows)
    if draft.table not in ("water", "tracks"):
        data["x"], data["y"] = _points(shapes, outline).T.tolist() if len(rows) else ([], [])
    table = {k: pd.Series(v, dtype=object, index=range(len(rows))) for k, v in data.items()}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=epsg)


def _points(shapes: Geometries, outline: BaseGeometry) -> NDArray[np.float64]:
    """Return where each element is counted: inside the county, though it may reach beyond."""
    xy = representative(shapes)
    outside = ~shapely.intersects_xy(outline, xy[:, 0], xy[:, 1])
    if outside.any():
        inner = shapely.intersection(shapes[outside], outline)
        parts = [max(shapely.get_parts(g), key=lambda p: (p.area, p.length)) for g in inner]
        xy[outside] = representative(np.array(parts, dtype=object))
    return xy


def _extra(draft: Draft, rows: NDArray[np.intp]) -> list[str | None]:
    columns = {name: draft.source.frame[name].tolist() for name in draft.columns.kept}
    out = []
    for at in rows.tolist():
        kept = {name: jsonable(v[at]) for name, v in columns.items() if not is_blank(v[at])}
        out.append(json.dumps(kept, ensure_ascii=False, allow_nan=False) if kept else None)
    return out


_TAG = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')


def with_tags(frame: gpd.GeoDataFrame, wanted: Sequence[str]) -> gpd.GeoDataFrame:
    """Return the rows of an OpenStreetMap extract with the tags we know as columns of their own.

    Parameters
    ----------
    frame
        Rows; other tags stay packed in ``other_tags``.
    wanted
        Tags to take out.
    """
    if "other_tags" not in frame.columns:
        return frame
    packed = [dict(_TAG.findall(str(v))) if v is not None else {} for v in frame["other_tags"]]
    new = {t: [p.get(t) for p in packed] for t in wanted if t not in frame.columns and any(t in p for p in packed)}
    return frame.assign(**{t: pd.Series(v, dtype=object, index=frame.index) for t, v in new.items()})

"""An import while it is worked out, and the account of it: rows, reasons, findings, changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from gridgis.cleaning.drawing import Spot
from gridgis.cleaning.noding import Geometries
from gridgis.cleaning.repair import Repaired
from gridgis.errors import GridgisError, InputError, RefusedError
from gridgis.io.asking import Options, cannot_enter
from gridgis.io.evidence import DatumView
from gridgis.io.reading import Source
from gridgis.io.recognise import Recognised
from gridgis.scheme import Scheme

Words = tuple[str, str]
Rows = NDArray[np.bool_]

_COLUMNS = ("kind", "category", "class", "zone")


@dataclass(frozen=True)
class Target:
    """The county as it is before the import.

    Parameters
    ----------
    widths
        Cumulative code lengths, the county's first.
    level_keys
        Keys of the levels, ``county`` first.
    county_code
        Code of the county.
    epsg
        The county's CRS.
    outline
        Outline in that CRS.
    existing
        Live cells: index ``id``, columns ``code`` and ``geometry``.
    letters
        Type letters that the scheme allows at a position of a code.
    scheme, ledger
        The scheme and every code ever allotted, for rows that are to be numbered.
    """

    widths: tuple[int, ...]
    level_keys: tuple[str, ...]
    county_code: str
    epsg: int
    outline: BaseGeometry
    existing: gpd.GeoDataFrame
    letters: Mapping[int, str] = field(default_factory=dict)
    scheme: Scheme | None = None
    ledger: frozenset[str] = frozenset()

    def level(self, code: str) -> str:
        """Return the level of a code.

        Parameters
        ----------
        code
            Code of the scheme.
        """
        return self.level_keys[self.widths.index(len(code))]

    def width(self, level: str) -> int:
        """Return the length of codes of a level.

        Parameters
        ----------
        level
            Key of the level.

        Raises
        ------
        InputError
            The scheme has no such level.
        """
        if level not in self.level_keys:
            there = "、".join(self.level_keys)
            raise InputError(
                f"没有层级“{level}”：可用的有 {there}。",
                f"There is no level '{level}': the levels are {there.replace('、', ', ')}.",
            )
        return self.widths[self.level_keys.index(level)]

    def parent(self, code: str) -> str:
        """Return the code one level up.

        Parameters
        ----------
        code
            Code of the scheme, below the county.
        """
        return code[: self.widths[max(0, self.widths.index(len(code)) - 1)]]


@dataclass(frozen=True)
class ImportResult:
    """What an import would do; see `gridgis.io.importing` for the columns.

    Parameters
    ----------
    cells
        All cells after the import, None when none changes.
    grids
        Grids of the file and their missing ancestors.
    boundaries
        Outlines of the file.
    report
        The account for machines.
    error
        What stands in the way, None when nothing does.
    settled, asked
        Faults of the drawing: settled, and too large to settle without a word from somebody.
    """

    cells: gpd.GeoDataFrame | None
    grids: pd.DataFrame
    boundaries: gpd.GeoDataFrame
    report: dict[str, Any]
    error: GridgisError | None
    settled: tuple[Spot, ...] = ()
    asked: tuple[Spot, ...] = ()


@dataclass
class Draft:
    """An import while it is worked out; rows are counted from 1 for people and from 0 in arrays."""

    name: str
    target: Target
    options: Options
    source: Source
    codes: NDArray[np.object_] = field(init=False)
    names: NDArray[np.object_] = field(init=False)
    good: Rows = field(init=False)
    polygons: Geometries = field(init=False)
    found: Recognised | None = None
    datum: str = "wgs84"
    seen: DatumView | None = None
    confidence: float = 0.0
    candidates: tuple[dict[str, Any], ...] = ()
    invalid: int = 0
    repaired: Repaired | None = None
    rejected: dict[int, Words] = field(default_factory=dict)
    evidence: list[Words] = field(default_factory=list)
    notes: list[Words] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start with every row good and without a code."""
        n = len(self.source.frame)
        self.codes, self.names = np.full(n, None, object), np.full(n, "", object)
        self.good, self.polygons = np.ones(n, bool), np.empty(0, object)
        self.evidence.extend(self.source.facts["evidence"])
        self.notes.extend(self.source.facts["warnings"])

    def reject(self, row: int, reason: Words) -> None:
        """Keep a row out, with its first reason.

        Parameters
        ----------
        row
            Row, counted from 1.
        reason
            Half a sentence.
        """
        self.rejected.setdefault(row, reason)
        self.good[row - 1] = False

    def leaf_rows(self) -> Rows:
        """Tell which good rows draw cells: those with nothing finer below them in the file or the county."""
        codes = self.codes[self.good]
        held = [str(c) for c in self.target.existing["code"].dropna()]
        finer = {code[:w] for code in (*codes, *held) for w in self.target.widths if w < len(code)}
        leaf = np.array([c not in finer and c != self.target.county_code for c in codes], bool)
        divided = sorted({str(c) for c in codes[~leaf] if c != self.target.county_code})
        if divided:
            shown = ", ".join(divided[:5]) + (" …" if len(divided) > 5 else "")
            zh = f"{len(divided)} 个网格（{shown}）已有下级网格，其范围由下级决定，图形未采用"
            en = f"{len(divided)} grids ({shown}) have finer grids below, which make their area; not redrawn"
            self.notes.append((zh, en))
        return leaf


def finish(draft: Draft) -> ImportResult:
    """Close the account.

    Parameters
    ----------
    draft
        The import as worked out.
    """
    repaired = draft.repaired
    applicable = repaired is not None and not repaired.refused
    cells = _cells(draft, repaired) if repaired is not None and applicable else None
    if cells is not None:
        _note_ended(draft, cells)
    _note_names(draft)
    places = (repaired.spots, repaired.refused) if repaired else ((), ())
    return ImportResult(cells, _grids(draft), _boundaries(draft), _report(draft), _error(draft), *places)


def _note_names(draft: Draft) -> None:
    """Name the codes that several rows bear under different names: one grid is made, and only one name can stay."""
    names: dict[str, dict[str, int]] = {}
    for at in np.flatnonzero(draft.good).tolist():
        if draft.names[at]:
            names.setdefault(str(draft.codes[at]), {}).setdefault(str(draft.names[at]), at + 1)
    for code, rows in sorted(names.items()):
        if len(rows) > 1:
            zh = "、".join(f"第 {row} 行“{name}”" for name, row in rows.items())
            en = ", ".join(f"row {row} '{name}'" for name, row in rows.items())
            kept = next(iter(rows))
            draft.notes.append(
                (f"编码“{code}”有不同名称（{zh}）：合为一个网格，名称取“{kept}”；如是编码填错，请改正后重新导入",
                 f"Code '{code}' goes by several names ({en}): one grid was made of them, called '{kept}'; "
                 "if a code is mistyped, correct it and import again")
            )  # fmt: skip


def _note_ended(draft: Draft, cells: gpd.GeoDataFrame) -> None:
    """Name the grids of the county that have no land left because others were drawn over them."""
    held = {str(c) for c in draft.target.existing["code"].dropna()}
    left = {code[:w] for code in cells["code"].dropna() for w in draft.target.widths if w <= len(code)}
    ended = sorted(held - left)
    if ended:
        shown = ", ".join(ended[:5]) + (" …" if len(ended) > 5 else "")
        zh = f"原有 {len(ended)} 个网格（{shown}）的范围已全部由新网格取代"
        en = f"{len(ended)} grids of the county ({shown}) have lost all their land to the new ones"
        draft.notes.append((zh, en))


def _cells(draft: Draft, repaired: Repaired) -> gpd.GeoDataFrame:
    old = draft.target.existing
    held = [None if c is None or c != c else str(c) for c in old["code"]]
    wkb = shapely.to_wkb(np.asarray(old.geometry.values, object))
    known = {(g, c): int(i) for g, c, i in zip(wkb, held, old.index, strict=True)}
    keys = zip(shapely.to_wkb(repaired.polygons), repaired.labels, strict=True)
    # As objects, or pandas would turn None into NaN.
    data = {"id": [known.get(key, -1) for key in keys], "code": pd.Series(repaired.labels, dtype=object)}
    return gpd.GeoDataFrame(data, geometry=repaired.polygons, crs=draft.target.epsg)


def _grids(draft: Draft) -> pd.DataFrame:
    target, table = draft.target, draft.source.frame
    fields = {name: name for name in _COLUMNS if name in table.columns} | dict(draft.options.fields)
    extra = {ours: theirs for ours, theirs in fields.items() if ours not in ("code", "name")}
    rows: dict[str, dict[str, Any]] = {}
    dropped = draft.repaired.dropped if draft.repaired else ()
    for at in np.flatnonzero(draft.good):
        code = str(draft.codes[at])
        if code == target.county_code or code in rows or code in dropped:
            continue
        values = {ours: table[theirs].iloc[at] for ours, theirs in extra.items()}
        plain = {k: "" if v is None or v != v else str(v) for k, v in values.items()}
        rows[code] = {"name": draft.names[at] or code, **plain, "implied": False}
    for code in list(rows):
        for width in target.widths[1:]:
            if width < len(code):
                rows.setdefault(code[:width], {"name": code[:width], "implied": True})
    codes = sorted(rows)
    columns = ["code", "level", "name", *_COLUMNS, *(c for c in extra if c not in _COLUMNS), "implied"]
    blank = dict.fromkeys(columns, "")
    records = [{**blank, "code": c, "level": target.level(c), **rows[c]} for c in codes]
    return pd.DataFrame(records, columns=columns, dtype=object).astype({"implied": bool})


def _boundaries(draft: Draft) -> gpd.GeoDataFrame:
    data: dict[str, list[Any]] = {"code": [], "level": [], "name": []}
    shapes: list[Any] = []
    if draft.options.as_ == "boundaries" and draft.good.any():
        codes, names = draft.codes[draft.good], draft.names[draft.good]
        for code in dict.fromkeys(codes):
            mine = codes == code
            data["code"].append(code)
            data["level"].append(draft.target.level(code))
            data["name"].append(next((n for n in names[mine] if n), ""))
            flat = np.round(shapely.get_coordinates(draft.polygons[mine]), 3)
            rounded = shapely.set_coordinates(draft.polygons[mine].copy(), flat)
            shapes.append(shapely.normalize(shapely.union_all(shapely.make_valid(rounded))))
    return gpd.GeoDataFrame(data, geometry=shapes, crs=draft.target.epsg)


def _report(draft: Draft) -> dict[str, Any]:
    repaired, facts, found = draft.repaired, draft.source.facts, draft.found
    findings = dict(repaired.findings) if repaired else {}
    if draft.invalid:
        findings["invalid"] = draft.invalid
    return {
        "file": draft.name,
        "as": draft.options.as_,
        "rows": int(facts["rows"]),
        "accepted": int(draft.good.sum()),
        "rejected": [{"row": r, "reason": en, "reason_zh": zh} for r, (zh, en) in sorted(draft.rejected.items())],
        "code_field": found.code_column if found else None,
        "name_field": found.name_column if found else None,
        "datum": draft.datum,
        "datum_seen": draft.seen.datum if draft.seen else None,
        "confidence": round(draft.confidence, 3),
        "candidates": list(draft.candidates),
        "evidence": [en for _, en in draft.evidence],
        "evidence_zh": [zh for zh, _ in draft.evidence],
        "notes": [en for _, en in draft.notes],
        "notes_zh": [zh for zh, _ in draft.notes],
        "encoding": facts["encoding"],
        "crs": facts["crs"],
        "driver": facts["driver"],
        "findings": findings,
        "spots": [_spot(s) for s in (*repaired.spots, *repaired.refused)] if repaired else [],
        "changes": [
            {
                "code": c.code,
                "before_m2": round(c.before_m2, 3),
                "after_m2": round(c.after_m2, 3),
                "moved_m2": round(c.moved_m2, 3),
            }
            for c in (repaired.changes if repaired else ())
        ],
        "applied": False,
    }


def _spot(spot: Spot) -> dict[str, Any]:
    x, y = spot.point
    return {
        "rule": spot.rule,
        "codes": list(spot.codes),
        "area_m2": round(spot.area_m2, 3),
        "x": round(x, 3),
        "y": round(y, 3),
        "owner": spot.owner,
    }


def _error(draft: Draft) -> GridgisError | None:
    if draft.rejected and not (draft.options.skip_rejected and draft.good.any()):
        return cannot_enter(draft.name, draft.rejected)
    if draft.repaired is not None and draft.repaired.refused:
        return _refusal(draft, draft.repaired.refused)
    return None


_FAULTS = {
    "overlap": ("互相重叠", "overlap"),
    "outside": ("超出县区边界", "reach beyond the county"),
    "locked": ("越入其他上级网格", "reach into another parent"),
    "vanished": ("没有剩下任何范围", "would be left without land"),
}


def _refusal(draft: Draft, refused: tuple[Spot, ...]) -> RefusedError:
    largest = sorted(refused, key=lambda s: -s.area_m2)[:3]
    zh = "；".join(f"{'、'.join(s.codes)} {_FAULTS[s.rule][0]} {s.area_m2:,.0f} 平方米" for s in largest)
    en = "; ".join(f"{' and '.join(s.codes)} {_FAULTS[s.rule][1]} by {s.area_m2:,.0f} m²" for s in largest)
    limit = draft.options.repair_below_m2
    hint_zh, hint_en = "", ""
    if draft.seen:
        hint_zh = f"坐标很像 {draft.seen.datum}，可先试 --datum {draft.seen.datum}。"
        hint_en = f" The numbers look like {draft.seen.datum}: try --datum {draft.seen.datum} first."
    return RefusedError(
        f"“{draft.name}”有 {len(refused)} 处问题超过 {limit:,.0f} 平方米，未作任何改动：{zh}。"
        f"请先修改图形，用 --review 和 --decide 逐处决定，或用 --repair-below 放宽。{hint_zh}",
        f"'{draft.name}' has {len(refused)} faults above {limit:,.0f} m², nothing was changed: {en}. "
        f"Correct the drawing, decide one by one with --review and --decide, or allow more with --repair-below.{hint_en}",
    )

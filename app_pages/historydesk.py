"""What the page of history shows: every version, and what differs between two of them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd
import shapely

from app_pages import access, incidentdesk, mapview, panel
from app_pages.desk import Desk
from app_pages.panel import kind_name, level_name, number
from app_pages.past import Past
from app_pages.state import lang, say
from gridgis.audit import write_audit
from gridgis.crosswalk import WEIGHTS, moves, totals
from gridgis.diff import Difference, differences
from gridgis.history import history_of
from layers import geojson

COLOURS: Mapping[str, str] = MappingProxyType({"added": "#4577ab", "removed": "#c22f3d", "reshaped": "#e0a03c", "changed": "#8fb8a8"})
"""Colours of a grid by what became of it; told apart by eyes that see no red or no green, too."""
_CODES = 3


class Told(NamedTuple):
    """What differs between two versions."""

    first: int
    second: int
    grids: list[Difference]


def log_of(desk: Desk) -> tuple[pd.DataFrame, tuple[int, ...], tuple[int, ...]]:
    """Return the log, newest first, and which edits stand and which are undone."""
    with desk.quiet() as county:
        log = county.log()
    ends = history_of(log)
    return log.iloc[::-1].reset_index(drop=True), ends.done, ends.undone


def few(codes: list[str]) -> str:
    """Return the first codes of the widest level among those given, and how many there are."""
    shortest = min(map(len, codes), default=0)
    widest = [c for c in codes if len(c) == shortest]
    named = ("、" if lang() == "zh" else ", ").join(widest[:_CODES])
    more = f" … ({number(len(widest))})" if len(widest) > _CODES else ""
    return f"{named}{more}" or "–"


def rows_of(log: pd.DataFrame, done: tuple[int, ...], undone: tuple[int, ...]) -> list[list[Any]]:
    """Return a row for each version as the table shows it."""
    out = []
    for row in log.to_dict("records"):
        version, kind = int(row["version"]), str(row["kind"])
        turned = row.get("undoes")
        what = kind_name(kind) if turned is None or pd.isna(turned) else say("step_of", kind=kind_name(kind), n=int(turned))
        state = ("good", "hist_stands") if version in done else ("warning", "hist_undone") if version in undone else ("plain", "hist_base")
        if kind in ("undo", "redo"):
            state = ("plain", "hist_steps")
        why = f" · {row['reason']}" if row.get("reason") else ""
        out.append([version, str(row["at"])[:16].replace("T", " "), access.short(row.get("by")) or "–", f"{what}{why}", codes_of(row),
                    (state[0], say(state[1]))])  # fmt: skip
    return out


def codes_of(row: Mapping[Any, Any]) -> str:
    """Return the codes that an edit ended and those that it made."""
    parts = [say(key, codes=few(list(row[side]))) for key, side in (("hist_ended", "voided"), ("hist_made", "created")) if len(row[side])]
    return ("；" if lang() == "zh" else "; ").join(parts) or "–"


def told(desk: Desk, first: int, second: int) -> Told:
    """Return what differs between two versions."""
    plans = [_at(desk, v).plan for v in (first, second)]
    found: list[Difference] = desk.lasting(("differences", first, second), lambda: differences(*plans))
    return Told(first, second, found)


def moved(desk: Desk, first: int, second: int, level: str) -> pd.DataFrame:
    """Return how many households, persons and buildings went from which grid to which."""
    before, after = _at(desk, first).plan, _at(desk, second).plan
    found: pd.DataFrame = desk.lasting(("moves", first, second, level), lambda: moves(before, after, level))
    return found


def _at(desk: Desk, version: int) -> Desk:
    return desk if version == desk.version else Past(desk, version)


def counts(desk: Desk, found: Told, level: str) -> str:
    """Return how many grids were added, voided, reshaped or rewritten, and where if not at the level on the map."""
    kinds = pd.Series([d.change for d in found.grids], dtype=object).value_counts()
    told = " · ".join(f"{say(f'change_{k}')} {number(kinds[k])}" for k in COLOURS if k in kinds)
    changed = {d.level for d in found.grids}
    if level in changed:
        return told
    names = [level_name(desk, k) for k in desk.scheme.level_keys if k in changed]
    return f"{told} · {say('hist_not_here', levels=('、' if lang() == 'zh' else ', ').join(names))}"


def grid_rows(desk: Desk, found: Told) -> list[list[Any]]:
    """Return a row for each grid that differs."""
    tags = {"added": "note", "removed": "plain", "reshaped": "warning", "changed": "good"}
    codes = tuple(d.code for d in found.grids)
    before, after = (incidentdesk.within(_at(desk, v), codes) for v in (found.first, found.second))
    return [
        [d.code, level_name(desk, d.level), (tags[d.change], say(f"change_{d.change}")), _arrow(d, "households"), _arrow(d, "persons"),
         _turned(d, before[d.code], after[d.code]), number(d.moved_m2)] for d in found.grids
    ]  # fmt: skip


def _turned(row: Difference, before: int, after: int) -> str:
    """Return how many of the same incidents lie in a grid before and after; a grid that is not there has none."""
    sides = [number(n) if side else "–" for side, n in ((row.before, before), (row.after, after))]
    return sides[0] if sides[0] == sides[1] else " → ".join(sides)


def _arrow(row: Difference, key: str) -> str:
    sides = [number(s[key]) if s else "–" for s in (row.before, row.after)]
    return sides[0] if sides[0] == sides[1] else " → ".join(sides)


def move_rows(table: pd.DataFrame) -> list[list[Any]]:
    """Return a row for each pair of grids between which something moved."""
    none = say("hist_nowhere")
    return [[r["before"] or none, r["after"] or none, *(number(r[k]) for k in WEIGHTS)] for r in table.to_dict("records")]


def sums(table: pd.DataFrame) -> str:
    """Return what moved, in one sentence."""
    if table.empty:
        return say("hist_nothing_moves")
    whole = totals(table)
    return say("hist_sum", h=number(whole["households"]), p=number(whole["persons"]), b=number(whole["buildings"]))


def picture(desk: Desk, found: Told, level: str, figure: str, code: str | None) -> dict[str, Any]:
    """Return the later version as the map is to show it, at the place where the two differ or of the grid picked."""
    shown = _at(desk, found.second)
    here = [d for d in found.grids if d.level == level]
    place = focus(desk, found, [d for d in found.grids if d.code == code] or here)
    if figure != "change":
        return mapview.message(shown, level, figure, "code", focus=place)
    kinds = pd.Series([d.change for d in here], dtype=object).value_counts()
    rows = [[COLOURS[k], f"{say(f'change_{k}')} · {number(kinds[k])}"] for k in COLOURS if k in kinds]
    block = {"title": say("hist_legend", a=found.first, b=found.second), "rows": rows, "note": say("hist_shown", b=found.second)}
    values = {d.code: COLOURS[d.change] for d in here if d.change != "removed"}
    message = mapview.message(shown, level, "none", "code", focus=place, legend=[block])
    return message | {"figure": {"figure": "counted", "categories": {c: c for c in values.values()}, "values": values}}


def focus(desk: Desk, found: Told, rows: list[Difference]) -> dict[str, Any] | None:
    """Return where grids that differ lie; those that ended are drawn as they were."""
    if not rows:
        return {"key": f"history:{found.first}:{found.second}", "bounds": _whole(desk)}
    plans = {side: _at(desk, v).plan for side, v in (("old", found.first), ("new", found.second))}
    shapes = [plans["old" if d.change == "removed" else "new"].grid_geometry(d.code) for d in rows]
    ended = [s for d, s in zip(rows, shapes, strict=True) if d.change == "removed" or len(rows) == 1]
    key = f"history:{found.first}:{found.second}:{rows[0].code if len(rows) == 1 else rows[0].level}"
    west, south, east, north = geojson.to_degrees(shapely.GeometryCollection(shapes), desk.crs).bounds
    out: dict[str, Any] = {"key": key, "bounds": [west, south, east, north]}
    if ended:
        out["shape"] = json.loads(shapely.to_geojson(geojson.to_degrees(shapely.GeometryCollection(ended), desk.crs)))
    return out


def _whole(desk: Desk) -> list[float]:
    (south, west), (north, east) = desk.bounds
    return [west, south, east, north]


def audit(desk: Desk) -> bytes:
    """Return every edit and what each moved as a workbook."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.xlsx"
        write_audit(desk.apart(), path)
        return path.read_bytes()


def named(desk: Desk, log: pd.DataFrame) -> dict[int, str]:
    """Return the versions as they are chosen from, newest first."""
    rows = {int(r["version"]): r for r in log.to_dict("records")}
    return {v: f"{say('hist_now', n=v) if v == desk.version else v} · {str(r['at'])[:10]} · {panel.logged(r)}" for v, r in rows.items()}

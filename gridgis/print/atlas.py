"""The atlas of a township: overview with sheet index, list of codes, one sheet a grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from gridgis.errors import InputError
from gridgis.print.boards import Studio, board_map, distance, facts, foot, legend
from gridgis.print.scene import Look, Map, draw_map
from gridgis.print.sides import sides_of
from gridgis.print.svg import Frame, bar
from gridgis.print.typeset import press
from gridgis.staff.people import chain, level_name, role_name

OVERVIEW_MM = (250.0, 240.0)
_MOST_OVERVIEWS = 8


def atlas(studio: Studio, top: str, level: str, progress: Callable[[float, str], None] | None = None) -> bytes:
    """Return the atlas of a grid of an upper level, a sheet for each grid of `level` in it.

    Parameters
    ----------
    studio
        What maps are made from.
    top
        Code of the township, or of any grid with grids of `level` below.
    level
        Level of the sheets.
    progress
        Told a share and words.

    Raises
    ------
    InputError
        There is no grid of that level below.
    """
    tell = progress or (lambda _share, _words: None)
    plan, other = studio.plan, studio.other
    head = plan.grid(top)
    codes = [c for c in plan.codes(level) if c.startswith(top) and c != top]
    if not codes:
        zh, en = level_name(plan.scheme, level)
        raise InputError(
            f"“{head.name or top}”下没有{zh}：请给出上级网格的编码和它下面的层级。",
            f"There is no {en} below '{head.name or top}': give the code of an upper grid and a level below it.",
        )
    number = {code: str(n) for n, code in enumerate(codes, 1)}
    overviews = _overviews(studio, top, level, number)
    sheets: list[dict[str, Any]] = []
    pictures = {f"index{n}": drawn.svg for n, drawn in enumerate(overviews)}
    for n, code in enumerate(codes, 1):
        tell(n / (len(codes) + 1), code)
        drawn = board_map(studio, code)
        pictures[f"map{n}"] = drawn.svg
        sheets.append(_sheet(studio, code, drawn))
    data: dict[str, Any] = {
        "lang": studio.lang, "name": head.name or top, "code": top, "county": studio.name,
        "title": (f"{head.name or top}网格图册", f"Grid atlas of {head.name or top}")[other],
        "level": level_name(plan.scheme, level)[other], "sheets": sheets, "overviews": [_scale(studio, o) for o in overviews], "foot": foot(studio),
        "words": dict(zip(("index", "codes", "sheet", "code", "name", "households", "persons", "heads", "north", "scale", "sides"), (
            ("图幅索引", "编码表", "图号", "统一编码", "名称", "户数", "人口", "负责人", "北", "比例尺", "四至"),
            ("Sheet index", "List of codes", "Sheet", "Code", "Name", "Households", "Persons", "Heads", "N", "Scale", "Bounds"),
        )[other], strict=True)),
    }  # fmt: skip
    kinds = [kind for sheet in sheets for kind in sheet.pop("shown")]
    signs = legend(studio, kinds)
    data["legend"] = [text for _, text in signs]
    pictures |= {f"legend{k}": svg for k, (svg, _) in enumerate(signs)}
    return press("atlas", studio.templates).set(data, pictures)[0]


def _overviews(studio: Studio, top: str, level: str, number: dict[str, str]) -> list[Map]:
    """Return the map of the whole, then maps of those grids that were too small to bear their number."""
    plan = studio.plan
    out: list[Map] = []
    shape, left = plan.grid_geometry(top), set(number)
    while left and len(out) < _MOST_OVERVIEWS:
        frame = Frame.around(shape, *OVERVIEW_MM, margin=0.03)
        drawn = draw_map(studio.country, frame, Look(level, (top,), names=number, detail=False, templates=studio.templates))
        out.append(drawn)
        fewer = left & set(drawn.dropped)
        if fewer == left:
            break
        left = fewer
        # A grid far from the others waits for the next map.
        small = [plan.grid_geometry(c) for c in sorted(left)]
        shape = shapely.box(*_core(small)) if small else shape
    return out


def _core(shapes: list[Any]) -> tuple[float, float, float, float]:
    """Return the box of the grids near the middle one of all, within half of the farthest."""
    centres = np.array([(p.centroid.x, p.centroid.y) for p in shapes])
    far = np.hypot(*(centres - np.median(centres, axis=0)).T)
    near = [p for p, f in zip(shapes, far, strict=True) if f <= max(0.5 * far.max(), 1.0)] or shapes
    west, south, east, north = shapely.total_bounds(near)
    return float(west), float(south), float(east), float(north)


def _scale(studio: Studio, drawn: Map) -> dict[str, Any]:
    metres, millimetres = bar(drawn.frame, 0.22)
    return {"scale": f"1:{drawn.frame.scale:,}", "mm": millimetres, "text": distance(studio, metres)}


def _sheet(studio: Studio, code: str, drawn: Map) -> dict[str, Any]:
    plan, other = studio.plan, studio.other
    own = chain(plan, studio.people, code, studio.name)[-1]
    heads = [[role_name(plan.scheme, h.role)[other], f"{h.name or h.id} {h.phone if studio.settings.phones else ''}".strip()]
             for h in own.holders]  # fmt: skip
    figures = plan.figures_of(code)
    bare = replace(studio, settings=studio.settings.model_copy(update={"facts": ()}))
    return {
        "code": code, "name": plan.grids[code].name or code, "facts": facts(bare, code), "heads": heads,
        "sides": [[s.word[other], s.words[other]] for s in sides_of(studio.country, code)],
        "households": f"{int(figures['households']):,}", "persons": f"{int(figures['persons']):,}", "shown": drawn.shown,
    } | _scale(studio, drawn)  # fmt: skip

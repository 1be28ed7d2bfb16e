"""Small counties drawn as letters: each letter a unit grid, each character a cell of 100 m.

::

    plan = drawn('''
        AAB
        ACB
    ''')

gives units A, B, C (codes …001, …002, … in the order of the alphabet) in one community of the
generic scheme. A dot is a cell that no grid has yet. Lower-case letters are units of a second
community. Houses are scattered by a fixed rule, some on edges and corners; where a test needs exact
figures, a second drawing gives the households at the middle of each character::

    plan = drawn("AAB", homes="150")     # A has 6 households, B has none

Lines, areas and cells are named in characters from the north-west corner: ``line((0, .5), (3, .5))``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gridgis.cells import Cells
from gridgis.county import open_county
from gridgis.elements import Elements
from gridgis.founding import Founding, found, frame_elements
from gridgis.plan import Edit, Grid, Plan, evolve, make_plan
from gridgis.schema import FIGURES
from gridgis.scheme import load_scheme
from gridgis.store.geometry import encode, register_functions
from gridgis.topology import canonical

EPSG = 4548
COUNTY = "350526"
GENERIC = load_scheme("generic")
EAST, NORTH, SIDE = 600_000.0, 2_820_000.0, 100.0


def code_of(letter: str) -> str | None:
    """Return the unit code that a letter stands for."""
    if letter == ".":
        return None
    community = "350526100001" if letter.isupper() else "350526100002"
    return f"{community}{ord(letter.upper()) - 64:03d}"


def _rows(drawing: str) -> list[str]:
    return [line.strip() for line in drawing.strip().splitlines()]


def squares(drawing: str) -> list[tuple[str, shapely.Polygon]]:
    """Return (letter, square) per character, row by row from the north-west."""
    rows = _rows(drawing)
    return [
        (letter, shapely.box(EAST + k * SIDE, NORTH - (j + 1) * SIDE, EAST + (k + 1) * SIDE, NORTH - j * SIDE))
        for j, row in enumerate(rows) for k, letter in enumerate(row)
    ]  # fmt: skip


def houses(drawing: str, per_cell: int = 7) -> pd.DataFrame:
    """Return houses scattered by a fixed rule, some exactly on edges and corners of cells."""
    xs, ys = [], []
    for n, (_, box) in enumerate(squares(drawing)):
        x0, y0, _, _ = box.bounds
        for k in range(per_cell):
            xs.append(x0 + (37 * n + 61 * k) % 101)
            ys.append(y0 + (53 * n + 29 * k) % 101)
    x, y = np.minimum(xs, EAST + SIDE * len(_rows(drawing)[0])), np.array(ys)
    top = NORTH
    frame = pd.DataFrame({"id": [f"h{k}" for k in range(len(x))], "x": x, "y": np.minimum(y, top)})
    frame["households"] = 1 + np.arange(len(x)) % 3
    frame["persons"] = 2 + np.arange(len(x)) % 5
    return frame.assign(geometry=shapely.points(frame[["x", "y"]].to_numpy()))


def grids_of(codes: Iterable[str]) -> list[Grid]:
    """Return the grid rows of units and of all their ancestors."""
    every = {c[:w] for c in codes for w in GENERIC.widths[1:] if w <= len(c)}
    return [Grid(c, GENERIC.level_key(c), name=f"第{int(c[-3:])}网格") for c in sorted(every)]


def homes_of(digits: str) -> pd.DataFrame:
    """Return one house at the middle of each character, with so many households and twice the persons."""
    rows = [(int(d), p.centroid) for d, p in squares(digits) if d != "0"]
    frame = pd.DataFrame({"id": [f"h{k}" for k in range(len(rows))]})
    frame["households"] = [n for n, _ in rows]
    frame["persons"] = 2 * frame["households"]
    shapes = [p for _, p in rows]
    return frame.assign(x=[p.x for p in shapes], y=[p.y for p in shapes], geometry=shapes)


def plan_of(parts: Sequence[tuple[str, Any]], built: pd.DataFrame | None = None) -> Plan:
    """Return the plan of (letter, polygon) cells, in the order given, with these houses."""
    polygons = canonical(np.array([p for _, p in parts], dtype=object))
    codes = [code_of(letter) for letter, _ in parts]
    counted: Elements | None = None if built is None else frame_elements({"buildings": built})
    figures = counted.tally(polygons) if counted else np.zeros((len(polygons), len(FIGURES)))
    grids = {g.code: g for g in grids_of(c for c in codes if c)}
    cells = Cells.of(range(1, len(parts) + 1), codes, polygons, figures)
    outline = shapely.union_all(polygons)
    return make_plan(GENERIC, COUNTY, EPSG, outline, rows=cells, grids=grids, elements=counted, version=1)


def drawn(drawing: str, *, elements: bool = True, homes: str = "") -> Plan:
    """Return the plan that a drawing shows, with the houses of `homes` or those scattered by rule."""
    built = homes_of(homes) if homes else houses(drawing) if elements else None
    return plan_of(squares(drawing), built)


def lumps(drawing: str) -> list[tuple[str, Any]]:
    """Return one polygon per connected patch of a letter: grids as they come from an import."""
    parts = squares(drawing)
    out = []
    for letter in dict.fromkeys(c for c, _ in parts):
        union = shapely.union_all([p for c, p in parts if c == letter])
        out += [(letter, patch) for patch in shapely.get_parts(union)]
    return out


def at(column: float, row: float) -> tuple[float, float]:
    """Return the coordinates of a place in the drawing, counted in characters from the north-west."""
    return EAST + column * SIDE, NORTH - row * SIDE


def line(*points: tuple[float, float]) -> shapely.LineString:
    """Return a line through places of the drawing."""
    return shapely.LineString([at(*p) for p in points])


def not_a_number() -> shapely.LineString:
    """Return a line with an end that is nowhere."""
    return shapely.transform(line((0, 0), (1, 1)), lambda xy: xy * [[1, 1], [np.nan, 1]])


def area(*points: tuple[float, float]) -> shapely.Polygon:
    """Return the polygon with these corners in the drawing."""
    return shapely.Polygon([at(*p) for p in points])


def cell_at(plan: Plan, column: float, row: float) -> int:
    """Return the id of the cell that holds a place of the drawing."""
    inside = shapely.contains(plan.rows.geometry, shapely.Point(at(column, row)))
    return int(plan.rows.id[inside][0])


def households(plan: Plan, letter: str) -> int:
    """Return the households of a unit."""
    return int(plan.figures_of(str(code_of(letter)))["households"])


def letters(plan: Plan, drawing: str) -> str:
    """Draw a plan whose cells are still the squares of `drawing`; a cut cell shows as ``/``."""
    names = {code_of(c): c for c in {letter for letter, _ in squares(drawing)} | set("ABCDEFGHIJKLMNOPabcdefgh")}
    held = {p.normalize().wkb: c for p, c in zip(plan.rows.geometry, plan.rows.code, strict=True)}
    keys = [p.normalize().wkb for _, p in squares(drawing)]
    out = [names.get(held[k], "?") if k in held else "/" for k in keys]
    width = len(_rows(drawing)[0])
    return "\n".join("".join(out[k : k + width]) for k in range(0, len(out), width))


def after(plan: Plan, edit: Edit) -> Plan:
    """Return the plan after an edit, and ask that it is a coverage of the same ground."""
    done = evolve(plan, edit)
    polygons = done.rows.geometry
    assert shapely.coverage_is_valid(polygons)
    assert shapely.equals(shapely.union_all(polygons), plan.outline)
    return done


def drawn_county(path: Path, drawing: str, *, homes: str = "", more: dict[str, pd.DataFrame] | None = None) -> Path:
    """Write the county that a drawing shows, with further e-map tables, and return its path."""
    if more is not None or path.exists():
        return _build(path, drawing, homes, more or {})
    path.write_bytes(_built(drawing, homes))
    return path


@cache
def _built(drawing: str, homes: str) -> bytes:
    """Return the bytes of a drawn county; building one costs half a second, copying nothing."""
    with TemporaryDirectory() as folder:
        return _build(Path(folder) / "county.gpkg", drawing, homes, {}).read_bytes()


def _build(path: Path, drawing: str, homes: str, more: dict[str, pd.DataFrame]) -> Path:
    parts = squares(drawing)
    codes = [code_of(letter) for letter, _ in parts]
    cells = gpd.GeoDataFrame({"code": codes}, geometry=[p for _, p in parts], crs=EPSG)
    rows = grids_of(c for c in codes if c)
    columns = ["code", "level", "kind", "name"]
    frame = pd.DataFrame([(g.code, g.level, g.kind, g.name) for g in rows], columns=columns)
    outline = shapely.normalize(shapely.union_all([p for _, p in parts]))
    tables = {"buildings": homes_of(homes) if homes else houses(drawing)} | more
    found(path, Founding("generic", COUNTY, "画县", EPSG, "new", outline, cells, frame, tables))
    return path


def hash_of(path: Path) -> str:
    """Return the hash of the plan of a county on disk."""
    with open_county(path) as county:
        return county.plan.hash


def tamper(path: Path, *statements: str, **shapes: Any) -> Path:
    """Change a county file behind its back; ``:name`` in a statement is a shape of the drawing."""
    db = sqlite3.connect(path)
    register_functions(db)
    blobs = {name: encode(np.array([shape], dtype=object), EPSG)[0] for name, shape in shapes.items()}
    for statement in statements:
        db.execute(statement, blobs)
    db.commit()
    db.close()
    return path


def patchwork(rows: int, columns: int, block: int = 3) -> str:
    """Return a drawing of `rows` x `columns` characters in blocks of one letter, at most 26 letters a case."""
    names = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    wide = -(-columns // block)
    return "\n".join(
        "".join(names[((j // block) * wide + k // block) % len(names)] for k in range(columns)) for j in range(rows)
    )

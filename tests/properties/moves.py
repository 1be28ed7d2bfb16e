"""Random edits from small whole numbers, so that a failing history shrinks to one that can be drawn on paper."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely

import gridgis as gg
from gridgis import Edit, Plan
from gridgis.errors import GridgisError
from gridgis.plan import make_plan
from tests.drawn import COUNTY, EAST, NORTH, SIDE, at, houses, plan_of, squares
from tests.properties import judge

KINDS = ("split", "merge", "transfer", "paint", "reshape", "transfer", "undo", "recode", "vertex", "draw", "split")
NEAR = (0.0, 0.00001, -0.0003, 0.0007)
"""How far beside the chosen place a vertex is drawn, in squares of 100 m: on it, 1 mm, 3 cm, 7 cm."""

Move = tuple[int, ...]
MOVE_LENGTH = 8


def drawing_of(numbers: Sequence[int], width: int) -> str:
    """Return a drawing of units of two communities and unassigned cells."""
    letters = "ABCDab."
    text = "".join(letters[n % len(letters)] for n in numbers)
    rows = [text[k : k + width] for k in range(0, len(text), width)]
    return "\n".join(row for row in rows if len(row) == width)


def bent(shape: Any, strength: int) -> Any:
    """Move the corners of the squares by a fixed rule, up to 20 m: edges are slanted, neighbours still match."""

    def move(xy: np.ndarray) -> np.ndarray:
        k, j = np.round((xy[:, 0] - EAST) / SIDE), np.round((NORTH - xy[:, 1]) / SIDE)
        shift = np.column_stack([(37 * k + 11 * j) % 41 - 20, (17 * k + 29 * j) % 41 - 20])
        return np.round(xy + strength * shift + (strength > 0) * 0.001 * ((7 * k + 3 * j) % 10)[:, None], 3)

    return shapely.transform(shape, move)


def start(numbers: Sequence[int], width: int, strength: int = 0) -> tuple[Plan, pd.DataFrame]:
    """Return a drawn plan and its houses."""
    drawing = drawing_of(numbers, width)
    parts = [(letter, bent(p, strength)) for letter, p in squares(drawing)]
    outline = shapely.union_all([p for _, p in parts])
    built = houses(drawing, per_cell=4)
    built = built[shapely.intersects(outline, shapely.points(built[["x", "y"]].to_numpy()))]
    return plan_of(parts, built), built


@dataclass
class History:
    """A plan under random edits, judged after each."""

    plan: Plan
    houses: pd.DataFrame
    bad: list[str] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    done: list[Edit] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Remember where the history starts."""
        self.first = self.plan
        self.picture = judge.picture(self.plan)
        self.ever = frozenset(self.plan.grids)

    def move(self, numbers: Move) -> None:
        """Carry out one move and judge what it did; what the kernel refuses must change nothing."""
        kind = KINDS[numbers[0] % len(KINDS)]
        before = self.picture
        try:
            edit, drawn = self._undo() if kind == "undo" else asked(self.plan, kind, numbers)
            after = gg.evolve(self.plan, edit)
        except GridgisError:
            self.bad += judge.same_plan(before, judge.picture(self.plan), "refused")
            return
        now = judge.picture(after)
        self.bad += [f"{kind}: {w}" for w in self._judged(before, now, edit, drawn)]
        if self.bad:
            return
        if kind != "undo":
            back = gg.evolve(after, gg.invert(edit))
            self.bad += judge.same_plan(before, judge.picture(back), f"undo of {kind}")
            self.done.append(edit)
        self.ever |= now.grids
        self.edits.append(edit)
        self.plan, self.picture = after, now

    def _undo(self) -> tuple[Edit, Any]:
        if not self.done:
            raise GridgisError("无", "none")
        edit = self.done.pop()
        return gg.invert(edit), shapely.union_all([*edit.removed.geometry, *edit.added.geometry])

    def _judged(self, before: judge.Picture, now: judge.Picture, edit: Edit, drawn: Any) -> list[str]:
        bad = judge.coverage(now, self.first.outline)
        bad += judge.codes(before, now, self.ever, again=edit.kind == "undo")
        bad += judge.figures(now, self.houses)
        if edit.kind != "undo":
            bad += judge.untouched(before, now, drawn) + judge.handed_over(before, now, edit, drawn)
        return bad

    def judge_whole(self) -> None:
        """Replay everything, and look at the plan with other ids and in another order."""
        plan = self.first
        try:
            for edit in self.edits:
                plan = gg.evolve(plan, edit)
        except GridgisError as error:
            self.bad.append(f"replay: {error.en}")
        self.bad += judge.same_plan(self.picture, judge.picture(plan), "replay")
        self.bad += judge.same_plan(self.picture, judge.picture(shuffled(self.plan)), "other ids")


def shuffled(plan: Plan) -> Plan:
    """Return the same cells under other ids, in another order, with the ledger and version of nobody."""
    rows = plan.rows
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    ids = 1000 + np.arange(len(rows))
    made = rows.of(ids, rows.code[order], rows.geometry[order], rows.figures[order])
    return make_plan(plan.scheme, plan.county_code, plan.epsg, plan.outline, rows=made, grids=plan.grids, version=77)


def asked(plan: Plan, kind: str, numbers: Move) -> tuple[Edit, Any]:
    """Return the edit that the numbers ask for, and the line or area drawn."""
    level = plan.scheme.level_keys[-1 - (numbers[1] % 5 == 0)]
    codes = plan.codes(level)
    if not codes:
        raise GridgisError("无", "none")
    code = codes[numbers[2] % len(codes)]
    unlock = {"unlock": numbers[1] % 3 == 0}
    if kind == "split":
        line = shapely.LineString([place(plan, *numbers[k : k + 2], numbers[7] + k) for k in (3, 5, 1)])
        return gg.split(plan, code, line), line
    if kind == "merge":
        return gg.merge(plan, [code, neighbour(plan, code, codes, numbers[3])], **unlock), None
    if kind == "transfer":
        corners = [place(plan, *numbers[k : k + 2], numbers[7] + k) for k in (3, 4, 5, 2)]
        shape = shapely.convex_hull(shapely.multipoints(corners))
        return gg.transfer(plan, shape, code, **unlock), shape
    if kind == "paint":
        ids = plan.rows.id.tolist()
        return gg.paint(plan, [ids[n % len(ids)] for n in numbers[3 : 4 + numbers[7] % 3]], code, **unlock), None
    if kind == "reshape":
        line = shapely.LineString([place(plan, *numbers[k : k + 2], numbers[7] + k) for k in (3, 5, 1, 2)[: 2 + numbers[7] % 3]])
        return gg.reshape(plan, line, level=level, **unlock), line
    if kind == "vertex":
        return _vertex(plan, numbers, level, unlock)
    if kind == "draw":
        corners = [place(plan, *numbers[k : k + 2], numbers[7] + k) for k in (3, 4, 5, 2)]
        shape = shapely.convex_hull(shapely.multipoints(corners))
        return gg.draw(plan, shape, plan.scheme.parent(code) or COUNTY), shape
    fresh = f"{code[:-3]}{1 + numbers[3] * numbers[4] % 999:03d}"
    return gg.recode(plan, code, fresh, **unlock), None


def _vertex(plan: Plan, numbers: Move, level: str, unlock: dict[str, bool]) -> tuple[Edit, Any]:
    """Move, insert or delete a vertex; what is drawn is the way from where it was to where it goes."""
    vertices = shapely.get_coordinates(plan.rows.geometry)
    k = (31 * numbers[3] + numbers[4]) % len(vertices)
    here, there = vertices[k], vertices[k] + SIDE * (np.array(numbers[5:7]) - 12) / 24
    way = shapely.LineString([here, there])
    if numbers[7] % 3 == 0:
        return gg.delete_vertex(plan, here, level=level, **unlock), shapely.Point(here)
    if numbers[7] % 3 == 1 and k + 1 < len(vertices):
        middle = (here + vertices[k + 1]) / 2
        return gg.insert_vertex(plan, middle, there, level=level, **unlock), shapely.LineString([middle, there])
    return gg.move_vertex(plan, here, there, level=level, **unlock), way


def neighbour(plan: Plan, code: str, codes: Sequence[str], number: int) -> str:
    """Return another of these grids, one that touches `code` if there is any."""
    shape = plan.grid_geometry(code)
    near = [c for c in codes if c != code and shapely.distance(plan.grid_geometry(c), shape) == 0]
    options = near if near and number % 5 else codes
    return options[number % len(options)]


def place(plan: Plan, a: int, b: int, beside: int) -> tuple[float, float]:
    """Return a place of the drawing in quarters of a square, from just outside, or beside an existing vertex."""
    if beside % 7 == 3:
        vertices = shapely.get_coordinates(plan.rows.geometry)
        x, y = vertices[(31 * a + b) % len(vertices)]
        return float(x) + NEAR[beside % 4] * SIDE, float(y)
    near = NEAR[beside % 4]
    return at(a / 4 - 0.5 + near, b / 4 - 0.5 - near)


def random_moves(seed: int, count: int) -> list[Move]:
    """Return moves as the strategy would draw them, for planted faults."""
    r = random.Random(seed)
    return [tuple(r.randint(0, 24) for _ in range(MOVE_LENGTH)) for _ in range(count)]


def run(numbers: Sequence[int], width: int, strength: int, moves: Sequence[Move]) -> History:
    """Run a history from a drawing and judge it, as far as nothing is wrong."""
    history = History(*start(numbers, width, strength))
    for move in moves:
        if not history.bad:
            history.move(move)
    if not history.bad:
        history.judge_whole()
    return history

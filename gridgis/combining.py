"""Putting a draft on the plan that went on without it: questions where both changed, one edit for the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

from gridgis import codes
from gridgis.cells import Cells
from gridgis.diff import attributes
from gridgis.errors import RefusedError
from gridgis.plan import Edit, Grid, Plan, evolve
from gridgis.redraw.changes import Bit, Change, complete, new_name
from gridgis.refining import refined
from gridgis.schema import FIGURES
from gridgis.threeway import OURS, THEIRS, Place, Side, lying_over, places, rows_taken, side_of

_KEY = 8


@dataclass(frozen=True, eq=False)
class Question:
    """A place where the draft and the main line contradict each other.

    Attributes
    ----------
    number
        From 1, in the order of the oldest cells.
    key
        Changes when either side of the place does; an answer by key never meets another question.
    geometry
        The ground concerned; of a place where only attributes differ, that of the grids.
    sides
        For ``base``, ``ours`` and ``theirs``: code -> households, persons, buildings, area_m2.
    words, words_en
        For each of these: what is there, in a sentence.
    """

    number: int
    key: str
    place: Place
    geometry: Any
    sides: Mapping[str, Mapping[str, Mapping[str, float]]]
    words: Mapping[str, str]
    words_en: Mapping[str, str]

    def row(self) -> dict[str, Any]:
        """Return the question as JSON-ready values."""
        area = round(float(shapely.area(self.geometry)), 2)
        named = sorted({c for side in self.sides.values() for c in side if c} | self.place.named)
        return {
            "place": self.number, "key": self.key, "area_m2": area, "cells": len(self.place.cells), "codes": named,
            **{side: {"grids": self.sides[side], "words": self.words[side], "words_en": self.words_en[side]}
               for side in self.sides},
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Comparison:
    """What the main line (`ours`) and a draft (`theirs`) made of their common base.

    Attributes
    ----------
    present
        The plan of the main line; that of `ours` has the vertices that cuts of the draft gave to neighbours.
    """

    present: Plan

    ours: Side
    theirs: Side
    places: tuple[Place, ...]
    questions: tuple[Question, ...]

    def shapes(self, question: Question) -> Iterator[tuple[str, str, Any]]:
        """Yield (side, code, polygon) of what lies in a place, for a map."""
        for side in (self.ours, self.theirs):
            cells = side.cells(question.place.cells)
            for code in sorted({str(c or "") for c in cells.code}):
                own = np.array([(c or "") == code for c in cells.code], dtype=bool)
                yield side.name, code, shapely.union_all(cells.geometry[own])
            for code in sorted(question.place.rows & side.plan.grids.keys()) if not question.place.cells else ():
                yield side.name, code, side.plan.grid_geometry(code)


def compare(base: Plan, ours: Plan, theirs: Plan) -> Comparison:
    """Return the places that either plan changed since the base, and the questions among them."""
    present = ours
    base, ours, theirs = refined(base, ours, theirs)
    a, b = side_of(OURS, base, ours), side_of(THEIRS, base, theirs)
    found = places(a, b)
    asked = [p for p in found if p.verdict == "asked"]
    return Comparison(present, a, b, tuple(found), tuple(_question(k, p, a, b) for k, p in enumerate(asked, 1)))


def _question(number: int, place: Place, ours: Side, theirs: Side) -> Question:
    base = ours.base.rows.take(ours.base.row(place.cells))
    cells = {"base": base, OURS: ours.cells(place.cells), THEIRS: theirs.cells(place.cells)}
    plans = {"base": ours.base, OURS: ours.plan, THEIRS: theirs.plan}
    seen = hashlib.sha256()
    for side, rows in cells.items():
        for code, shape in sorted(zip(map(str, rows.code), shapely.to_wkb(rows.geometry), strict=True)):
            seen.update(code.encode() + shape)
        seen.update("".join(f"{side}{plans[side].grids.get(c)}" for c in sorted(place.named)).encode())
    ground = shapely.union_all(base.geometry)
    if not place.cells:
        ground = shapely.union_all([ours.base.grid_geometry(c) for c in sorted(place.rows)])
    sums = {side: _sums(rows) for side, rows in cells.items()}
    alike = {code for code in sums[OURS] if _alike([side.get(code) for side in sums.values()])}
    told = {side: {c: f for c, f in by_code.items() if c not in alike} for side, by_code in sums.items()}
    words = {side: _words(plans[side], told[side], place, ours.base) for side in told}
    return Question(
        number, seen.hexdigest()[:_KEY], place, ground, sums,
        {side: zh for side, (zh, _) in words.items()}, {side: en for side, (_, en) in words.items()},
    )  # fmt: skip


def _sums(cells: Cells) -> dict[str, dict[str, float]]:
    out: dict[str, dict[str, float]] = {}
    for code in sorted({str(c or "") for c in cells.code}):
        own = np.array([(c or "") == code for c in cells.code], dtype=bool)
        sums = dict(zip(FIGURES, cells.figures[own].sum(axis=0).tolist(), strict=True))
        area = round(float(shapely.area(cells.geometry[own]).sum()), 2)
        out[code] = {k: sums[k] for k in ("households", "persons", "buildings")} | {"area_m2": area}
    return out


def _alike(figures: list[Any]) -> bool:
    """Tell whether a grid has the same figures on every side: it is not what the question is about."""
    first = figures[0]
    return first is not None and all(
        f is not None and abs(f["area_m2"] - first["area_m2"]) < 1 and f | {"area_m2": 0} == first | {"area_m2": 0}
        for f in figures
    )


def _words(plan: Plan, sums: Mapping[str, Mapping[str, float]], place: Place, base: Plan) -> tuple[str, str]:
    zh, en = [], []
    for code, f in sums.items():
        name = plan.grids[code].name if code in plan.grids else ""
        zh.append(f"{code or '未划入网格'}{name and f'（{name}）'} {f['households']:g} 户 {f['persons']:g} 人")
        en.append(
            f"{code or 'in no grid'}{name and f' ({name})'} {f['households']:g} households {f['persons']:g} persons"
        )
    for code in sorted(place.rows):
        if code not in plan.grids:
            zh.append(f"{code} 停用")
            en.append(f"{code} void")
        elif code in base.grids:
            for field, (old, new) in attributes(base.grids[code], plan.grids[code]).items():
                zh.append(f"{code} {field}：“{old}”→“{new}”")
                en.append(f"{code} {field}: '{old}' -> '{new}'")
    return "；".join(zh) or "未改动", "; ".join(en) or "unchanged"


def combined_edit(found: Comparison, answers: Mapping[str, str], command: Mapping[str, Any]) -> Edit:
    """Return the edit that puts the draft on the present plan.

    Parameters
    ----------
    found
        The comparison.
    answers
        ``ours`` or ``theirs`` by the key of each question.
    command
        What is written in the log.

    Raises
    ------
    RefusedError
        A question is not answered, or the outcome would be no proper plan.
    """
    open_ = [q.number for q in found.questions if answers.get(q.key) not in (OURS, THEIRS)]
    if open_:
        listed = "、".join(map(str, open_))
        raise RefusedError(
            f"第 {listed} 处尚未答复：请说明取主线（ours）还是取草稿（theirs）。",
            f"Places {listed.replace('、', ', ')} are not decided yet: say whether to take ours or theirs.",
        )
    theirs = {id(q.place) for q in found.questions if answers[q.key] == THEIRS}
    taken = [p for p in found.places if p.verdict == THEIRS or id(p) in theirs]
    rows = {g.code: g for p in taken for g in rows_taken(p, found.ours, found.theirs)}
    renamed = _renamed(found.present, sorted(rows.keys() & found.theirs.created, key=lambda c: (len(c), c)))
    bits = _bits(found, frozenset().union(*(p.cells for p in taken)), renamed)
    plan = found.present
    new = [_under_new_code(plan, g, renamed.get(g.code, g.code)) for g in rows.values()]
    told = dict(command) | {"taken": dict(sorted(answers.items())), "renamed": renamed}
    notes = [(f"草稿的编码 {a} 已被主线使用，改为 {b}。", f"The main line has used the draft's code {a} meanwhile: it became {b}.")
             for a, b in renamed.items() if a != b]  # fmt: skip
    change = Change("combine", told, plan.scheme.level_keys[-1], bits, new_grids=new, notes=notes)
    edit = _with_rows(plan, complete(plan, change), found, taken)
    _require_sound(plan, edit)
    return edit


def _renamed(plan: Plan, created: list[str]) -> dict[str, str]:
    """Return the code under which each new grid of the draft comes: its own, unless allotted meanwhile."""
    widths, out = plan.scheme.widths, dict[str, str]()
    spent = set(plan.ledger)
    for code in created:
        new = _mapped(code, out, widths)
        if new in spent:
            stem = plan.scheme.stem(new)
            used = {c for c in (*spent, *created) if len(c) == len(new) and c.startswith(stem)}
            new = codes.next_code(stem, len(new), used)
        spent.add(new)
        out[code] = new
    return {a: b for a, b in out.items() if a != b}


def _mapped(code: str, renamed: Mapping[str, str], widths: codes.Widths) -> str:
    """Return a code with its longest renamed prefix put right."""
    for old in (code, *reversed(codes.ancestors(code, widths))):
        if old in renamed:
            return renamed[old] + code[len(old) :]
    return code


def _bits(found: Comparison, base_ids: frozenset[int], renamed: Mapping[str, str]) -> list[Bit]:
    """Return the draft's cells over these base cells as bits of the present ones."""
    ours, widths = found.ours, found.ours.plan.scheme.widths
    standing, coming = ours.cells(base_ids), found.theirs.cells(base_ids)
    present = found.present.rows.take(found.present.row(standing.id.tolist()))
    same = {shapely.to_wkb(g): int(i) for i, g in zip(present.id, present.geometry, strict=True)}
    kept = [same.get(shapely.to_wkb(g)) for g in coming.geometry]
    loose = present.take(~np.isin(present.id, [i for i in kept if i is not None]))
    fresh = coming.take(np.array([i is None for i in kept], dtype=bool))
    over = lying_over(fresh, loose)
    return [
        Bit(g, over[int(n)] if i is None else (i,), None if c is None else _mapped(c, renamed, widths), i)
        for n, i, c, g in zip(coming.id, kept, coming.code, coming.geometry, strict=True)
    ] + (_vertices(found, set(standing.id.tolist())) if base_ids else [])


def _vertices(found: Comparison, besides: set[int]) -> list[Bit]:
    """Return the present cells that only gain a vertex from a cut of the draft next to them."""
    old, new = found.present.rows, found.ours.plan.rows
    changed = np.flatnonzero(~shapely.equals_identical(old.geometry, new.geometry)).tolist()
    return [Bit(new.geometry[k], (int(old.id[k]),), old.code[k]) for k in changed if int(old.id[k]) not in besides]


def _under_new_code(plan: Plan, grid: Grid, code: str) -> Grid:
    numbers = (plan.scheme.number(grid.code), plan.scheme.number(code))
    return grid if code == grid.code else replace(grid, code=code, name=new_name(grid.name, numbers, "", ""))


def _with_rows(plan: Plan, edit: Edit, found: Comparison, taken: list[Place]) -> Edit:
    """Add to an edit the grids that only read differently."""
    live = plan.grids.keys() - set(edit.voided)
    wanted = {c for p in taken for c in p.rows & found.theirs.plan.grids.keys()} & live - set(edit.created)
    new = [found.theirs.plan.grids[c] for c in sorted(wanted) if plan.grids[c] != found.theirs.plan.grids[c]]
    before, after = dict(edit.before), dict(edit.after)
    for g in new:
        figures = {k: v if k == "area_m2" else int(v) for k, v in plan.figures_of(g.code).items()}
        before.setdefault(g.code, figures)
        after.setdefault(g.code, figures)
    return replace(
        edit, before=before, after=after, lineage=tuple(sorted({*edit.lineage, *((g.code, g.code) for g in new)})),
        grids_removed=(*edit.grids_removed, *(plan.grids[g.code] for g in new)), grids_added=(*edit.grids_added, *new),
    )  # fmt: skip


def _require_sound(plan: Plan, edit: Edit) -> None:
    """Refuse an outcome with a cell whose code no grid has, or a grid whose parent is not there."""
    after = evolve(plan, edit)
    ups = {c: plan.scheme.parent(c) for c in after.grids}
    orphans = {c for c, up in ups.items() if up != plan.county_code and up not in after.grids}
    orphans |= set(after.leaf_codes) - after.grids.keys()
    known = {c for c in plan.grids if ups.get(c) != plan.county_code and ups.get(c) not in plan.grids}
    bad = sorted(orphans - known)
    if bad:
        raise RefusedError(
            f"并入后网格“{bad[0]}”将没有上级或没有网格记录，已整体拒绝，县区未改动：请在该处改取另一方。",
            f"Grid '{bad[0]}' would be left without a parent or a row; the whole was refused and the county is "
            "unchanged: take the other side in that place.",
        )

"""Two planners on one base, at random: what a merge must keep, judged by points and by shapely, not by the kernel.

The judge takes points all over the county and asks what each side made of them; it knows nothing of cells
that belong together. Planted faults at the end show each of its sentences failing.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import shapely

import gridgis as gg
from gridgis import Plan, combining, threeway
from gridgis.branches import combine, open_branch, start_branch
from gridgis.combining import Comparison, combined_edit, compare
from gridgis.errors import GridgisError
from gridgis.plan import Edit
from gridgis.verify import verify
from tests.drawn import drawn_county
from tests.properties import judge, moves

POINTS = 200
FAR_M = 0.01
KINDS = ("split", "merge", "transfer", "paint", "paint", "transfer", "recode", "convert")


@dataclass
class Meeting:
    """One base, two sides, and what came of their merge."""

    base: Plan
    ours: Plan
    theirs: Plan
    houses: Any
    found: Comparison | None = None
    edit: Edit | None = None
    answers: dict[str, str] = field(default_factory=dict)
    bad: list[str] = field(default_factory=list)


def wander(plan: Plan, seed: int, count: int) -> Plan:
    """Return a plan after random edits, some taken back."""
    chance = random.Random(seed)
    done: list[Edit] = []
    for numbers in moves.random_moves(seed, count):
        kind = KINDS[numbers[0] % len(KINDS)]
        try:
            if done and chance.random() < 0.15:
                edit = replace(gg.invert(done.pop()), base_version=plan.version)
            elif kind == "convert":
                codes = sorted(plan.grids)
                edit = gg.convert(plan, codes[numbers[2] % len(codes)], "institution")
                done.append(edit)
            else:
                edit = moves.asked(plan, kind, numbers)[0]
                done.append(edit)
            plan = gg.evolve(plan, edit)
        except GridgisError:
            continue
    return plan


def meet(seed: int, *, width: int = 6, most: int = 4) -> Meeting:
    """Let two planners go on from one base, merge, answer the questions by chance, and judge all."""
    chance = random.Random(seed)
    numbers = [chance.randint(0, 24) for _ in range(width * chance.randint(3, 6))]
    base, houses = moves.start(numbers, width, strength=seed % 3 % 2)
    ours = wander(base, 2 * seed + 1, chance.randint(0, most))
    theirs = wander(base, 2 * seed + 2, chance.randint(1, most))
    meeting = Meeting(base, ours, theirs, houses)
    meeting.found = compare(base, ours, theirs)
    meeting.answers = {q.key: chance.choice(["ours", "theirs"]) for q in meeting.found.questions}
    try:
        meeting.edit = combined_edit(meeting.found, meeting.answers, {"combine": "x"})
        after = gg.evolve(ours, meeting.edit)
    except GridgisError as error:
        meeting.bad.append(f"refused: {error.en}")
        return meeting
    meeting.bad = judged(meeting, after)
    return meeting


def judged(meeting: Meeting, after: Plan) -> list[str]:
    """Judge a merge."""
    before, now = judge.picture(meeting.ours), judge.picture(after)
    assert meeting.edit is not None
    ever = meeting.ours.ledger - meeting.base.grids.keys()
    bad = judge.coverage(now, meeting.base.outline) + judge.figures(now, meeting.houses)
    bad += judge.codes(before, now, ever, again=False)
    bad += judge.same_plan(before, judge.picture(gg.evolve(after, gg.invert(meeting.edit))), "undo")
    return bad + respected(meeting, after) + attributes(meeting, after) + quiet(meeting)


def respected(meeting: Meeting, after: Plan) -> list[str]:
    """Judge, point by point, that each side's work stands unless an answer says otherwise."""
    assert meeting.found is not None
    assert meeting.edit is not None
    points = sample(meeting)
    b, a, t, m = (codes_at(plan, points) for plan in (meeting.base, meeting.ours, meeting.theirs, after))
    renamed = meeting.edit.command["renamed"]
    answer = np.full(len(points), "", dtype=object)
    for q in meeting.found.questions:
        answer[shapely.contains(q.geometry, points)] = meeting.answers[q.key]
    bad = []
    for k in range(len(points)):
        theirs = under(t[k], renamed)
        changed = (a[k] != b[k], t[k] != b[k])
        want = theirs if answer[k] == "theirs" else a[k]
        if not answer[k]:
            if all(changed) and a[k] != t[k]:
                bad.append("both changed a point and nobody was asked")
                continue
            want = theirs if changed[1] and not changed[0] else a[k]
        if m[k] != want:
            bad.append(f"a point is {m[k]}, not {want} (base {b[k]}, ours {a[k]}, theirs {t[k]}, answer '{answer[k]}')")
    return sorted(set(bad) | set(distinct(meeting, a, t, m)))


def distinct(meeting: Meeting, a: Sequence[Any], t: Sequence[Any], m: Sequence[Any]) -> list[str]:
    """Judge that two grids which both sides made under one code are two grids afterwards."""
    new = (meeting.ours.grids.keys() & meeting.theirs.grids.keys()) - meeting.base.grids.keys()
    bad = []
    for code in new:
        mine = {m[k] for k in range(len(m)) if a[k] == code and t[k] != code and m[k] == code}
        both = {k for k in range(len(m)) if t[k] == code and a[k] != code and m[k] == code}
        if mine and both:
            bad.append(f"two grids share the code {code}")
    return bad


def under(code: str | None, renamed: dict[str, str]) -> str | None:
    """Return a code with its longest renamed prefix put right."""
    hits = [old for old in renamed if code and code.startswith(old)]
    old = max(hits, key=len, default="")
    return renamed[old] + code[len(old) :] if old and code else code


def sample(meeting: Meeting) -> Any:
    """Return points well inside the cells of all three plans."""
    rng = np.random.default_rng(POINTS)
    x0, y0, x1, y1 = meeting.base.outline.bounds
    xy = np.column_stack([rng.uniform(x0, x1, POINTS), rng.uniform(y0, y1, POINTS)])
    points = shapely.points(xy)
    keep = shapely.contains(meeting.base.outline, points)
    for plan in (meeting.base, meeting.ours, meeting.theirs):
        edges = shapely.union_all(shapely.boundary(plan.rows.geometry))
        keep &= shapely.distance(edges, points) > FAR_M
    return points[keep]


def codes_at(plan: Plan, points: Any) -> list[str | None]:
    """Return the code of the cell that holds each point, found by shapely."""
    k, cell = shapely.STRtree(plan.rows.geometry).query(points, predicate="within")
    out: list[str | None] = ["?"] * len(points)
    for point, row in zip(k.tolist(), cell.tolist(), strict=True):
        out[point] = plan.rows.code[row]
    return out


def attributes(meeting: Meeting, after: Plan) -> list[str]:
    """Judge that what one side alone wrote of a living grid stands, unless the grid was asked about."""
    assert meeting.found is not None
    asked = {c for q in meeting.found.questions for c in (*q.row()["codes"], *q.place.rows)}
    bad = []
    for code in meeting.base.grids.keys() & after.grids.keys():
        b, a, t, m = (p.grids.get(code) for p in (meeting.base, meeting.ours, meeting.theirs, after))
        if code in asked or a is None or t is None:
            continue
        if m != (a if t == b else t):
            bad.append(f"what stands of grid {code} is nobody's")
    return bad


def quiet(meeting: Meeting) -> list[str]:
    """Judge that different cells merge without a question: no cell, row or ended grid concerns both sides."""
    assert meeting.found is not None
    b, a, t = (judge.picture(p) for p in (meeting.base, meeting.ours, meeting.theirs))
    parcels = [set(p.parcels()) for p in (b, a, t)]
    touched = [parcels[0] - parcels[k] for k in (1, 2)]
    ended = (b.grids - a.grids) | (b.grids - t.grids)
    rewritten = [{c for c in b.grids & p.grids if meeting.base.grids[c] != q.grids[c]}
                 for p, q in ((a, meeting.ours), (t, meeting.theirs))]  # fmt: skip
    left = set.intersection(*({str(c) for c, _ in side} for side in touched))
    if touched[0] & touched[1] or ended or left or rewritten[0] & rewritten[1]:
        return []
    return ["different cells became a question"] if meeting.found.questions else []


@dataclass(frozen=True)
class Tally:
    """How many merges there were, and of what kind."""

    merges: int
    asked: int
    renamed: int
    bad: Sequence[str]


def many(seeds: Sequence[int], **how: int) -> Tally:
    """Judge many meetings."""
    met = [meet(seed, **how) for seed in seeds]
    bad = [f"seed {seed}: {w}" for seed, m in zip(seeds, met, strict=True) for w in m.bad]
    asked = sum(bool(m.answers) for m in met)
    renamed = sum(bool(m.edit and m.edit.command["renamed"]) for m in met)
    return Tally(len(met), asked, renamed, bad)


@pytest.mark.parametrize("start", range(0, 200, 25))
def test_random_merges_keep_every_invariant(start: int) -> None:
    tally = many(range(start, start + 25))
    assert list(tally.bad) == []
    assert 3 <= tally.asked <= 22


@pytest.mark.long
def test_long_random_merges() -> None:
    tally = many(range(1000, 3000), most=8)
    assert list(tally.bad) == []
    assert min(tally.asked, tally.merges - tally.asked, tally.renamed) > 50


def two_drafts(seed: int) -> tuple[list[str], bool]:
    """Combine two drafts in either order; return what is wrong, and whether they were free of each other."""
    chance = random.Random(seed)
    base, _ = moves.start([chance.randint(0, 24) for _ in range(36)], 6)
    drafts = [wander(base, 2 * seed + k, 2) for k in (1, 2)]
    hashes, bad = set(), []
    for first, second in (drafts, drafts[::-1]):
        one = gg.evolve(base, combined_edit(compare(base, base, first), {}, {"combine": "1"}))
        bad += ["alone on its base, a draft is not what it was"] if one.hash != first.hash else []
        found = compare(base, one, second)
        if found.questions:
            return bad, False
        edit = combined_edit(found, {}, {"combine": "2"})
        if edit.command["renamed"]:
            return bad, False
        hashes.add(gg.evolve(one, edit).hash)
    return bad + (["the order of drafts matters"] if len(hashes) > 1 else []), True


def test_drafts_that_do_not_meet_give_the_same_plan_in_either_order() -> None:
    outcomes = [two_drafts(seed) for seed in range(40)]
    assert [w for bad, _ in outcomes for w in bad] == []
    assert sum(free for _, free in outcomes) > 10


def filed(seed: int) -> list[str]:
    """Let a main line and a draft of one file go on at random, combine, undo, redo, and ask `verify`."""
    with TemporaryDirectory() as folder:
        path = drawn_county(Path(folder) / "county.gpkg", "AABBa\nACCBa\nDDC.b")
        with gg.open_county(path) as county:
            start_branch(county, "x")
            for where, start in ((county, 3), (open_branch(county, "x"), 5)):
                for numbers in moves.random_moves(start * seed, 5):
                    kind = moves.KINDS[numbers[0] % len(moves.KINDS)].replace("undo", "paint")
                    with suppress(GridgisError):
                        where.apply(moves.asked(where.plan, kind, numbers)[0])
            before = county.plan.hash
            try:
                edit = combine(county, "x", {"": ("ours", "theirs")[seed % 2]})[1]
            except GridgisError as error:
                return [error.en]
            assert edit is not None
            bad = [] if county.undo().hash == before else ["undo is not what was"]
            bad += [] if county.redo().hash == edit.hash else ["redo is not what was"]
            return bad + [en for _, en in verify(county)]


@pytest.mark.parametrize("seed", range(6))
def test_random_merges_in_a_file(seed: int) -> None:
    assert filed(seed) == []


# -- planted faults ----------------------------------------------------------------------------------


def nothing(*_: Any) -> Iterator[Any]:
    """Find nothing."""
    return iter(())


def flipped(found: Comparison, answers: dict[str, str], command: dict[str, Any]) -> Edit:
    """Take the other side."""
    other = {"ours": "theirs", "theirs": "ours"}
    return combining.combined_edit(found, {k: other[v] for k, v in answers.items()}, command)


def always_asked(*_: Any, **__: Any) -> str:
    """Ask about everything."""
    return "asked"


def same_code(place: Any, ours: Any, theirs: Any) -> list[Any]:
    """Take a code that both sides created for one grid."""
    return [g for g in threeway.rows_taken(place, ours, theirs) if g.code not in ours.plan.grids]


def unwritten(_plan: Any, edit: Edit, *_: Any) -> Edit:
    """Forget what only reads differently."""
    return edit


FAULTS: dict[str, tuple[Any, str, Callable[..., Any], str]] = {
    "codes": (combining, "rows_taken", same_code, "two grids share the code"),
    "names": (combining, "_renamed", lambda *_: {}, "refused"),
    "rows": (combining, "_with_rows", unwritten, "is nobody's"),
    "unasked": (threeway, "_contradictions", nothing, "nobody was asked"),
    "edges": (threeway, "_edges_altered", nothing, "refused"),
    "ended": (threeway, "_leaning", nothing, "refused"),
    "answers": (sys.modules[__name__], "combined_edit", flipped, "a point is"),
    "asked": (threeway, "_verdict", always_asked, "different cells became a question"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, wrong, told = FAULTS[fault]
    monkeypatch.setattr(where, name, wrong)
    assert any(told in w for seed in range(120) for w in meet(seed, most=6).bad), f"'{told}' was never said"

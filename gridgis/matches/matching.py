"""A register or foreign polygons against the plan, one to one: every row of both sides gets exactly one verdict.

What has the same code on both sides is compared by place (intersection over union) and by name.
What is left over on both sides is paired by place, or by name where there is no geometry, so that the
sum of all scores is greatest: the best pair of one row may not cost another its only one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gridgis.matches import verdicts as v
from gridgis.matches.pairing import Pair, Places, assigned
from gridgis.matches.verdicts import Words
from gridgis.naming import SUFFIX, WRITING, folded, likeness, stem, suffix
from gridgis.plan import Plan

MIN_IOU = 0.5
_SHARED = 0.2
"""Below this share two places are no candidates for each other."""
_ALIKE = 0.75
"""Below this likeness two names are no candidates for each other."""
_KEYS = [*v.COLUMNS, "words_en"]


@dataclass(frozen=True)
class Matching:
    """The outcome of a match.

    Attributes
    ----------
    level
        Level of the plan that was matched.
    frame
        One row per verdict: `row` (of the file, missing for grids that only the plan has), `code_there`,
        `name_there`, `code_here`, `name_here`, `verdict`, `detail`, `lies_in`, `iou`, `score`, `words`, `words_en`.
    """

    level: str
    frame: pd.DataFrame

    @property
    def summary(self) -> dict[str, Any]:
        """Counts by verdict of both sides; each adds up to the rows of the file and the grids of the level."""
        there, here = self.frame["row"].notna(), self.frame["code_here"] != ""
        sides = {"there": self.frame[there], "here": self.frame[here]}
        return {side: {"all": len(rows), **_counted(rows)} for side, rows in sides.items()}

    @property
    def agrees(self) -> bool:
        """True when every row matches; names may differ in suffix or writing."""
        kinds = zip(self.frame["verdict"], self.frame["detail"], strict=True)
        return all(kind in v.AGREEING for kind in kinds)

    def candidates(self, above: float = 0.0) -> pd.DataFrame:
        """Return the rows whose code or name the plan can take over, with at least a score."""
        kinds = self.frame["verdict"].isin([v.RECODED, v.NAME])
        return self.frame[kinds & (self.frame["score"] >= above)]


def _counted(rows: pd.DataFrame) -> dict[str, Any]:
    found = Counter(rows["verdict"])
    details = Counter(rows.loc[rows["verdict"] == v.NAME, "detail"])
    return {k: found[k] for k in v.VERDICTS if found[k]} | ({"names": dict(details)} if details else {})


def match(plan: Plan, level: str, theirs: gpd.GeoDataFrame, *, min_iou: float = MIN_IOU) -> Matching:
    """Match rows of a file with the grids of a level.

    Parameters
    ----------
    plan
        The plan.
    level
        Key of a level of the scheme.
    theirs
        Index: row numbers as people count them; columns `raw` (code as written), `code` (None where it cannot
        be read), `name`, `reason` (a pair of sentences for such a code, else None) and `geometry` (the county's
        CRS, None in a register).
    min_iou
        Same code and less in common than this is another place.
    """
    return _Work(plan, level, theirs, min_iou).done()


class _Work:
    """A match while it is worked out."""

    def __init__(self, plan: Plan, level: str, theirs: gpd.GeoDataFrame, min_iou: float) -> None:
        self.plan, self.level, self.min_iou = plan, level, min_iou
        width = plan.scheme.width(level)
        self.here = {c: plan.grids[c].name if plan.grids[c].name != c else "" for c in plan.codes(level)}
        self.raw: dict[int, str] = dict(zip(theirs.index, theirs["raw"], strict=True))
        codes = zip(theirs.index, theirs["code"], strict=True)
        self.code: dict[int, str | None] = {row: c if isinstance(c, str) and c else None for row, c in codes}
        self.name: dict[int, str] = dict(zip(theirs.index, theirs["name"], strict=True))
        self.reason: dict[int, Words] = dict(zip(theirs.index, theirs["reason"], strict=True))
        self.places = Places(list(self.here), plan.grid_geometry, dict(zip(theirs.index, theirs.geometry, strict=True)))
        times: dict[str, list[int]] = defaultdict(list)
        for row, code in self.code.items():
            if code is not None and len(code) == width:
                times[code].append(row)
        self.twice = {c: rows for c, rows in times.items() if len(rows) > 1}
        self.single = {c: rows[0] for c, rows in times.items() if len(rows) == 1}
        self.out: list[dict[str, Any]] = []
        self.taken: set[str] = set()

    def done(self) -> Matching:
        width = self.plan.scheme.width(self.level)
        for row, code in self.code.items():
            if code is None:
                self.malformed(row)
            elif len(code) != width:
                self.put(v.OTHER, row)
        self.same_codes()
        free = self.duplicates()
        self.left_over(free)
        order = {k: i for i, k in enumerate(self.code)}
        self.out.sort(key=lambda r: (r["row"] is None, order.get(r["row"], 0), r["code_here"]))
        frame = pd.DataFrame(self.out, columns=_KEYS)
        return Matching(self.level, frame.astype({"row": "Int64", "iou": float, "score": float}))

    # -- one verdict

    def put(self, verdict: str, row: int | None, here: str | None = None, **more: Any) -> None:
        """Write down the verdict on a row, a grid or both."""
        note = ("", "")
        code = "" if row is None else self.code[row] or self.raw[row]
        name = "" if row is None else self.name[row]
        name_here = self.here[here] if here else ""
        if here is not None:
            self.taken.add(here)
        if row is not None and self.code[row] and self.raw[row] != code:
            note = f"（文件中写作 {self.raw[row]}）", f" (Written {self.raw[row]} in the file.)"
        iou, score, detail = (more.get(k, d) for k, d in (("iou", np.nan), ("score", np.nan), ("detail", "")))
        place = ("", "") if np.isnan(iou) else (f"，重合度 {iou:.3f}", f", IoU {iou:.3f}")
        values = {
            "code_there": code, "name_there": name, "code_here": here, "name_here": name_here, "score": score,
            "and_name": ("和名称", " and name") if name and name_here else ("", ""), "and_place": place,
            "suffix_there": suffix(name) or "–", "suffix_here": suffix(name_here) or "–", "hint": ("", ""),
        } | more  # fmt: skip
        values["lies_in"] = more.get("lies_in") or ("方案以外的地方", "nothing of the plan")
        zh, en = v.sentence(detail or verdict, values, note)
        self.out.append(dict(zip(_KEYS, (
            row, code, name, here or "", name_here, verdict, detail, more.get("lies_in", ""), iou, score, zh, en,
        ), strict=True)))  # fmt: skip

    def malformed(self, row: int) -> None:
        at, _ = self.places.best(row)
        hint = (f"；按位置是 {at}", f"; by its place it is {at}") if at else ("", "")
        self.put(v.MALFORMED, row, reason=self.reason[row], hint=hint)

    # -- the same code on both sides

    def same_codes(self) -> None:
        both = {c: row for c, row in self.single.items() if c in self.here}
        ious = self.places.shares([(row, c) for c, row in both.items()])
        lies = {row: self.places.best(row)[0] for c, row in both.items() if ious.get((row, c), 1.0) < self.min_iou}
        lies |= self.named_elsewhere({c: row for c, row in both.items() if (row, c) not in ious})
        for code, row in both.items():
            iou, there = ious.get((row, code), np.nan), lies.get(row)
            if there is None or there == code:
                self.compared(row, code, iou)
                continue
            back = self.single.get(there)
            swapped = back is not None and lies.get(back) == code
            self.put(v.SWAPPED if swapped else v.MOVED, row, code, iou=iou, lies_in=there)

    def compared(self, row: int, code: str, iou: float) -> None:
        """Judge a row whose code and place agree by its name."""
        name, here = self.name[row], self.here[code]
        if not np.isnan(iou) and iou < self.min_iou:
            self.put(v.MOVED, row, code, iou=iou, lies_in=code, detail=v.RESHAPED)
            return
        alike = likeness(name, here)
        if not name or alike == 1.0:
            self.put(v.MATCHED, row, code, iou=iou, score=alike if name else np.nan)
            return
        kinds = {SUFFIX: v.SUFFIX_ONLY, WRITING: v.WRITING_ONLY}
        detail = v.UNNAMED if not here else kinds.get(alike, v.DIFFERENT)
        self.put(v.NAME, row, code, iou=iou, score=alike if here else 1.0, detail=detail)

    def named_elsewhere(self, rows: Mapping[str, int]) -> dict[int, str]:
        """Return for rows without a place, whose name is that of another grid, that grid.

        Two rows that bear each other's names come first: names such as "Grid 4" exist under every parent.
        Whole names go before names without their suffix.
        """
        named = {c: row for c, row in rows.items() if self.name[row] and self.here[c]}
        out: dict[int, str] = {}
        for key in (folded, stem):
            odd = {c: row for c, row in named.items() if row not in out and key(self.name[row]) != key(self.here[c])}
            waiting: dict[tuple[str, str], list[str]] = defaultdict(list)
            for code, row in odd.items():
                there, here = key(self.name[row]), key(self.here[code])
                partners = waiting[here, there]
                if partners:
                    near = next((p for p in partners if self.up(p) == self.up(code)), partners[0])
                    partners.remove(near)
                    out[row], out[odd[near]] = near, code
                else:
                    waiting[there, here].append(code)
        for key in (folded, stem):
            home = self.homes(key)
            borne = {(c, key(self.name[r])) for c, r in named.items()}
            for code, row in named.items():
                name = key(self.name[row])
                found = None if row in out or name == key(self.here[code]) else home(code, name)
                if found is not None and (found, name) not in borne:
                    out[row] = found
        return out

    def homes(self, key: Callable[[str], str]) -> Callable[[str, str], str | None]:
        """Return a search for the one grid of a name, under the same parent or in the whole plan."""
        known: dict[Any, list[str]] = defaultdict(list)
        for code, name in self.here.items():
            for place in (key(name), (self.up(code), key(name))):
                known[place].append(code)

        def search(code: str, name: str) -> str | None:
            alone = (known.get(place, []) for place in ((self.up(code), name), name))
            return next((found[0] for found in alone if len(found) == 1), None)

        return search

    def up(self, code: str) -> str:
        """Return the parent's part of a code."""
        return self.plan.scheme.parent(code) or ""

    # -- the rest

    def duplicates(self) -> list[tuple[int, str]]:
        """Pair the best of each group with its grid; return the other rows with the code that they bear."""
        free = []
        self.fits: dict[int, float] = {}
        for code, rows in self.twice.items():
            for row in rows:
                share = self.places.shares([(row, code)]).get((row, code)) if code in self.here else None
                self.fits[row] = share if share is not None else likeness(self.name[row], self.here.get(code, ""))
            best = max(rows, key=lambda r: self.fits[r]) if code in self.here else None
            for row in rows:
                if row == best:
                    self.repeated(row, code, code)
                else:
                    free.append((row, code))
        return free

    def repeated(self, row: int, code: str, here: str | None) -> None:
        """Write down one of several rows with the same code."""
        rows = self.twice[code]
        best = max(rows, key=lambda r: self.fits[r])
        if here == code:
            fit = (
                f"位置、名称以本行最符合（{self.fits[row]:.3f}）",
                f"this row fits best by place and name ({self.fits[row]:.3f})",
            )
        elif here is not None:
            fit = f"本行应为 {here}", f"this row should be {here}"
        elif code in self.here:
            fit = f"最符合的是第 {best} 行", f"row {best} fits best"
        else:
            fit = "方案中没有该编码", "the plan has no such code"
        iou = self.places.shares([(row, here)]).get((row, here), np.nan) if here else np.nan
        listed = [", ".join(map(str, rows[:10])) + (" …" if len(rows) > 10 else "")]
        self.put(v.DUPLICATE, row, here, iou=iou, score=self.fits[row], times=len(rows), rows=listed[0], fit=fit,
                 lies_in=here if here not in (None, code) else "")  # fmt: skip

    def left_over(self, free: Iterable[tuple[int, str]]) -> None:
        """Pair what is left on both sides, and write down what stays alone."""
        bearing = dict(free)
        unknown = [row for c, row in self.single.items() if c not in self.here]
        open_ = [c for c in self.here if c not in self.taken]
        pairs = self.scores([*unknown, *bearing], open_)
        # A row that repeats a code goes elsewhere only where it fits better.
        pairs = {(r, c): s for (r, c), s in pairs.items() if r not in bearing or s > self.fits[r]}
        found = assigned(pairs)
        for row, code in bearing.items():
            self.repeated(row, code, found[row][0] if row in found else None)
        for row in unknown:
            if row in found:
                here, score = found[row]
                by_place = self.places.has(row)
                by = ("", "by its outline") if by_place else ("（按名称）", "by its name")
                self.put(v.RECODED, row, here, iou=score if by_place else np.nan, score=score, by=by)
            else:
                self.put(v.HERE, row, hint=self.hint(row))
        occupied = {r["lies_in"]: r for r in self.out if r["verdict"] == v.MOVED and r["lies_in"]}
        for code in self.here:
            if code not in self.taken:
                at = occupied.get(code)
                hint = (
                    ("", "")
                    if at is None
                    else (f"；第 {at['row']} 行画在此处", f"; row {at['row']} is drawn in its place")
                )
                self.put(v.THERE, None, code, hint=hint)

    def hint(self, row: int) -> Words:
        """Say of a row that the plan lacks where it lies, or what its code tells."""
        code = self.code[row] or ""
        at, share = self.places.best(row)
        if at:
            return f"；其范围主要在 {at} 内（重合度 {share:.3f}）", f"; it lies mostly in {at} (IoU {share:.3f})"
        # GB/T 10114: 400 to 599 are bodies like a township, such as a development zone.
        if len(code) == 9 and "400" <= code[6:] <= "599":
            return (
                "；代码 400–599 段为开发区等类乡级单位，不是乡镇",
                "; codes 400-599 are township-like bodies such as development zones",
            )
        return "", ""

    def scores(self, rows: list[int], open_: list[str]) -> dict[Pair, float]:
        """Return how well rows and grids fit, for every pair worth a thought."""
        drawn = [r for r in rows if self.places.has(r)]
        out = {p: s for p, s in self.places.crossings(drawn).items() if p[1] in set(open_) and s >= _SHARED}
        by_parent, by_stem = defaultdict(list), defaultdict(list)
        stems = Counter(stem(n) for n in self.here.values())
        for code in open_:
            by_parent[self.up(code)].append(code)
            by_stem[stem(self.here[code])].append(code)
        for row in (r for r in rows if not self.places.has(r)):
            name, up = self.name[row], self.up(self.code[row] or "")
            near = set(by_parent[up])
            if stems[stem(name)] == 1:
                near |= set(by_stem[stem(name)])
            for code in near:
                score = self.alike(name, code) * (1.0 if self.up(code) == up else 0.9)
                if score >= _ALIKE:
                    out[row, code] = round(score, 3)
        return out

    def alike(self, name: str, code: str) -> float:
        """Return the likeness of a name to that of a grid; names of parents before both count for nothing."""
        here, up = self.here[code], self.up(code)
        while up in self.plan.grids:
            parent = self.plan.grids[up].name
            if parent and here.startswith(parent) and name.startswith(parent):
                return likeness(name[len(parent) :], here[len(parent) :])
            up = self.up(up)
        return likeness(name, here)

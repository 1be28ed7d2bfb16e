"""What the incidents of a county say of its grids, and the work that they and the people make; frames, ready to be shown."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gridgis.county import County
from gridgis.disclosing import figure_tree, small
from gridgis.errors import InputError
from gridgis.locate import locate
from gridgis.overlays import counting, hotspots
from gridgis.overlays.categories import Categories, categories_from, read_categories
from gridgis.overlays.heads import in_words, named
from gridgis.overlays.incidents import COLUMNS, Wish, at_level, chosen, leaves, prepared, unlocated
from gridgis.overlays.workload import class_names, workload
from gridgis.plan import Plan
from gridgis.scheme import Scheme, scheme_from
from gridgis.scheme_parts import Workload
from gridgis.staff.people import people_of, role_name
from gridgis.suppression import suppress

TITLES = {
    "workload": ("各网格工作量", "Workload"), "evenness": ("均衡程度", "Evenness"), "staffing": ("应配人员", "Staff needed"),
    "alerts": ("预警网格", "Grids alerted"), "calls": ("责任链", "People to call"), "conflicts": ("来源之间的差异", "Conflicts of sources"),
    "sources": ("来源", "Sources"),
}  # fmt: skip
"""Names of the tables of work, alerts and population."""
VALUES = ("count", "households", "persons", "area")
"""What hot spots are sought in: the number itself, or the number per household, person or area."""


@dataclass(frozen=True, eq=False)
class Study:
    """The incidents that are meant, on one plan.

    Attributes
    ----------
    plan
        The plan that they are counted on.
    every
        All incidents, as `prepared` returns them.
    wish
        Which are meant.
    now
        The moment at which open ones are looked at.
    """

    plan: Plan
    every: pd.DataFrame
    wish: Wish
    now: pd.Timestamp

    @cached_property
    def leaf_of_all(self) -> pd.Series[Any]:
        """Leaf grid of every incident."""
        return leaves(self.plan, self.every)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The incidents that are meant."""
        return self.every[chosen(self.every, self.leaf_of_all, self.wish)]

    @cached_property
    def leaf(self) -> pd.Series[Any]:
        """Leaf grid of those."""
        return self.leaf_of_all.loc[self.frame.index]

    @cached_property
    def unlocated(self) -> pd.DataFrame:
        """Those of them that count in no grid, and why."""
        return unlocated(self.frame, self.leaf)

    def per_grid(self, level: str) -> pd.DataFrame:
        """Return counts, rates and shares; see `gridgis.overlays.counting.per_grid`."""
        found = counting.per_grid(self.plan, self.frame, self.leaf, level, self.now)
        if self.wish.within:
            found = found[found.index.str.startswith(self.wish.within)]
        return found

    def values(self, level: str, of: str) -> pd.Series[float]:
        """Return one value of each grid that tiles the county: the count, or a rate; missing where few live."""
        found = self.per_grid(level)
        if of == "count":
            return found["reported"].astype(float)
        if of == "area":
            areas = np.array([shapely.area(self.plan.grid_geometry(c)) for c in found.index]) / 1e6
            return found["reported"] / areas
        return found[f"per_1000_{of}"].astype(float).mask(found["few"])

    def hot_spots(self, level: str, of: str = "count") -> pd.DataFrame:
        """Return hot and cold spots; see `gridgis.overlays.hotspots.hot_spots`."""
        values = self.values(level, of)
        found = hotspots.hot_spots(values, hotspots.neighbours(self.plan, list(values.index)))
        return found.assign(name=[self.plan.grids[c].name for c in found.index])

    def hot_by_chance(self, level: str, of: str = "count", *, times: int = 20, seed: int = 1) -> list[int]:
        """Return how many hot spots there are when the same values lie on the grids at random, each time anew."""
        values = self.values(level, of)
        beside = hotspots.neighbours(self.plan, list(values.index))
        known, chance = values.notna().to_numpy(), np.random.default_rng(seed)
        out = []
        for _ in range(times):
            mixed = values.copy()
            mixed[known] = chance.permutation(values[known].to_numpy())
            out.append(int(hotspots.hot_spots(mixed, beside)["spot"].str.startswith("hot").sum()))
        return out

    def emerging(self, level: str, step: str = "month") -> pd.DataFrame:
        """Return hot and cold spots over time; see `gridgis.overlays.hotspots.emerging`.

        Raises
        ------
        InputError
            There are fewer than four whole steps of time.
        """
        codes = self.plan.tiling(level)
        if self.wish.within:
            codes = [c for c in codes if c.startswith(self.wish.within)]
        cube = hotspots.cube_of(at_level(self.plan, self.leaf, level), self.frame["at"], codes, step)
        if cube.shape[1] < 4:
            raise InputError(
                f"只有 {cube.shape[1]} 个完整的时间段，看不出趋势：请放宽时段，或改用 week。",
                f"There are only {cube.shape[1]} whole steps of time: take a longer period, or the step 'week'.",
            )
        found = hotspots.emerging(cube, hotspots.neighbours(self.plan, codes))
        return found.assign(name=[self.plan.grids[c].name for c in codes])

    def against(self, other: Wish, level: str) -> pd.DataFrame:
        """Return two periods side by side per grid, `other` being the earlier; see `gridgis.overlays.counting.compared`."""
        before = Study(self.plan, self.every, other, self.now)
        first, second = before.per_grid(level), self.per_grid(level)
        found = counting.compared(first["reported"], second["reported"], (self.days(other), self.days(self.wish)))
        return second[["name"]].join(found)

    def days(self, wish: Wish) -> float:
        """Return the length of a period; what is left open ends with the incidents."""
        first = pd.Timestamp(wish.since) if wish.since else self.every["at"].min().floor("D")
        last = pd.Timestamp(wish.until) if wish.until else self.every["at"].max().floor("D") + pd.Timedelta(days=1)
        # Of no incidents there is no end: their rates are nothing over any time.
        return max((last - first).total_seconds() / 86_400, 1.0) if pd.notna(last - first) else 1.0


def study(county: County, wish: Wish | None = None, version: int | None = None) -> Study:
    """Return the incidents of a county on its present plan, or on an earlier version of it.

    Parameters
    ----------
    county
        The county.
    wish
        Which incidents are meant; all by default.
    version
        Version of the plan; the present one by default.
    """
    every = prepared(county.table("incidents", COLUMNS))
    plan = county.plan if version is None else county.plan_at(version)
    return Study(plan, every, wish or Wish(), moment(county, every))


def moment(county: County, every: pd.DataFrame) -> pd.Timestamp:
    """Return the moment that counts as now: the end of today, or of the last day that the incidents reach to."""
    today = pd.Timestamp(county.today) + pd.Timedelta(days=1)
    last = every["at"].max()
    return min(today, last.normalize() + pd.Timedelta(days=1)) if pd.notna(last) else today


def public(study_: Study, level: str, k: int) -> pd.DataFrame:
    """Return reported incidents and rates per grid as everybody may see them: small numbers hidden, and what would give them away.

    Parameters
    ----------
    study_
        The incidents.
    level
        Level of the grids.
    k
        Numbers from 1 to k - 1 are hidden, missing in the answer.
    """
    figures, tree = figure_tree(study_.plan)
    counts = pd.Series(0, index=figures.index)
    for code, n in study_.leaf.dropna().value_counts().items():
        above = [str(code)[:w] for w in study_.plan.scheme.widths if str(code)[:w] in counts.index]
        counts[[*dict.fromkeys(above), ""]] += n
    hidden = small(study_.plan, k).assign(reported=suppress(counts.to_frame("n"), tree, k=k)["n"])
    shown = ("reported", "households", "persons")
    found = study_.per_grid(level)[["name", *shown, "few"]].astype(dict.fromkeys(shown, "Int64"))
    for name in shown:
        found.loc[hidden[name].reindex(found.index).to_numpy(bool), name] = pd.NA
    for one in shown[1:]:
        rate = 1000 * found["reported"] / found[one].where(found[one] > 0)
        found[f"per_1000_{one}"] = rate.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return found


def thinned(counts: pd.Series[Any], k: int) -> pd.Series[Any]:
    """Return the numbers of a table whose sum is known as everybody may see them: small ones missing, and what would give them away.

    Parameters
    ----------
    counts
        Whole numbers that add up to the sum.
    k
        Numbers from 1 to k - 1 are hidden.
    """
    names = [str(i) for i in range(len(counts))]
    values = [int(v) for v in counts]
    tree = pd.DataFrame({"n": [sum(values), *values]}, index=["", *names])
    hidden = suppress(tree, {"": names}, k=k)["n"].to_numpy(bool)[1:]
    return counts.astype("Int64").mask(hidden)


def categories_of(county: County) -> Categories:
    """Return the county's own tree of categories, else the one shipped."""
    own = county.meta.get("categories_toml")
    return categories_from(own, "categories_toml") if own else read_categories()


def save_categories(county: County, path: Path) -> Categories:
    """Keep a tree of categories in the county.

    Raises
    ------
    InputError
        The file is no such tree.
    """
    found = read_categories(path)
    county.store.put_setting("categories_toml", path.read_text(encoding="utf-8"))
    county.forget()
    return found


def load(county: County, level: str, study_: Study, rules: Workload | None = None) -> pd.DataFrame:
    """Return the workload of each grid of a level; see `gridgis.overlays.workload.workload`.

    Parameters
    ----------
    county, level, study_
        The county, the level, and the incidents that count.
    rules
        Weights; those of the scheme by default.
    """
    plan = study_.plan
    codes = plan.codes(level)
    if not codes:
        county.scheme.level(level)
        raise InputError(f"层级“{level}”还没有网格。", f"There are no grids of the level '{level}' yet.")
    figures = pd.DataFrame([plan.figures_of(c) for c in codes], index=pd.Index(codes, name="code"))
    width = plan.scheme.width(level)
    homes = county.table("buildings", ("floating", "x", "y"))
    leaf = locate(plan, homes[["x", "y"]].to_numpy(dtype=float).reshape(-1, 2)).str.slice(0, width)
    floating = pd.to_numeric(homes["floating"]).fillna(0).reset_index(drop=True).groupby(leaf).sum()
    figures["floating"] = floating.reindex(codes, fill_value=0).astype(int)
    figures["incidents"] = study_.leaf.str.slice(0, width).value_counts().reindex(codes, fill_value=0)
    return workload(plan, figures, rules or county.scheme.workload)


def held_of(county: County) -> pd.Series[Any]:
    """Return how many hold each role for each code today, index (role, code)."""
    postings = people_of(county, county.today).postings
    return postings.groupby(["role", "code"]).size()


def save_workload(county: County, rules: Workload) -> None:
    """Write the weights into the county's scheme; the rest of its text stays as it is."""
    text = re.sub(r"(?ms)^\[workload(\.[a-z_]+)?\]\n.*?(?=^\[|\Z)", "", county.meta["scheme_toml"])
    text = re.sub(r"(?m)^workload\s*=\s*\{.*\}\s*$\n?", "", text)
    told = rules.model_dump(mode="json")
    factors = {k: told.pop(k) for k in ("category_factors", "class_factors")}
    lines = ["[workload]", *(f"{k} = {v}" for k, v in told.items())]
    for name, values in factors.items():
        if values:
            lines += [f"[workload.{name}]", *(f"{k} = {v}" for k, v in values.items())]
    text = text.rstrip() + "\n\n" + "\n".join(lines) + "\n"
    # A scheme that could not be read again would close the county.
    scheme_from(tomllib.loads(text), county.meta["scheme"])
    county.store.put_setting("scheme_toml", text)
    county.forget()


def worded(frame: pd.DataFrame, scheme: Scheme, names: dict[str, str], lang: str) -> pd.DataFrame:
    """Return a table of work or staff as people read it."""
    classes = {k: (zh, en) for k, zh, en in class_names(scheme)} | named(scheme.classes)
    known = {"category": named(scheme.categories), "class": classes, "proposed": classes}
    known |= {"role": {r.key: role_name(scheme, r.key) for r in scheme.roles}}
    known |= {"community": {"": ("全县", "County")} | {c: (n, n) for c, n in names.items() if n}}
    return in_words(frame, lang, known)

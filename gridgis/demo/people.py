"""Households and persons of every building, in exact totals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridgis.demo.growth import apportion
from gridgis.demo.settlement import Settlement
from gridgis.demo.terrain import Floats, Ints

BAND = (318, 488)
"""Households of a unit grid of the built-up area: inside 300-500 with room on both sides."""
RURAL_PERSONS = 3.1
"""Persons per household outside the built-up area."""


def people_of(
    settled: Settlement,
    unit: NDArray[np.object_],
    built_up: NDArray[np.bool_],
    counts: dict[str, float],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return households, persons and groups of each building.

    Parameters
    ----------
    settled
        The buildings.
    unit, built_up
        For each building the code of its unit grid, and whether that is built up.
    counts
        `persons`, `built_up_share`.
    rng
        Source of chance.
    """
    names, group = np.unique(unit.astype(str), return_inverse=True)
    town = np.zeros(len(names), dtype=bool)
    town[group] = built_up
    total = int(counts["persons"])
    in_town = round(total * float(counts["built_up_share"]))
    weight = capacity(settled, built_up, rng)
    households = _households(names, group, town, total - in_town, rng)
    persons = np.zeros(len(names), dtype=np.int64)
    for zone, amount in ((town, in_town), (~town, total - in_town)):
        wish = households[zone] * rng.normal(1.0, 0.04, int(zone.sum()))
        persons[zone] = apportion(amount, wish, households[zone], households[zone] * 9)
    homes = spread(group, weight, households, rng)
    heads = homes + spread(group, homes.astype(float), persons - households, rng)
    return groups(homes, heads, built_up, rng)


def capacity(settled: Settlement, built_up: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """How many homes a building can hold, from its floor space and use."""
    plots = settled.plots
    floor = plots.width * plots.depth * plots.storeys
    use = plots.use.astype(str)
    lived = np.select([use == "住宅", use == "商住", use == "附属用房"], [1.0, 0.7, 0.0], 0.01)
    # Outside the towns many houses stand empty.
    lived = np.where(~built_up & (rng.random(len(use)) < 0.55), 0.0, lived)
    return np.asarray(floor**0.8 * lived * rng.lognormal(0.0, 0.3, len(use)) + 1e-9)


def _households(
    names: NDArray[np.str_],
    group: Ints,
    town: NDArray[np.bool_],
    rural_persons: int,
    rng: np.random.Generator,
) -> Ints:
    """Households of each unit grid: inside the band in the towns, by number of houses elsewhere."""
    count = np.zeros(len(names), dtype=np.int64)
    count[town] = np.clip(np.round(rng.normal(405, 38, int(town.sum()))), *BAND).astype(np.int64)
    houses = np.bincount(group, minlength=len(names)).astype(float)
    wish = houses[~town] * rng.lognormal(0.0, 0.3, int((~town).sum()))
    least = np.full(len(wish), 4, dtype=np.int64)
    count[~town] = apportion(
        round(rural_persons / RURAL_PERSONS), wish, least, np.maximum(houses[~town].astype(np.int64), 4)
    )
    return count


def spread(group: Ints, weight: Floats, amount: Ints, rng: np.random.Generator) -> Ints:
    """Deal the amount of each group out over its members, by chance in proportion to weights."""
    dealt = np.zeros(len(group), dtype=np.int64)
    order = np.argsort(group, kind="stable")
    cuts = np.searchsorted(group[order], np.arange(len(amount) + 1))
    for g in range(len(amount)):
        members = order[cuts[g] : cuts[g + 1]]
        share = weight[members] / weight[members].sum()
        dealt[members] = rng.multinomial(int(amount[g]), share)
    return dealt


def groups(homes: Ints, heads: Ints, built_up: NDArray[np.bool_], rng: np.random.Generator) -> pd.DataFrame:
    """Return counts of the groups that grid staff look after; counts only, never names."""
    return pd.DataFrame(
        {
            "households": homes,
            "persons": heads,
            "floating": rng.binomial(heads, np.where(built_up, 0.24, 0.03)),
            "elderly_alone": rng.binomial(homes, np.where(built_up, 0.028, 0.11)),
            "disabled": rng.binomial(heads, 0.021),
        }
    )

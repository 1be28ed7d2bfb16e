"""Incidents as a frame: read once, put into grids, chosen by period, kind, state, handling and place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridgis.locate import locate
from gridgis.overlays.categories import within
from gridgis.plan import Plan

COLUMNS = ("id", "at", "category", "status", "due_at", "closed_at", "handled_in", "valid", "address", "x", "y")
"""What is needed of the table of incidents; nothing of it is about a person."""
HANDLED = ("grid", "joint", "dispatched")
"""The ways in which an incident is handled: by the grid itself, jointly, by a department."""


@dataclass(frozen=True)
class Wish:
    """Which incidents are meant; what is empty limits nothing.

    Attributes
    ----------
    since, until
        First day, and the day after the last, as ``YYYY-MM-DD``.
    categories
        Groups or matters; a group stands for all its matters.
    statuses, handled
        States, and ways of handling.
    within
        Codes of grids of any level.
    """

    since: str = ""
    until: str = ""
    categories: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    handled: tuple[str, ...] = ()
    within: tuple[str, ...] = ()


def prepared(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table of incidents with times as times and gaps as empty text; rows and index stay."""
    frame = pd.DataFrame({c: table.get(c) for c in COLUMNS}, index=table.index)
    for column in ("at", "due_at", "closed_at"):
        # The clock on the wall is meant, whatever the zone written behind it.
        text = frame[column].astype("string").str.slice(0, 19).str.replace("T", " ", regex=False)
        frame[column] = pd.to_datetime(text, format="ISO8601", errors="coerce")
    for column in ("id", "category", "status", "handled_in", "address"):
        frame[column] = frame[column].fillna("").astype(str)
    for column in ("valid", "x", "y"):
        frame[column] = pd.to_numeric(frame[column], errors="coerce").astype(float)
    return frame


def leaves(plan: Plan, frame: pd.DataFrame) -> pd.Series[Any]:
    """Return the leaf grid of each incident, missing where it has no place, lies outside or in no grid yet."""
    return locate(plan, frame[["x", "y"]].to_numpy(dtype=float)).set_axis(frame.index)


def at_level(plan: Plan, leaf: pd.Series[Any], level: str) -> pd.Series[Any]:
    """Return the grid that tiles the county at a level for each leaf code; where a branch lacks it, the next coarser."""
    known, widths = set(plan.tiling(level)), sorted({len(c) for c in plan.tiling(level)}, reverse=True)
    owner = {c: next((c[:w] for w in widths if c[:w] in known), None) for c in leaf.dropna().unique()}
    return leaf.map(owner).astype(object)


def chosen(frame: pd.DataFrame, leaf: pd.Series[Any], wish: Wish) -> NDArray[np.bool_]:
    """Return which incidents are meant.

    Parameters
    ----------
    frame
        As `prepared` returns it.
    leaf
        Leaf codes of the same rows; used only where the wish names grids.
    wish
        What is meant. Incidents without a time count only where no period is asked for.
    """
    keep = np.ones(len(frame), dtype=bool)
    if wish.since:
        keep &= (frame["at"] >= pd.Timestamp(wish.since)).to_numpy()
    if wish.until:
        keep &= (frame["at"] < pd.Timestamp(wish.until)).to_numpy()
    if wish.categories:
        known = {c: within(c, wish.categories) for c in frame["category"].unique()}
        keep &= frame["category"].map(known).to_numpy(dtype=bool)
    for column, values in (("status", wish.statuses), ("handled_in", wish.handled)):
        if values:
            keep &= frame[column].isin(list(values)).to_numpy()
    if wish.within:
        keep &= leaf.fillna("").astype(str).str.startswith(tuple(wish.within)).to_numpy()
    return keep


def unlocated(frame: pd.DataFrame, leaf: pd.Series[Any]) -> pd.DataFrame:
    """Return the incidents that count in no grid, and why: ``no_place``, or ``outside`` the drawn grids."""
    out = frame[leaf.isna()]
    lacking = out[["x", "y"]].isna().any(axis=1)
    return out.assign(why=np.where(lacking, "no_place", "outside"))[["id", "at", "category", "address", "x", "y", "why"]]


def tree_of(categories: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the categories there are by their group, both in order."""
    out: dict[str, tuple[str, ...]] = {}
    for category in sorted({c for c in categories if c}):
        group = category.split("/")[0]
        out[group] = (*out.get(group, ()), category)
    return out

"""Charts of workload, staff, alerts and sources of population."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from app_pages.state import say
from app_pages.tally import quiet
from gridgis.scheme_parts import Workload

CLASS_COLOURS = ("#d2603f", "#f0c27b", "#8cc3a6")
MOST = 12
"""So many bars at most."""
_NEED, _HELD = "#d2603f", "#4577ab"


def spread(found: pd.DataFrame, rules: Workload, names: list[tuple[str, str]]) -> Any:
    """Return how many grids have how much work, in the colours of the classes."""
    top = max(4.0, rules.upper + 1)
    held = found["workload"].clip(upper=top - 0.01) // 0.25 * 0.25
    known = dict(names)
    long = pd.DataFrame({"from": held, "class": found["proposed"].map(known)}).value_counts().rename("n").reset_index()
    long["to"] = long["from"] + 0.25
    colour = alt.Color("class:N", scale=alt.Scale(domain=[n for _, n in names], range=list(CLASS_COLOURS)), title=None)
    chart = alt.Chart(long).mark_bar(stroke="white", strokeWidth=0.6).encode(
        x=alt.X("from:Q", bin=alt.Bin(binned=True, step=0.25), axis=alt.Axis(format=".1f", grid=False, values=np.arange(0, top + 0.1, 0.5).tolist()),
                scale=alt.Scale(domain=[0, top])), x2="to:Q",
        y=alt.Y("n:Q", stack="zero", axis=alt.Axis(tickCount=4, tickMinStep=1, format=",d")), color=colour,
        tooltip=[alt.Tooltip("from:Q", format=".2f", title=" "), alt.Tooltip("n:Q", format=",", title=" ")],
    )  # fmt: skip
    return quiet(chart, 170)


def staff(table: pd.DataFrame) -> Any:
    """Return how many of each role are needed and how many there are; `table` with the columns role, needed, held."""
    names = {"needed": say("load_needed"), "held": say("load_held")}
    sums = table.groupby("role", sort=False)[list(names)].sum().rename(columns=names)
    long = sums.reset_index().melt("role", var_name="kind", value_name="n")
    colour = alt.Color("kind:N", title=None, scale=alt.Scale(domain=list(names.values()), range=[_NEED, _HELD]))
    base = alt.Chart(long).encode(
        y=alt.Y("role:N", sort=None, axis=alt.Axis(title=None, labelLimit=190, labelOverlap=False, labelFontSize=12)),
        yOffset=alt.YOffset("kind:N", sort=list(names.values())),
        x=alt.X("n:Q", axis=None, scale=alt.Scale(domainMax=max(float(long["n"].max()), 1.0) * 1.3)),
    )  # fmt: skip
    text = base.mark_text(align="left", dx=5, color="#64748b", fontSize=11).encode(text=alt.Text("n:Q", format=","))
    return quiet(base.mark_bar(opacity=0.85, cornerRadiusEnd=2).encode(color=colour) + text, max(44 * len(sums), 90))


def bars(labels: list[str], values: pd.Series[Any]) -> Any:
    """Return bars with their number, in the order given."""
    data = pd.DataFrame({"name": labels, "n": values.astype(float).to_numpy()}).drop_duplicates("name")
    top = float(data["n"].abs().max()) or 1.0
    base = alt.Chart(data).encode(
        y=alt.Y("name:N", sort=None, axis=alt.Axis(labelLimit=190, labelOverlap=False)),
        x=alt.X("n:Q", axis=None, scale=alt.Scale(domainMin=min(0.0, float(data["n"].min())), domainMax=top * 1.7)),
    )  # fmt: skip
    drawn = base.mark_bar(color="#d2603f", opacity=0.8, cornerRadiusEnd=3, height={"band": 0.62})
    text = base.mark_text(align="left", dx=5, color="#64748b", fontSize=11).encode(text=alt.Text("n:Q", format=",.2~f"))
    return quiet(drawn + text, 24 * len(data) + 6)

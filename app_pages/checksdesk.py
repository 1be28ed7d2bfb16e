"""What the page on checks does: filter, fix, accept, assign, hand out, count over versions."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import streamlit as st

import gridgis as gg
from app_pages import access, bench
from app_pages.desk import Desk
from app_pages.state import attempt, lang, say, tell
from gridgis import accepting
from gridgis.checks import rule_list
from gridgis.checks.fixing import fix
from gridgis.checks.incremental import Checked, Supposed
from gridgis.io.workbook import Sheet
from gridgis.print.reports import report
from layers.geojson import to_degrees

VERSIONS = 10
COLUMNS = ("severity", "rule", "code", "measure", "unit", "households", "persons", "words", "fix", "assigned")


def names() -> dict[str, str]:
    """Return the name of each rule in the language of the session."""
    return {r["rule"]: r["en" if lang() == "en" else "zh"] for r in rule_list()}


def towns(desk: Desk) -> dict[str, str]:
    """Return the name of each grid of the coarsest level by its code, all of them under the empty code."""
    plan = desk.plan
    return {"": say("check_all_towns"), **{c: plan.grids[c].name or c for c in plan.codes(plan.scheme.level_keys[0])}}


def chosen(found: gpd.GeoDataFrame) -> Any:
    """Return which findings fit the filters, the rule aside."""
    state = st.session_state
    fits = np.ones(len(found), dtype=bool)
    if state.check_town:
        fits &= found["code"].fillna("").astype(str).str.startswith(state.check_town).to_numpy()
    if state.check_severity:
        fits &= found["severity"].isin(list(state.check_severity)).to_numpy()
    return fits & (found["households"] >= state.check_households).to_numpy()


def assigned(desk: Desk, found: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the findings with a column of those who are to settle them."""
    with desk.quiet() as county:
        return found.assign(assigned=accepting.assignees(county, found))


def repair(desk: Desk, row: dict[str, Any]) -> None:
    """Save the edit that resolves a finding."""

    def save() -> gg.Edit:
        access.require("save")
        with desk.quiet() as county:
            found = fix(county, row, desk.checked())
            return county.apply(found.edit, by=access.author(), reason=f"{row['rule']}：{row['words']}")

    done = attempt(save)
    if done is not None:
        st.session_state.finding = None
        bench.settle(desk, done)


def accept(desk: Desk, row: dict[str, Any]) -> None:
    """Accept a finding for the reason typed."""
    state = st.session_state
    code = row["code"] if isinstance(row["code"], str) and row["code"] in desk.plan.grids else ""

    def enter() -> str:
        access.require("save")
        given = {"rule": row["rule"], "code": code, "reason": state.check_reason, "by": access.author(),
                 "until": state.check_until.isoformat() if state.check_until else ""}  # fmt: skip
        with desk.quiet() as county:
            return accepting.accept(county, given, None if code else row["geometry"])

    done = attempt(enter)
    if done is not None:
        state.check_reason, state.finding = "", None
        tell(notice=say("check_accepted", id=done))


def assign(desk: Desk, row: dict[str, Any]) -> None:
    """Give a finding to the one whose name was typed."""

    def enter() -> bool:
        access.require("save")
        with desk.quiet() as county:
            accepting.assign(county, row, st.session_state.check_to, by=access.author())
        return True

    if attempt(enter):
        tell(notice=say("check_given"))


def sheets(found: gpd.GeoDataFrame) -> list[Sheet]:
    """Return the findings as the sheets of a workbook: one of them, one of their number by rule."""
    plain = in_words(found)
    counts = plain[say("rule")].value_counts(sort=False).rename_axis(say("rule")).reset_index(name=say("check_count"))
    return [Sheet(say("check_count"), plain), Sheet(say("rule"), counts)]


def summary(desk: Desk, words: str) -> bytes:
    """Return the report on the checks as a PDF; `words` is the language, since a download runs outside the session."""
    with desk.quiet() as county:
        return report(county, "check", words).pdf()


def in_words(found: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the findings as they are read, without their places."""
    end = "_en" if lang() == "en" else ""
    plain = pd.DataFrame(found.drop(columns="geometry"))
    plain = plain.assign(
        severity=[say(f"severity_{s}") for s in plain["severity"]], rule=plain["rule"].map(names()),
        words=plain[f"words{end}"], fix=plain[f"fix{end}"],
    )[list(COLUMNS)]  # fmt: skip
    heads = {"severity": "severity", "rule": "rule", "code": "code", "measure": "measure", "households": "fig_households",
             "persons": "fig_persons", "words": "words", "fix": "fix", "assigned": "check_assigned"}  # fmt: skip
    return plain.rename(columns={k: say(v) for k, v in heads.items()} | {"unit": "m²/m/…"})


def features(desk: Desk, found: gpd.GeoDataFrame) -> bytes:
    """Return the findings as GeoJSON in degrees."""
    shapes = [None if g is None else to_degrees(g, desk.crs) for g in found.geometry]
    plain = found.assign(geometry=shapes).set_crs(4326, allow_override=True)
    return str(plain.to_json(drop_id=True, ensure_ascii=False)).encode()


def trend(desk: Desk, versions: int = VERSIONS) -> pd.DataFrame:
    """Return how many errors and warnings each of the last versions has, each checked where it differs from the next."""
    def count() -> pd.DataFrame:
        with desk.quiet() as county:
            checked, rows = desk.checked(), []
            newest = county.version
            for version in range(newest, max(newest - versions, 0), -1):
                then: Any = Supposed(county, county.plan_at(version))
                checked = Checked.of(county) if checked is None else checked.again(then)
                found = checked.frame(county)
                rows += [(version, say(f"severity_{s}"), int((found["severity"] == s).sum())) for s in ("error", "warning")]
        return pd.DataFrame(rows, columns=["version", "severity", "count"])

    return desk.once(("trend", lang(), versions), count)

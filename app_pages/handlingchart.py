"""The ledger of incidents as a chart and as a workbook: what is listed, by category, overdue ones apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from app_pages import access, handlingdesk, incidentbook
from app_pages.desk import Desk
from app_pages.state import lang, say
from app_pages.tally import quiet
from app_pages.words import word
from gridgis.io.workbook import Sheet, workbook_bytes
from layers.styles import LEDGER
from layers.text import safe_text

_MOST = 12
_KEPT = ("status", "category", "at", "due_at", "closed_at", "late", "code", "id", "source", "address", "note")
_HEADS = ("case_status", "case_category", "case_time", "case_due", "case_closed_at", "case_legend_late", "case_grid", "case_id",
          "case_source", "case_address", "case_note")  # fmt: skip


def chart(rows: pd.DataFrame, named: Mapping[str, str]) -> Any:
    """Return how many of the listed incidents there are of each category as it is called, overdue ones in the colour of their marks."""
    kinds = {"late": say("case_legend_late"), "open": say("case_legend_open"), "closed": say("case_legend_closed")}
    kind = (rows["closed_at"].notna() | (rows["status"] == "closed")).map({True: "closed", False: "open"}).mask(rows["late"].astype(bool), "late")
    some = pd.DataFrame({"category": rows["category"].fillna("–").replace("", "–").map(lambda c: named.get(c, c)), "kind": kind.map(kinds)})
    first = some["category"].value_counts().head(_MOST).index.tolist()
    counts = some[some["category"].isin(first)].value_counts().rename("n").reset_index()
    shown = [k for k in kinds if (kind == k).any()]
    colour = alt.Color("kind:N", title=None, scale=alt.Scale(
        domain=[kinds[k] for k in shown], range=[LEDGER["styles"][k]["fillColor"] for k in shown]))  # fmt: skip
    bars = alt.Chart(counts).mark_bar(height={"band": 0.62}).encode(
        y=alt.Y("category:N", sort=first, axis=alt.Axis(title=None, labelLimit=190, labelOverlap=False, labelFontSize=12)),
        x=alt.X("n:Q", stack="zero", axis=alt.Axis(title=None, tickMinStep=1, tickCount=4, format="d")), color=colour,
        tooltip=[alt.Tooltip("kind:N", title=" "), alt.Tooltip("n:Q", format=",", title=" ")],
    )  # fmt: skip
    return quiet(bars, max(26 * len(first) + 20, 110))


def workbook(desk: Desk, rows: pd.DataFrame, title: str, language: str) -> bytes:
    """Return the listed incidents as a workbook, its heads in a language."""
    table = rows.reindex(columns=list(_KEPT)).copy()
    table["status"] = [handlingdesk.status_word(r, language) for r in rows.to_dict("records")]
    table["late"] = ["✓" if late else "" for late in rows["late"]]
    table.columns = pd.Index([word(h, language) for h in _HEADS])
    about = pd.DataFrame([(desk.county.meta["name"], ""), (title, f"{len(rows):,}")], columns=["", " "])
    return workbook_bytes([Sheet(word("sheet_facts", language), about), Sheet(title[:31], table)])


def summary(desk: Desk, rows: pd.DataFrame, view: str) -> None:
    """Show the chart of the list, and the buttons that keep both; names of people who reported are in neither."""
    if rows.empty:
        return
    language = lang()
    drawn = chart(rows, handlingdesk.called(desk, language))
    title = say(f"case_{view}", n="").strip()
    st.html(f"<h4>{safe_text(title)} · {safe_text(say('by_category'))}</h4>")
    st.altair_chart(drawn, width="stretch")
    incidentbook.chart_downloads(desk, [drawn], ("cases", view, len(rows), int(rows["late"].sum()), tuple(rows["id"].head(3))))
    if access.allowed("save"):
        st.download_button(say("get_tables"), lambda: workbook(desk, rows, title, language), f"{desk.county.code}_{view}.xlsx",
                           key="case_xlsx", on_click="ignore", width="stretch")  # fmt: skip

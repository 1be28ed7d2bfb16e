"""People: vacancies, whom to post, who has too much, who was not visited; postings accepted here."""

from __future__ import annotations

import json
import time

import pandas as pd
import shapely
import streamlit as st

from app_pages import access, bench, empty, mapview, veil
from app_pages.desk import Desk
from app_pages.panel import banner, number
from app_pages.state import attempt, keep, lang, say, tell
from app_pages.tableview import Column, table
from gridgis import peoplebook, posting
from gridgis.io.workbook import workbook_bytes
from layers.geojson import to_degrees
from layers.text import safe_text

TABLES = ("vacancies", "suggestions", "double", "overload", "overdue", "stray")
HIDDEN = {"suggestions": ("kind",), "vacancies": (), "overdue": ("staff",), "overload": ("holder",)}
NUMBERS = (
    "needed",
    "held",
    "households",
    "persons",
    "distance_m",
    "count",
    "at_most",
    "grids",
    "median",
    "times",
    "days",
    "visit_days",
)


def tables_of(desk: Desk, role: str | None) -> dict[str, pd.DataFrame]:
    """Return the six tables for a role or all; made once for a state of plan and registers."""
    return desk.once(("staffing", role), lambda: peoplebook.staffing_tables(desk.county, role))


def controls(desk: Desk, tables: dict[str, pd.DataFrame]) -> None:
    """Show which table, which role, and the workbook."""
    other = lang() == "en"
    left, middle, right = st.columns([6, 2, 1.6], vertical_alignment="center")
    names = {t: f"{peoplebook.TITLES[t][other]} {len(tables[t])}" for t in TABLES}
    left.segmented_control(say("people_table"), TABLES, key="people_table", format_func=names.__getitem__, required=True,
                           label_visibility="collapsed", on_change=lambda: st.session_state.update(people_row=None))  # fmt: skip
    roles = {"": say("people_all")} | {r.key: r.en if other else r.zh for r in desk.scheme.roles if r.level}
    middle.selectbox(say("people_role"), list(roles), key="people_role", format_func=roles.__getitem__, label_visibility="collapsed",
                     on_change=lambda: st.session_state.update(people_row=None))  # fmt: skip
    scheme, words = desk.scheme, lang()
    right.download_button(
        say("people_xlsx"), data=lambda: workbook_bytes(peoplebook.staffing_sheets(scheme, tables, words)),
        file_name=f"{desk.county.code}_staffing.xlsx", on_click="ignore", key="staffing_xlsx", width="stretch",
    )  # fmt: skip


def rows_of(desk: Desk, name: str, frame: pd.DataFrame) -> tuple[list[Column], list[list[object]]]:
    """Return a table as columns and rows to read."""
    plain = frame.drop(columns=list(HIDDEN.get(name, ())))
    words = peoplebook.in_words(desk.scheme, name, plain, lang())
    kinds = [
        "number" if c in NUMBERS else "code" if c in ("code", "codes", "posting") else "text" for c in plain.columns
    ]
    columns = [Column(str(title), kind) for title, kind in zip(words.columns, kinds, strict=True)]
    rows: list[list[object]] = [
        [number(v, 1 if isinstance(v, float) else 0) if k == "number" else "–" if v in (None, "") else str(v)
         for v, k in zip(row, kinds, strict=True)]
        for row in words.to_numpy().tolist()
    ]  # fmt: skip
    return columns, rows


def codes_in(frame: pd.DataFrame, row: int | None) -> list[str]:
    """Return the grids that a row is about."""
    if row is None or row >= len(frame):
        return []
    found = frame.iloc[row]
    return [str(c) for c in (found["codes"] if "codes" in frame else [found["code"]] if "code" in frame else [])]


def focus(desk: Desk, codes: list[str]) -> dict[str, object] | None:
    """Return the place of grids as the map shows it."""
    plan = desk.plan
    shapes = [plan.grid_geometry(c) for c in codes if c in plan.grids]
    if not shapes:
        return None
    shape = shapely.union_all(shapes)
    return {"key": f"people:{'.'.join(codes)}:{st.session_state.get('people_at', 0)}", "bounds": bench.bounds_of(desk, shape),
            "shape": json.loads(shapely.to_geojson(to_degrees(shape, desk.crs)))}  # fmt: skip


def accept(desk: Desk, frame: pd.DataFrame) -> None:
    """Enter suggested postings, all of these or none."""

    def enter() -> list[posting.Posted]:
        access.require("save")
        with desk.quiet() as county:
            return posting.post(county, posting.wanted_of(frame))

    done = attempt(enter)
    if done is not None:
        st.session_state.people_row = None
        tell(notice=say("people_accepted", n=len(done)))


def follow(desk: Desk) -> None:
    """Move the postings of voided codes to the grids that followed."""

    def move() -> list[posting.Posted]:
        access.require("save")
        with desk.quiet() as county:
            return posting.follow(county)

    done = attempt(move)
    if done is not None:
        tell(notice=say("people_moved", n=len(done)))


def actions(desk: Desk, name: str, frame: pd.DataFrame) -> None:
    """Show what can be done with the table."""
    row = st.session_state.people_row
    if name == "suggestions":
        one, every = st.columns(2)
        chosen = frame.iloc[[row]] if row is not None and row < len(frame) else frame.iloc[:0]
        one.button(say("people_accept_one"), key="accept_one", disabled=chosen.empty, on_click=accept, args=(desk, chosen),
                   width="stretch")  # fmt: skip
        every.button(say("people_accept_all", n=len(frame)), key="accept_all", type="primary", on_click=accept,
                     args=(desk, frame), width="stretch")  # fmt: skip
    elif name == "stray" and (frame["fault"] == "void").any():
        st.button(say("people_follow"), key="follow", type="primary", on_click=follow, args=(desk,))


@st.fragment
def register(desk: Desk) -> None:
    """Show one table, what can be done with it, and the map."""
    state = st.session_state
    if not any(r.level for r in desk.scheme.roles):
        st.html(f'<p class="gg-tip">{safe_text(say("people_no_roles"))}</p>')
        return
    if empty.without_grids(desk):
        return
    with desk.quiet() as county:
        nobody = not len(county.table("staff", ["id"]))
    tables = tables_of(desk, state.people_role or None)
    if nobody and all(frame.empty for frame in tables.values()):
        empty.card("empty_people", "empty_people_note", "register")
        return
    if state.people_table is None:
        # Nobody comes to see a list that is empty.
        state.people_table = next((name for name, frame in tables.items() if len(frame)), "vacancies")
    controls(desk, tables)
    banner()
    name = state.people_table
    frame = tables[name]
    left, right = st.columns([1.7, 1], gap="small")
    with left:
        if frame.empty:
            title = peoplebook.TITLES[name][lang() == "en"]
            note = safe_text(say("people_clean_note", table=title))
            st.html(f'<div class="gg-clear"><b>{safe_text(say("people_clean"))}</b><span>{note}</span></div>')
        else:
            if access.allowed("save"):
                actions(desk, name, frame)
            columns, rows = rows_of(desk, name, frame)
            table(columns, rows, key=f"people_{name}", height="calc(100dvh - 210px)", picked=state.people_row,
                  on_pick=lambda row: state.update(people_row=row, people_at=time.time_ns()))  # fmt: skip
        st.html(
            f'<p class="gg-tip">{safe_text(say("people_as_of", day=desk.county.today))} · {safe_text(say("people_pick"))}</p>'
        )
    with right:
        place = focus(desk, codes_in(frame, state.people_row))
        picture = mapview.message(desk, state.level, "none", "code", focus=place)
        mapview.live_map(desk, picture, key="people_map", height="clamp(320px, calc(100dvh - 96px), 1200px)")


desk = veil.own()
for choice in ("level", "people_table", "people_role"):
    keep(choice)
register(desk)

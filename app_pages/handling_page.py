"""The ledger of incidents on the map: enter one by a click, see what is overdue, take the next step."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app_pages import access, accesslist, handlingchart, handlingdesk, mapview, veil
from app_pages.address import prefix
from app_pages.desk import Desk
from app_pages.panel import banner, facts
from app_pages.state import keep, lang, say
from app_pages.tableview import table
from gridgis.incidents import handlingbook as book
from gridgis.incidents.handling import WAYS, bodies_of
from gridgis.incidents.ledger import VIEWS, now_for
from gridgis.incidents.reporting import RESIDENT
from layers.page import LOOP_TOOLS
from layers.text import safe_text


def controls(desk: Desk, rows: Any) -> None:
    """Show which list, the points of residents, and the way to the page for residents."""
    waiting = ((rows["source"] == RESIDENT) & rows["valid"].isna()).sum()
    counts = {"open": len(rows), "overdue": int(rows["late"].sum()), "unjudged": int(waiting), "closed": 0}
    left, middle, right = st.columns([5, 1.7, 1.4], vertical_alignment="center")
    left.segmented_control(say("case_view"), VIEWS, key="case_view", required=True, label_visibility="collapsed",
                           format_func=lambda v: say(f"case_{v}", n=f"{counts[v]:,}"))  # fmt: skip
    middle.download_button(say("case_points"), data=lambda: handlingdesk.points_csv(desk), on_click="ignore",
                           file_name=f"{desk.county.code}_points.csv", key="case_points", width="stretch")  # fmt: skip
    right.link_button(say("case_public"), f"{prefix()}/report?lang={lang()}", width="stretch")


def details(desk: Desk, number: str) -> None:
    """Show one incident: facts, next step, photo, who answers, steps."""
    row = handlingdesk.one(desk, number)
    if row is None:
        return
    other = int(lang() == "en")
    late = handlingdesk.lateness(row["due_at"], now_for(desk.county, row["at"])) if row["overdue"] else ""
    mark = f'<b class="gg-above">{safe_text(late)}</b>' if late else ""
    note = f'<p class="gg-tip gg-words">{safe_text(row["note"])}</p>' if row["note"] else ""
    st.html(
        f'<h4>{safe_text(handlingdesk.category_word(desk, row["category"]))}</h4><div class="gg-code">{safe_text(row["id"])}</div>'
        f'<p class="gg-band"><b>{safe_text(book.status_name(row)[other])}</b>{mark}</p>{note}'
    )
    matter = row["matter"]
    named = "" if matter is None else matter["en" if other else "zh"]
    if matter is not None and not matter["admitted"]:
        named = say("case_not_admitted", name=named)
    closed = " · ".join(v for v in (row["closed_at"] or "", say("case_was_late") if row["late"] else "") if v)
    told = (
        ("case_time", row["at"]), ("case_due", row["due_at"]), ("case_closed_at", closed), ("case_matter", named),
        ("case_department", handlingdesk.department_word(desk, matter)),
        ("case_way", book.way_name(row["handled_in"])[other] if row["handled_in"] else ""), ("case_address", row["address"]),
        ("case_grid", row["code"]), ("case_grid_now", handlingdesk.grid_now(desk, row)), ("case_source", book.source_name(row["source"])[other]),
    )  # fmt: skip
    facts((say(k), str(v)) for k, v in told if v)
    if access.allowed("save") and row["next"]:
        following(desk, row)
    picture = handlingdesk.photo(desk, number) if row["photo"] else None
    if picture is not None:
        st.image(picture, width="stretch")
    if row["steps"]:
        st.html(f"<h4>{safe_text(say('case_steps'))}</h4>{handlingdesk.steps_html(desk, row)}")
    st.html(f"<h4>{safe_text(say('case_people', **row['as_of']))}</h4>{handlingdesk.people_html(desk, row)}")


def following(desk: Desk, row: dict[str, Any]) -> None:
    """Show the steps that may be taken now, with what the chosen one needs."""
    other, turn = int(lang() == "en"), f"{row['id']}_{len(row['steps'])}"
    st.html(f"<h4>{safe_text(say('case_next'))}</h4>")
    action = st.pills(say("case_next"), row["next"], default=row["next"][0], key=f"case_do_{turn}", required=True,
                      format_func=lambda k: book.action_name(k)[other], label_visibility="collapsed")  # fmt: skip
    way = None
    if action == "handle":
        way = st.segmented_control(
            say("case_way"), list(WAYS), default="grid", key=f"case_handled_in_{turn}", required=True,
            format_func=lambda k: WAYS[k][other], label_visibility="collapsed",
        )  # fmt: skip
    if action == "forward" or way in ("joint", "dispatched"):
        with desk.quiet() as county:
            bodies = bodies_of(county)
        auto = say("case_body") if action == "forward" else say("case_body_auto")
        names = {"": auto} | {k: v[other] for k, v in bodies.items()}
        st.selectbox(say("case_body"), list(names), format_func=names.__getitem__, key=f"case_organisation_{turn}", label_visibility="collapsed")
    if action in ("forward", "handle") and desk.scheme.limits:
        limits = {"": say("case_limit_auto")} | {v.key: (v.en if other else v.zh) for v in desk.scheme.limits}
        st.selectbox(say("case_limit"), list(limits), format_func=limits.__getitem__, key=f"case_limit_{turn}", label_visibility="collapsed")
    if action == "evaluate":
        st.select_slider(say("case_score"), range(1, 6), value=5, key=f"case_score_{turn}")
    hint = f"{say('case_note')} · {say('case_note_hint')}"
    st.text_input(say("case_note"), key=f"case_note_{turn}", max_chars=500, placeholder=hint, label_visibility="collapsed")
    st.button(say("case_do"), key="case_do", type="primary", on_click=handlingdesk.go_on, args=(desk, row["id"], turn), width="stretch")


def form(desk: Desk) -> None:
    """Show the form of a new incident at the place that was clicked."""
    state, turn = st.session_state, st.session_state.case_turn
    lon, lat = state.case_spot
    st.html(
        f"<h4>{safe_text(say('case_new'))}</h4><div class='gg-code'>{safe_text(say('case_new_place', lon=lon, lat=lat))}</div>"
    )
    kinds = handlingdesk.category_names(desk, lang())
    st.selectbox(say("case_category"), list(kinds), key=f"case_category_{turn}", format_func=kinds.__getitem__)
    st.text_area(say("case_note"), key=f"case_words_{turn}", max_chars=2000, height=90)
    st.text_input(say("case_address"), key=f"case_address_{turn}", max_chars=200)
    st.text_input(say("case_new_at"), key=f"case_time_{turn}", placeholder=say("case_new_at_hint"), max_chars=30)
    zone = ".st-key-case_upload"
    # Streamlit's own words on this widget are English only.
    st.html(
        f"<style>{zone} section > span p, {zone} [data-testid=stFileUploaderDropzoneInstructions] span{{font-size:0}}"
        f"{zone} section > span p::after{{font-size:14px;content:'{say('case_photo_choose')}'}}"
        f"{zone} [data-testid=stFileUploaderDropzoneInstructions] span::after{{font-size:12.5px;content:'{say('case_photo_hint')}'}}</style>"
    )
    with st.container(key="case_upload"):
        st.file_uploader(say("case_photo"), ["jpg", "jpeg", "png", "webp"], key=f"case_photo_{turn}")
    left, right = st.columns(2)
    left.button(say("case_enter"), key="case_enter", type="primary", on_click=handlingdesk.enter, args=(desk,), width="stretch")
    right.button(say("case_drop"), key="case_drop", on_click=lambda: state.update(case_spot=None), width="stretch")


@st.fragment
def page(desk: Desk) -> None:
    """Show the map, the ledger below it, and what is chosen beside them."""
    state = st.session_state
    openly = handlingdesk.rows_of(desk, "open")
    rows = openly if state.case_view == "open" else handlingdesk.rows_of(desk, state.case_view)
    left, right = st.columns([2.1, 1], gap="small")
    with left:
        controls(desk, openly)
        picture = mapview.message(
            desk, state.level, "none", "none", focus=handlingdesk.focus(desk, rows), ledger=handlingdesk.marks(desk, rows, state.case),
            ack=state.case_ack, legend=[handlingdesk.legend()],
        )  # fmt: skip
        mapview.live_map(desk, picture, key="case_map", height="clamp(300px, calc(56dvh - 60px), 900px)",
                         tools=LOOP_TOOLS if access.allowed("save") else ("select",), on_event=handlingdesk.on_event)  # fmt: skip
        if rows.empty:
            st.html(
                f'<div class="gg-clear"><b>{safe_text(say("case_none"))}</b><span>{safe_text(say("case_none_note"))}</span></div>'
            )
        else:
            columns, shown = handlingdesk.table_of(desk, rows)
            ids = rows["id"].head(handlingdesk.MOST).tolist()
            picked = ids.index(state.case) if state.case in ids else None
            table(columns, shown, key=f"cases_{state.case_view}", height="calc(44dvh - 44px)", picked=picked,
                  on_pick=lambda row: handlingdesk.choose(ids[row], go=True))  # fmt: skip
            if len(rows) > len(ids):
                st.html(f'<p class="gg-tip">{safe_text(say("case_first", n=len(ids)))}</p>')
    with right, st.container(key="panel"):
        banner()
        if state.case_spot is not None:
            form(desk)
        elif state.case:
            details(desk, state.case)
        else:
            st.html(f'<p class="gg-tip">{safe_text(say("case_tip"))}</p>')
            accesslist.show(desk)
            handlingchart.summary(desk, rows, state.case_view)


desk = veil.own()
for choice in ("level", "case_view"):
    keep(choice)
page(desk)

"""What the ledger of incidents needs besides its widgets: rows, marks on the map, and what is saved."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from pyproj import Transformer

from app_pages import access
from app_pages.desk import Desk
from app_pages.state import attempt, lang, say, tell
from app_pages.tableview import Column
from app_pages.words import word
from gridgis.incidents import handlingbook as book
from gridgis.incidents.handling import Step, points, take
from gridgis.incidents.ledger import ledger, now_for, photo_of
from gridgis.incidents.reporting import Report, report
from gridgis.locate import locate
from gridgis.staff.people import level_name
from layers.styles import LEDGER
from layers.text import safe_text

MOST = 500
"""So many incidents are listed and drawn, the first of the ledger."""
OTHER = "其他"
"""Category of what fits none of those on offer; kept in one language, as categories are data."""
STEP_WIDGETS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "forward": ("organisation", "limit"), "handle": ("handled_in", "organisation", "limit"),
})  # fmt: skip
"""What the widgets of a step ask besides its words."""
_ZOOM_M = 400


def rows_of(desk: Desk, view: str) -> pd.DataFrame:
    """Return a list of the ledger."""
    with desk.quiet() as county:
        return ledger(county, view)


def one(desk: Desk, number: str) -> dict[str, Any] | None:
    """Return an incident with all that is known of it; None, and a sentence, where it is gone."""

    def read() -> dict[str, Any]:
        with desk.quiet() as county:
            return book.told(county, number)

    found: dict[str, Any] | None = attempt(read)
    return found


def photo(desk: Desk, number: str) -> bytes | None:
    """Return the photo of an incident, a JPEG that was made here."""
    with desk.quiet() as county:
        data = photo_of(county, number)
    return base64.b64decode(data) if data else None


def lateness(due: object, now: str) -> str:
    """Return by how much a limit is passed, in words."""
    hours = (pd.Timestamp(now) - pd.Timestamp(str(due))).total_seconds() / 3600
    return say("case_late_d", n=f"{hours / 24:,.0f}") if hours >= 48 else say("case_late_h", n=f"{max(hours, 1):.0f}")


def tag(desk: Desk, row: Mapping[Any, Any]) -> tuple[str, str]:
    """Return the kind and the words of an incident's mark: overdue ones say by how much."""
    if row["late"]:
        return "error", lateness(row["due_at"], now_for(desk.county, row["at"]))
    name = book.status_name(row)[lang() == "en"]
    if row["valid"] == 0:
        return "plain", name
    kinds = {"closed": "good", "handling": "note", "forwarded": "note"}
    return kinds.get(str(row["status"]), "plain"), name


def status_word(row: Mapping[Any, Any], language: str) -> str:
    """Return where an incident stands, in a language."""
    return str(book.status_name(row)[language == "en"])


def table_of(desk: Desk, rows: pd.DataFrame) -> tuple[list[Column], list[list[Any]]]:
    """Return the ledger as columns and rows to read."""
    # Those closed are listed by when they were.
    last = "closed_at" if len(rows) and rows["closed_at"].notna().all() else "due_at"
    head = say("case_closed_at" if last == "closed_at" else "case_due")
    columns = [Column(say("case_status"), "tag"), Column(say("case_category"), "short"), Column(say("case_time"), "short"),
               Column(head, "short"), Column(say("case_grid"), "code"), Column(say("case_id"), "code")]  # fmt: skip
    named, year = called(desk, lang()), now_for(desk.county, "9999")[:4]
    shown = [
        [tag(desk, r), named.get(r["category"], r["category"]) or "–", short_time(r["at"], year) or "–",
         short_time(r[last], year) or say("case_no_due"), r["code"] or "–", r["id"]] for r in rows.head(MOST).to_dict("records")
    ]  # fmt: skip
    return columns, shown


def short_time(at: object, year: str) -> str:
    """Return a time to the minute; the year only where it is another."""
    text = str(at or "")[:16]
    return text[5:] if text.startswith(f"{year}-") else text


def category_word(desk: Desk, category: str | None) -> str:
    """Return what a category is called in the language of the page."""
    return called(desk, lang()).get(category or "", category or "") or "–"


def department_word(desk: Desk, matter: Mapping[str, Any] | None) -> str:
    """Return the department of a matter, and where the matter stands in the access list."""
    access, other = desk.scheme.access, lang() == "en"
    names = {item.key: item.en if other else item.zh for item in (*access.departments, *access.groups)}
    keys = () if matter is None else (matter["department"], matter["group"])
    return " · ".join(names[k] for k in keys if k in names)


def grid_now(desk: Desk, row: Mapping[str, Any]) -> str:
    """Return the grid that an incident lies in now, where it was another then."""
    if row["lon"] is None or row["as_of"]["version"] == desk.version:
        return ""
    x, y = Transformer.from_crs(4490, desk.crs, always_xy=True).transform(row["lon"], row["lat"])
    now = locate(desk.plan, np.array([[x, y]])).iloc[0]
    return now if isinstance(now, str) and now != row["code"] else ""


def marks(desk: Desk, rows: pd.DataFrame, chosen: str | None) -> list[dict[str, Any]]:
    """Return the incidents as the map draws them; the chosen one always."""
    placed = rows[rows["x"].notna() & rows["y"].notna()]
    some = pd.concat([placed.head(MOST), placed[placed["id"] == chosen]]).drop_duplicates("id")
    if some.empty:
        return []
    to_degrees = Transformer.from_crs(desk.crs, 4490, always_xy=True)
    lon, lat = to_degrees.transform(some["x"].to_numpy(float), some["y"].to_numpy(float))
    out, named = [], called(desk, lang())
    for r, x, y in zip(some.to_dict("records"), lon, lat, strict=True):
        kind = "late" if r["late"] else "closed" if r["closed_at"] or r["status"] == "closed" else "open"
        kind = kind if r["id"] != chosen else "chosen_late" if r["late"] else "chosen"
        words = " · ".join((named.get(r["category"], r["category"]) or "–", tag(desk, r)[1]))
        out.append({"id": r["id"], "at": [round(float(x), 6), round(float(y), 6)], "kind": kind, "words": words})
    return out


def focus(desk: Desk, rows: pd.DataFrame) -> dict[str, Any] | None:
    """Return where the map goes: to the incident picked in the table, or nowhere; a place just clicked is marked."""
    state = st.session_state
    if state.case_spot is not None:
        shape = {"type": "Point", "coordinates": list(state.case_spot)}
        return {"key": f"spot:{state.case_ack}", "shape": shape}
    found = rows[(rows["id"] == state.case) & rows["x"].notna()]
    if not state.case_at or found.empty:
        return None
    x, y = float(found["x"].iloc[0]), float(found["y"].iloc[0])
    to_degrees = Transformer.from_crs(desk.crs, 4490, always_xy=True)
    west, south = to_degrees.transform(x - _ZOOM_M, y - _ZOOM_M)
    east, north = to_degrees.transform(x + _ZOOM_M, y + _ZOOM_M)
    return {"key": f"case:{state.case}:{state.case_at}", "bounds": [west, south, east, north]}


def legend() -> dict[str, Any]:
    """Return the block of the legend that tells the marks apart."""
    colours = {k: LEDGER["styles"][k]["fillColor"] for k in ("late", "open", "closed")}
    return {"title": say("case_legend"), "rows": [[c, say(f"case_legend_{k}")] for k, c in colours.items()]}


def on_event() -> None:
    """Take one finished gesture from the map: an incident chosen, or a place where one happened."""
    state = st.session_state
    event = (state.get("case_map") or {}).get("event") or {}
    tell()
    if event.get("type") == "incident":
        choose(str(event["id"]))
    elif event.get("type") == "report":
        lon, lat = event["at"]
        state.case_spot, state.case = (round(float(lon), 7), round(float(lat), 7)), None
    state.case_ack = int(event.get("n", 0))


def choose(number: str, *, go: bool = False) -> None:
    """Choose an incident; the map goes there when it was picked in the table."""
    state = st.session_state
    tell()
    state.case, state.case_spot, state.case_at = number, None, time.time_ns() if go else 0


def categories(desk: Desk) -> list[str]:
    """Return the categories on offer: those of the access list, else those that came in so far."""
    listed = [c for m in desk.scheme.access.matters for c in m.categories]
    if listed:
        return listed
    with desk.quiet() as county:
        found = sorted(str(c) for (c,) in county.store.distinct("incidents", ("category",)) if c)
    return found if len(found) <= 60 else sorted({c.split("/")[0] for c in found})


def called(desk: Desk, language: str) -> dict[str, str]:
    """Return what categories are called in a language, where they are not called by themselves."""
    if language != "en":
        return {}
    # Categories are data; the access list knows some of them in English.
    known = {m.categories[0]: m.en[:1].upper() + m.en[1:] for m in desk.scheme.access.matters if len(m.categories) == 1}
    return known | {OTHER: word("pub_other", language)}


def category_names(desk: Desk, language: str) -> dict[str, str]:
    """Return the categories on offer with what they are called, the one for all else last."""
    found = {c: c for c in categories(desk) if c != OTHER}
    known = called(desk, language)
    return {c: known.get(c, c) for c in found} | {OTHER: word("pub_other", language)}


def chosen_report() -> Report:
    """Return the new incident as the widgets stand now."""
    state, turn = st.session_state, st.session_state.case_turn
    category, words, address, at = (str(state.get(f"case_{k}_{turn}") or "") for k in ("category", "words", "address", "time"))
    lon, lat = state.case_spot
    given = state.get(f"case_photo_{turn}")
    when = at.strip().replace(" ", "T", 1)
    return Report(lon, lat, category, words, address, when, "cgcs2000", "", "gridgis", access.author(), given.getvalue() if given else b"")


def enter(desk: Desk) -> None:
    """Keep a new incident, and choose it."""
    told = chosen_report()

    def keep() -> dict[str, Any]:
        access.require("save")
        with desk.quiet() as county:
            return report(county, told)

    done: dict[str, Any] | None = attempt(keep)
    if done is not None:
        # It is counted in its grid, and so stands in every layer that shows counts.
        desk.forget()
        choose(done["id"], go=True)
        st.session_state.case_turn += 1
        tell(notice=say("case_entered", id=done["id"], code=done["code"] or "–"))


def chosen_step(turn: str) -> Step:
    """Return the step as the widgets stand now: who presses at once must not save what was on the screen before."""
    state = st.session_state
    action = str(state.get(f"case_do_{turn}") or "")
    asked = {k: str(state.get(f"case_{k}_{turn}") or "") for k in STEP_WIDGETS[action]} if action in STEP_WIDGETS else {}
    score = int(state.get(f"case_score_{turn}") or 0) if action == "evaluate" else 0
    note = str(state.get(f"case_note_{turn}") or "").strip()
    way = asked.get("handled_in", "")
    if action == "handle" and way == "grid":
        asked.pop("organisation", None)
    return Step(action, note=note, by=access.author(), score=score, **asked)


def go_on(desk: Desk, number: str, turn: str) -> None:
    """Take the next step of an incident."""
    step = chosen_step(turn)

    def keep() -> dict[str, Any]:
        access.require("save")
        with desk.quiet() as county:
            return take(county, number, step)

    if attempt(keep) is not None:
        tell(notice=say("case_done", what=book.action_name(step.action)[lang() == "en"]))


def points_csv(desk: Desk) -> bytes:
    """Return the points of residents as a spreadsheet reads them."""
    with desk.quiet() as county:
        return points(county).to_csv(index=False).encode("utf-8-sig")


def people_html(desk: Desk, row: Mapping[str, Any]) -> str:
    """Return who answers for an incident, level by level."""
    other = int(lang() == "en")
    if not row["chain"]:
        return f'<p class="gg-tip">{safe_text(say("case_no_grid"))}</p>'
    blocks = []
    for link in row["chain"]:
        held = [(h["role_en" if other else "role_zh"], h["name"] or h["id"], h["phone"]) for h in link["holders"]]
        lines = "".join(
            f"<li><span>{safe_text(role)}</span><b>{safe_text(name)}</b><code>{safe_text(phone)}</code></li>"
            for role, name, phone in held
        )
        level = level_name(desk.scheme, link["level"])[other]
        small = f"<small>{safe_text(level)} · {safe_text(link['code'])}</small>"
        empty = f"<li><span>{safe_text(say('case_nobody'))}</span></li>"
        blocks.append(
            f"<section><div><b>{safe_text(link['name'] or link['code'])}</b>{small}</div><ul>{lines or empty}</ul></section>"
        )
    return f'<div class="gg-calls">{"".join(blocks)}</div>'


def steps_html(desk: Desk, row: Mapping[str, Any]) -> str:
    """Return the log of an incident, newest first."""
    other = int(lang() == "en")
    with desk.quiet() as county:
        names = book.actors(county)
    items = []
    for n, s in reversed(list(enumerate(row["steps"], 1))):
        who = [names.get(str(s[k]), (str(s[k]),) * 2)[other] for k in ("staff", "organisation") if s[k]]
        by = book.source_name(s["by"])[other] if s["by"] else ""
        under = " · ".join(v for v in (str(s["at"])[:16], *who, access.short(by)) if v)
        note = f"<em>{safe_text(s['note'])}</em>" if s["note"] else ""
        items.append(
            f"<li><b>{n}</b><span>{safe_text(book.action_name(s['action'])[other])}</span><small>{safe_text(under)}</small>{note}</li>"
        )
    return f'<ul class="gg-history">{"".join(items)}</ul>'

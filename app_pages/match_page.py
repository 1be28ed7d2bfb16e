"""Match: a register or foreign polygons against the plan, row by row, and what to take over."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any, cast

import pandas as pd
import shapely
import streamlit as st

from app_pages import access, bench, mapview, matchdesk, veil
from app_pages.desk import Desk
from app_pages.matchdesk import Upload
from app_pages.panel import banner, level_name, number
from app_pages.state import attempt, keep, lang, say, tell
from app_pages.tableview import Column, table
from gridgis.comparing import How, Theirs
from gridgis.matches import verdicts as v
from gridgis.matches.matching import MIN_IOU, Matching
from layers.figures import VERDICT_COLOURS
from layers.geojson import to_degrees
from layers.text import safe_text

TYPES = ["xlsx", "csv", "tsv", "geojson", "json", "gpkg", "zip", "fgb", "kml", "kmz"]
TAGS = {v.MATCHED: "good", v.NAME: "warning", v.RECODED: "note", v.OTHER: "plain"}
COLUMNS = (("match_verdict", "tag"), ("match_row", "number"), ("match_there", "code"), ("name", "text"),
           ("match_here", "code"), ("name", "text"), ("match_score", "number"))  # fmt: skip


def tag(verdict: str, detail: str) -> tuple[str, str]:
    """Return colour and word of a verdict."""
    at = lang() == "en"
    kind = "good" if (verdict, detail) in v.AGREEING else TAGS.get(verdict, "error")
    return kind, (v.DETAILS[detail] if detail else v.VERDICTS[verdict])[at]


def uploaded() -> Upload | None:
    """Show the way in for a file; it stays while other pages are looked at."""
    state = st.session_state
    # Streamlit's own words on this widget are English only.
    st.html(
        "<style>.st-key-match_upload section > span p, .st-key-match_upload [data-testid=stFileUploaderDropzoneInstructions] span"
        "{font-size:0} .st-key-match_upload section > span p::after{font-size:14px;content:'" + say("match_choose") + "'}"
        ".st-key-match_upload [data-testid=stFileUploaderDropzoneInstructions] span::after{font-size:13px;content:'"
        + say("match_kinds_of_file") + "'}</style>"
    )  # fmt: skip
    given = st.file_uploader(say("match_file"), TYPES, key="match_upload", label_visibility="collapsed")
    if given is not None:
        upload = Upload.of(given.name, given.getvalue())
        if state.get("match_file") != upload:
            state.match_file, state.match_at = upload, None
            for key in ("match_code", "match_name", "match_level", "match_kinds"):
                state.pop(key, None)
    found: Upload | None = state.get("match_file")
    return found


def choices(desk: Desk, theirs: Theirs) -> None:
    """Show which columns and which level are matched, and from which share on a place is the same."""
    columns = list(theirs.columns)
    code, name, level, share = st.columns([3, 3, 4, 3], vertical_alignment="bottom")
    code.selectbox(say("match_code_field"), columns, columns.index(theirs.fields[0]), key="match_code")
    at = columns.index(theirs.fields[1]) if theirs.fields[1] in columns else None
    name.selectbox(say("match_name_field"), columns, at, key="match_name", placeholder="–")
    keys = list(desk.scheme.level_keys)
    level.selectbox(
        say("level"), keys, keys.index(theirs.level), key="match_level", format_func=lambda k: level_name(desk, k)
    )
    share.number_input(say("match_min_iou"), 0.05, 1.0, MIN_IOU, 0.05, key="match_iou")


def how() -> How:
    """Return how the file is to be read, by what was chosen."""
    state = st.session_state
    return How(
        code_field=state.get("match_code") or "", name_field=state.get("match_name") or "",
        level=state.get("match_level") or "", min_iou=float(state.get("match_iou", MIN_IOU)),
    )  # fmt: skip


def verdict_line(matching: Matching) -> None:
    """Show in one line whether all match."""
    there, here = (number(matching.summary[side]["all"]) for side in ("there", "here"))
    kinds = zip(matching.frame["verdict"], matching.frame["detail"], strict=True)
    n = sum(kind not in v.AGREEING for kind in kinds)
    title = say("match_differs", n=number(n)) if n else say("match_agrees")
    note = say("match_differs_note" if n else "match_agrees_note", there=there, here=here)
    st.html(
        f'<div class="{"gg-warnings" if n else "gg-clear"}"><b>{safe_text(title)}</b><span>{safe_text(note)}</span></div>'
    )


def filtered(matching: Matching) -> pd.DataFrame:
    """Show the verdicts with their counts to choose from, and return the rows chosen."""
    frame = matching.frame
    keys = [f"{a}|{b}" for a, b in zip(frame["verdict"], frame["detail"], strict=True)]
    found = pd.Series(keys, index=frame.index).value_counts()
    order = [f"{a}|{b}" for a in v.VERDICTS for b in ("", *v.DETAILS) if f"{a}|{b}" in found.index]
    names = {k: f"{tag(*k.split('|'))[1]} {number(found[k])}" for k in order}
    chosen = st.pills(say("match_show"), order, selection_mode="multi", key="match_kinds", format_func=names.__getitem__,
                      label_visibility="collapsed")  # fmt: skip
    wanted = [k in chosen for k in keys] if chosen else [True] * len(keys)
    rows = frame[wanted]
    plain = rows["verdict"].eq(v.MATCHED)
    return pd.concat([rows[~plain], rows[plain]])


def rows_of(rows: pd.DataFrame) -> list[list[Any]]:
    """Return rows to read."""
    shares = rows["iou"].where(rows["verdict"].ne(v.NAME)).fillna(rows["score"])
    return [
        [tag(r.verdict, r.detail), "" if pd.isna(r.row) else int(r.row), r.code_there, r.name_there, r.code_here, r.name_here,
         "" if pd.isna(s) else f"{s:.3f}"]
        for r, s in zip(cast("Iterable[Any]", rows.itertuples()), shares, strict=True)
    ]  # fmt: skip


def take(desk: Desk, upload: Upload, chosen: list[str] | None, above: float) -> None:
    """Take over what was chosen, and say what came of it."""
    done = attempt(lambda: matchdesk.accept(desk, upload, how(), chosen, above))
    if done is None:
        return
    adoption, edit = done
    words = [] if edit is None else [say("match_accepted", n=len(adoption.codes), v=edit.version)]
    if adoption.refused:
        words.append(say("match_refused", n=len(adoption.refused), why=adoption.refused[0][1][lang() == "en"]))
    tell(notice=" ".join(words))
    st.session_state.seen, st.session_state.match_at = desk.version, None


def actions(desk: Desk, upload: Upload, matching: Matching) -> None:
    """Show what can be taken over as a whole, and the report."""
    state = st.session_state
    above, every, get = st.columns([3, 4, 4], vertical_alignment="bottom")
    floor = above.number_input(say("match_above"), 0.0, 1.0, 0.9, 0.05, key="match_above")
    n = len(matching.candidates(floor))
    writes = access.allowed("save")
    if writes:
        every.button(say("match_accept_all", n=n), key="match_all", disabled=not n, width="stretch",
                     on_click=take, args=(desk, upload, None, floor))  # fmt: skip
    asked, at = how(), lang()
    get.download_button(
        say("match_report"), data=lambda: matchdesk.report(desk, upload, asked, at), key="match_get", on_click="ignore",
        file_name=f"{desk.county.code}_{matching.level}_v{desk.version}.xlsx", width="stretch", icon=":material/download:",
    )  # fmt: skip
    row = picked(matching)
    if row is None:
        st.html(f'<p class="gg-tip">{safe_text(say("match_pick"))}</p>')
        return
    words = row["words_en" if lang() == "en" else "words"]
    text, button = st.columns([7, 4], vertical_alignment="center")
    text.html(f'<p class="gg-tip">{safe_text(words)}</p>')
    if writes and state.match_at in matching.candidates().index:
        button.button(say("match_accept_one"), key="match_one", type="primary", width="stretch", on_click=take,
                      args=(desk, upload, [row["code_here"]], 0.0))  # fmt: skip


def picked(matching: Matching) -> pd.Series | None:
    """Return the row that was picked in the table."""
    at = st.session_state.get("match_at")
    return None if at is None or at not in matching.frame.index else matching.frame.loc[at]


def show_map(desk: Desk, theirs: Theirs | None, matching: Matching | None) -> None:
    """Show the grids coloured by their verdicts, and the place of the row that was picked."""
    more: dict[str, Any] = {}
    level = matching.level if matching else st.session_state.level
    if matching and theirs:
        here = matching.frame[matching.frame["code_here"] != ""]
        said = {c: v.MATCHED if (k, d) == (v.NAME, v.SUFFIX_ONLY) else k
                for c, k, d in zip(here["code_here"], here["verdict"], here["detail"], strict=True)}  # fmt: skip
        at = lang() == "en"
        rows = [[colour, v.VERDICTS[k][at]] for k, colour in VERDICT_COLOURS.items() if k in said.values()]
        more = {"figure": {"figure": "counted", "categories": VERDICT_COLOURS, "values": said},
                "legend": [{"title": say("match_verdict"), "rows": rows}]}  # fmt: skip
        row = picked(matching)
        shape = None if row is None else matchdesk.place(desk, theirs, row)
        if row is not None and shape is not None:
            key = f"{desk.version}:{row.name}:{st.session_state.get('match_clicked', 0)}"
            more["focus"] = {"key": key, "bounds": bench.bounds_of(desk, shape),
                             "shape": json.loads(as_geojson(desk, shape))}  # fmt: skip
    message = mapview.message(desk, level, "none", "name") | more
    mapview.live_map(desk, message, key="match_map", height="clamp(320px, calc(100dvh - 30px), 1200px)")


def as_geojson(desk: Desk, shape: Any) -> str:
    """Return a shape of the county as GeoJSON in degrees."""
    return str(shapely.to_geojson(to_degrees(shape, desk.crs)))


def first_match(desk: Desk, upload: Upload) -> tuple[Theirs, Matching] | None:
    """Return the match by what was chosen; where that cannot be, say why and return the one by default."""
    found = attempt(lambda: matchdesk.matched(desk, upload, how()))
    if found is None and how() != How():
        for key in ("match_code", "match_name", "match_level", "match_iou"):
            st.session_state.pop(key, None)
        found = attempt(lambda: matchdesk.matched(desk, upload, How()))
    return found  # type: ignore[no-any-return]


def page(desk: Desk) -> None:
    """Show the file and its verdicts beside the map."""
    left, right = st.columns([1.25, 1], gap="medium")
    found = None
    with left:
        upload = uploaded()
        if upload is None:
            steps = "".join(f"<li>{safe_text(say(f'match_way_{k}'))}</li>" for k in (1, 2, 3, 4))
            st.html(f'<div class="gg-stop gg-way"><h3>{safe_text(say("match_way"))}</h3><ol>{steps}</ol></div>')
        else:
            with st.spinner(say("match_working")):
                found = first_match(desk, upload)
        banner()
        tell()
        if found is not None and upload is not None:
            theirs, matching = found
            choices(desk, theirs)
            verdict_line(matching)
            rows = filtered(matching)
            actions(desk, upload, matching)
            at = st.session_state.get("match_at")
            table([Column(say(n), kind) for n, kind in COLUMNS], rows_of(rows), key="match_rows", height="max(240px, calc(100dvh - 466px))",
                  picked=list(rows.index).index(at) if at in rows.index else None,
                  on_pick=lambda k: st.session_state.update(match_at=rows.index[k], match_clicked=time.time_ns()))  # fmt: skip
    with right:
        show_map(desk, *(found or (None, None)))


desk = veil.own()
keep("level")
page(desk)

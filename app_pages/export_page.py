"""Export: the grids of a level in the format and datum of whoever receives them."""

from __future__ import annotations

import streamlit as st

from app_pages import mapview
from app_pages.desk import Desk, the_desk
from app_pages.exportdesk import Parcel, file_name, parcel
from app_pages.panel import facts, km2, level_name, number
from app_pages.state import keep, lang, say
from app_pages.tableview import Column, table
from gridgis.errors import GridgisError
from gridgis.exporting import ROLES, Wish
from gridgis.outgoing.formats import FORMATS, losses_of
from gridgis.outgoing.shapefile import ENCODINGS
from layers.text import safe_text

DATUMS = ("cgcs2000", "gcj02", "bd09")
ROWS = 20
KEPT = ("level", "datum", "export_format", "export_encoding", "export_role", "export_k", "export_simplify")


def choices(desk: Desk) -> Wish:
    """Show format, level, datum, role and simplification; return what they come to."""
    state = st.session_state
    formats = {k: f.en if lang() == "en" else f.zh for k, f in FORMATS.items()}
    st.selectbox(say("export_format"), list(formats), key="export_format", format_func=formats.get)
    chosen = FORMATS[state.export_format]
    if chosen.key == "shp":
        st.segmented_control(
            say("export_encoding"), ENCODINGS, key="export_encoding", format_func=str.upper, required=True
        )
    names = {v.key: level_name(desk, v.key) for v in desk.scheme.levels}
    st.segmented_control(say("level"), list(names), key="level", format_func=names.get, required=True)
    if not chosen.datum:
        st.radio(say("datum"), DATUMS, key="datum", format_func=lambda k: say(f"datum_{k}"))
    left, right = st.columns(2)
    left.segmented_control(
        say("export_role"), ROLES, key="export_role", format_func=lambda k: say(f"role_{k}"), required=True
    )
    right.number_input(
        say("export_simplify"), 0.0, 500.0, step=1.0, key="export_simplify", help=say("export_simplify_help")
    )
    if state.export_role == "public":
        st.number_input(say("export_k"), 2, 100, step=1, key="export_k")
    datum = chosen.datum or state.datum
    return Wish(chosen.key, state.level, datum, None, state.export_simplify or None, state.export_encoding,
                state.export_role, int(state.export_k))  # fmt: skip


def offered(desk: Desk, wish: Wish) -> Parcel | None:
    """Return what can be downloaded; None where it is refused, with the sentence that says why."""
    try:
        return parcel(desk, wish)
    except GridgisError as error:
        st.html(f'<p class="gg-problem" role="alert">{safe_text(error.words(lang()))}</p>')
        return None


def result(desk: Desk, wish: Wish, made: Parcel) -> None:
    """Show how large the file is, what it lacks, and the button."""
    said = made.manifest
    rows = [(say("export_rows"), number(sum(said["counts"].values()))), (say("export_size"), size(made.file_bytes)),
            (say("export_download_size"), size(len(made.data)))]  # fmt: skip
    if said["suppressed"]:
        rows.append((say("export_withheld"), number(sum(sum(c.values()) for c in said["suppressed"].values()))))
    facts(rows)
    name = file_name(desk, wish)
    st.download_button(
        say("download", name=name), data=made.data, file_name=f"{name}.zip", mime="application/zip", type="primary",
        icon=":material/download:", on_click="ignore", key="download", width="stretch",
    )  # fmt: skip
    losses = [loss[lang()] for loss in losses_of(FORMATS[wish.format], str(wish.datum))]
    warning = [say("datum_warning")] if wish.datum in ("gcj02", "bd09") else []
    for text in warning:
        st.html(f'<p class="gg-problem">{safe_text(text)}</p>')
    st.html("".join(f'<p class="gg-tip">{safe_text(text)}</p>' for text in [say("export_note"), *losses]))


def size(count: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 0.1):,.1f} kB"


def sample(desk: Desk, made: Parcel) -> None:
    """Show the first rows of what is in the file."""
    zones = {z.key: z.zh if lang() == "zh" else z.en for z in desk.scheme.zones}
    columns = [Column(say("code"), "code"), Column(say("name")), Column(say("zone"), "short"),
               Column(say("fig_households"), "number"), Column(say("fig_persons"), "number"), Column(say("area"), "number")]  # fmt: skip

    def shown(value: object) -> str:
        return say("export_hidden") if value != value or str(value) == "<NA>" else number(float(str(value)))

    rows = [
        [code, row["name"], zones.get(row["zone"], row["zone"]), shown(row["households"]), shown(row["persons"]), km2(row["area_m2"])]
        for code, row in made.frame.head(ROWS).iterrows()
    ]  # fmt: skip
    st.html(f"<h4>{safe_text(say('first_rows', n=len(rows), all=number(len(made.frame))))}</h4>")
    table(columns, rows, key="sample", height="calc(100dvh - 500px)")


desk = the_desk()
for key in KEPT:
    keep(key)
left, right = st.columns([1, 1.9], gap="medium")
with left, st.container(key="exportbox"):
    wish = choices(desk)
    with st.spinner(say("export_making")):
        made = offered(desk, wish)
    if made is not None:
        result(desk, wish, made)
with right:
    picture = mapview.message(desk, st.session_state.level, "none", "name")
    mapview.live_map(desk, picture, key="export_map", height="clamp(260px, calc(60dvh - 150px), 700px)")
    if made is not None:
        sample(desk, made)

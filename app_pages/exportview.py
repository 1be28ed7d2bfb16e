"""What the page of exports shows of a file: how large it is, what it lacks, its first rows."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from app_pages.desk import Desk
from app_pages.exportdesk import Parcel, file_name, parcel
from app_pages.panel import facts, km2, number
from app_pages.state import lang, say
from app_pages.tableview import Column, table
from gridgis.errors import GridgisError
from gridgis.exporting import Wish
from gridgis.outgoing.formats import FORMATS, losses_of
from layers.text import safe_text

ROWS = 20


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
        say("download", name=f"{name}.zip"), data=made.data, file_name=f"{name}.zip", mime="application/zip", type="primary",
        icon=":material/download:", on_click="ignore", key="download", width="stretch",
    )  # fmt: skip
    losses = [loss[lang()] for loss in losses_of(FORMATS[wish.format], str(wish.datum))]
    if wish.datum in ("gcj02", "bd09"):
        st.html(f'<p class="gg-ask">{safe_text(say("datum_warning"))}</p>')
    st.html(f'<p class="gg-tip">{safe_text(say("export_note"))}</p>')
    if losses:
        listed = "".join(f"<li>{safe_text(text)}</li>" for text in losses)
        st.html(f'<p class="gg-tip">{safe_text(say("export_losses"))}</p><ul class="gg-notes">{listed}</ul>')


def size(count: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{max(count / 1e3, 0.1):,.1f} kB"


def sample(desk: Desk, made: Parcel) -> None:
    """Show the first rows of what is in the file."""
    zones = {z.key: z.zh if lang() == "zh" else z.en for z in desk.scheme.zones}
    columns = [Column(say("code"), "code"), Column(say("name")), Column(say("zone"), "short"),
               Column(say("fig_households"), "number"), Column(say("fig_persons"), "number"), Column(say("area"), "number")]  # fmt: skip

    def shown(value: Any) -> str:
        return say("export_hidden") if pd.isna(value) else number(float(str(value)))

    rows = [
        [code, row["name"], zones.get(row["zone"], row["zone"]), shown(row["households"]), shown(row["persons"]), km2(row["area_m2"])]
        for code, row in made.frame.head(ROWS).iterrows()
    ]  # fmt: skip
    st.html(f"<h4>{safe_text(say('first_rows', n=len(rows), all=number(len(made.frame))))}</h4>")
    table(columns, rows, key="sample", height="calc(100dvh - 500px)")

"""Two states of the plan side by side on linked maps: now, an earlier version, a draft."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import shapely
import streamlit as st

from app_pages import mapview
from app_pages.desk import Desk
from app_pages.panel import level_label, logged, number
from app_pages.past import Draft, Past
from app_pages.planpair import figures
from app_pages.state import keep, say
from gridgis import branches
from layers import extras
from layers.geojson import to_degrees
from layers.text import safe_text

SIDES = ("left", "right")
NOW = "now"
_VERSIONS = 60
"""So many versions are on offer; older ones are found on the map's own layer."""


def choices(desk: Desk) -> dict[str, str]:
    """Return what can be looked at, with words: now, drafts, earlier versions with the newest first."""
    with desk.quiet() as county:
        log, drafts = county.log(), branches.branches(county)
    now = desk.version
    out = {NOW: say("compare_now", n=now)}
    out |= {f"d:{b.name}": say("compare_draft", name=b.name) for b in drafts if b.state == "open"}
    past = log[log["version"] < now].tail(_VERSIONS).iloc[::-1]
    for row in past.to_dict("records"):
        told = {"n": row["version"], "day": str(row["at"])[:10], "what": logged(row)}
        out[f"v:{row['version']}"] = say("compare_version", **told)
    return out


def sided(desk: Desk, key: str) -> Desk:
    """Return the desk of a choice."""
    if key == NOW:
        return desk
    return Draft(desk, key[2:]) if key.startswith("d:") else Past(desk, int(key[2:]))


def begin(desk: Desk) -> None:
    """Turn to the comparison: an earlier version or a draft on the left, now on the right."""
    state = st.session_state
    known = list(choices(desk))
    left = next((k for k in known if k.startswith("v:")), known[-1])
    drafts = [k for k in known if k.startswith("d:")]
    state.update(compare=True, compare_left=left if left != NOW or not drafts else drafts[0], compare_right=NOW)


def end() -> None:
    """Turn back to the map."""
    st.session_state.compare = False


def back(column: Any) -> None:
    """Show the way back; the page is another one then, so all of it runs."""
    if column.button(say("compare_end"), key="compare_end", on_click=end, width="stretch"):
        st.rerun()


@st.fragment
def show(desk: Desk) -> None:
    """Show the two maps with what only one of them has, and its figures beneath."""
    for side in SIDES:
        keep(f"compare_{side}")
    words, levels, last = st.columns([2.6, 3, 0.8], vertical_alignment="center")
    words.html(f'<div class="gg-clear"><b>{safe_text(say("compare_title"))}</b><span>{safe_text(say("compare_tip"))}</span></div>')
    names = {v.key: level_label(desk, v.key) for v in desk.scheme.levels}
    level = str(levels.segmented_control(say("level"), list(names), key="level", format_func=names.__getitem__, required=True,
                                         label_visibility="collapsed"))  # fmt: skip
    back(last)
    known = choices(desk)
    columns = dict(zip(SIDES, st.columns(2, gap="medium"), strict=True))
    picked: dict[str, Desk] = {}
    for side, column in columns.items():
        if st.session_state[f"compare_{side}"] not in known:
            st.session_state[f"compare_{side}"] = NOW
        key = column.selectbox(say(f"compare_{side}"), list(known), key=f"compare_{side}", format_func=known.__getitem__)
        picked[side] = sided(desk, str(key))
    for side, column in columns.items():
        mine, other = picked[side], picked[SIDES[1 - SIDES.index(side)]]
        with column:
            with st.spinner(say("working"), width="stretch"):
                lines = only(mine, other, level)
            mapview.live_map(mine, message(mine, level, lines), key=f"compare_map_{side}",
                             height="clamp(320px, calc(100dvh - 286px), 1100px)")  # fmt: skip
            figures(rows(mine, other, level, lines))


def only(mine: Desk, other: Desk, level: str) -> Any:
    """Return the boundaries that one side has and the other lacks."""
    shapes = [np.asarray(d.frame(level)[1].geometry.to_numpy(), dtype=object) for d in (mine, other)]
    key = ("only", level, *(d.plan.version for d in (mine, other)))
    return mine.lasting(key, lambda: extras.parted(*shapes)[1])


def rows(mine: Desk, other: Desk, level: str, lines: Any) -> list[tuple[str, str]]:
    """Return the figures of a side by name."""
    frame, theirs = mine.frame(level)[1], other.frame(level)[1]
    banded = frame["band"].notna()
    codes = frame.index.difference(theirs.index)
    out = [(say("compare_grids"), number(len(frame))), (say("compare_own"), number(len(codes))),
           (say("compare_only"), f"{number(float(shapely.length(lines).sum()) / 1000, 2)} km")]  # fmt: skip
    if banded.any():
        share = (frame.loc[banded, "band"] == "in").mean()
        out.append((say("compare_in_band"), f"{share:.1%}"))
    return out


def message(mine: Desk, level: str, lines: Any) -> dict[str, Any]:
    """Return what one of the linked maps shows."""
    state = st.session_state
    features = [{"type": "Feature", "properties": {}, "geometry": json.loads(t)} for t in shapely.to_geojson(to_degrees(lines, mine.crs))]
    trace = {"key": f"only:{mine.plan.version}:{len(features)}:{lines_sign(lines)}", "shape": {"type": "FeatureCollection", "features": features}}
    out = mapview.message(mine, level, state.figure, state.labels, proposal=trace, linked="compare")
    for block in out["legend"]:
        # The version stands above the map.
        block.pop("note", None)
    return out


def lines_sign(lines: Any) -> str:
    """Return a sign by which the map knows whether lines are the same."""
    return hashlib.blake2b(b"".join(shapely.to_wkb(lines)), digest_size=6).hexdigest()

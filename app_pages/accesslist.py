"""What a grid must take on, by department, and what was taken off it: the access list of the scheme."""

from __future__ import annotations

import streamlit as st

from app_pages.desk import Desk
from app_pages.state import lang, say
from gridgis.scheme_parts import Matter
from layers.text import safe_text


def title(desk: Desk) -> str:
    """Return what the list is called, with how many matters it had and has where that was published."""
    access = desk.scheme.access
    counts = " → ".join(str(n) for n in (access.before, access.after) if n is not None)
    return f"{say('access_list')} {counts}".strip()


def show(desk: Desk) -> None:
    """Show the list behind a button; nothing where the scheme has none."""
    access, other = desk.scheme.access, int(lang() == "en")
    if not access.matters:
        return
    with st.popover(title(desk), width="stretch"):
        groups = {g.key: (g.zh, g.en)[other] for g in access.groups}
        limits = {v.key: (v.zh, v.en)[other] for v in desk.scheme.limits}
        named = [(d.key, (d.zh, d.en)[other]) for d in access.departments]
        blocks = []
        for key, name in [*named, (None, say("access_no_department"))]:
            mine = [m for m in access.matters if m.department == key]
            if not mine:
                continue
            lines = "".join(
                f"<li><b>{safe_text((m.zh, m.en)[other])}</b><span>{safe_text(_under(m, groups, limits, access.limit))}</span>"
                f"{_off(m.admitted)}</li>"
                for m in mine
            )
            blocks.append(f"<section><h4>{safe_text(name)} · {len(mine)}</h4><ul>{lines}</ul></section>")
        n = sum(m.admitted for m in access.matters)
        note = say("access_note", n=n, all=len(access.matters), departments=len({m.department for m in access.matters}))
        st.html(f'<p class="gg-tip">{safe_text(note)}</p><div class="gg-access">{"".join(blocks)}</div>')


def _under(matter: Matter, groups: dict[str, str], limits: dict[str, str], common: str | None) -> str:
    parts = (groups.get(matter.group or "", ""), limits.get(matter.limit or common or "", ""))
    return " · ".join(p for p in parts if p)


def _off(admitted: bool) -> str:
    return "" if admitted else f"<em>{safe_text(say('access_off'))}</em>"

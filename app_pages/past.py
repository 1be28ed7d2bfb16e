"""The desk with another plan than the present one: an earlier version's, or a draft's."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import streamlit as st

import gridgis as gg
from app_pages.desk import Desk, Item
from app_pages.panel import logged
from app_pages.state import say
from gridgis import branches
from gridgis.once import Once

PRESENT = 0
_OF_PLAN = ("grids", "outline", "cells", "crowds", "heatmap", "veiled")


class Past(Desk):
    """A desk whose plan is that of a version; everything else is shared with the desk it was made from.

    Parameters
    ----------
    desk
        The desk of the county.
    version
        A version of its plan.
    """

    def __init__(self, desk: Desk, version: int) -> None:
        self.__dict__.update(desk.__dict__)
        self._at = version

    @property
    def version(self) -> int:
        """The version chosen."""
        return self._at

    @property
    def plan(self) -> gg.Plan:
        """The plan as it was."""

        def make() -> gg.Plan:
            with self.quiet() as county:
                return county.plan_at(self._at)

        found: gg.Plan = self._frames.get(("plan_at", self._at), make)
        return found

    def token(self, *item: Any) -> str:
        """Return the address of a thing to fetch; what the plan decides carries its version along."""
        return super().token(*(("past", self._at, *item) if item[0] in _OF_PLAN else item))


class Draft(Desk):
    """A desk whose plan is that of a draft; the rest is shared with the desk it was made from.

    Parameters
    ----------
    desk
        The desk of the county.
    name
        Of the draft.
    """

    def __init__(self, desk: Desk, name: str) -> None:
        self.__dict__.update(desk.__dict__)
        self._name = name
        with desk.quiet() as county:
            edits = branches.branch(county, name).edits
            plan = desk.lasting(("draft_plan", name, edits), lambda: branches.open_branch(county, name).plan)
        # Versions of a draft begin anew; on the map they must not pass for those of the main line.
        sign = hashlib.blake2b(f"{name}\x1f{edits}".encode(), digest_size=6).digest()
        self._plan = replace(plan, version=int.from_bytes(sign, "big") | 1 << 47)
        self._frames = desk.lasting(("draft_frames", name, edits), lambda: Once(12))

    @property
    def plan(self) -> gg.Plan:
        """The plan of the draft."""
        return self._plan

    def token(self, *item: Any) -> str:
        """Return the address of a thing to fetch; what the plan decides carries the draft's name along."""
        return super().token(*(("draft", self._name, *item) if item[0] in _OF_PLAN else item))


def meant(desk: Desk, item: Item | None) -> tuple[Desk, Item | None]:
    """Return the desk that an address means, and what is asked of it."""
    if item is not None and item[0] in ("past", "draft"):
        return (Past if item[0] == "past" else Draft)(desk, item[1]), item[2:]
    return desk, item


def chosen(desk: Desk) -> Desk:
    """Return the desk with the version that the planner chose for the incidents."""
    state = st.session_state
    if not 1 <= state.plan_version < desk.version:
        state.plan_version = PRESENT
    return desk if state.plan_version == PRESENT else Past(desk, state.plan_version)


def choice(desk: Desk) -> None:
    """Show the choice of a version, newest first; a county with one version has none."""
    with desk.quiet() as county:
        log = county.log()
    if len(log) < 2:
        return
    names = {PRESENT: say("plan_version_now", n=int(log["version"].max()))}
    names |= {
        int(row["version"]): f"{row['version']} · {str(row['at'])[:10]} · {logged(row)}"
        for row in log.iloc[-2::-1].to_dict("records")
    }
    st.selectbox(say("plan_version"), list(names), key="plan_version", format_func=names.__getitem__)

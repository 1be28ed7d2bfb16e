"""The desk as everybody may see it: small numbers hidden on the map, in tables, charts and files, as in public exports.

The rule is here alone. Every page takes its desk from `own`: who may only look gets one whose numbers are veiled, with
the addresses of layers that go with it, and is offered the pages of `access.OPEN` alone; the rest list single incidents,
registers, or what differs between two plans, from which small numbers could be worked out. Who may do more gets the
veiled desk where the public view is asked for. `tests/app/test_veil.py` holds every page to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import pandas as pd
import streamlit as st

import gridgis as gg
from app_pages import access, past
from app_pages.desk import Desk, Item, the_desk
from app_pages.panel import HIDDEN
from app_pages.state import say
from gridgis.disclosing import SMALL, small
from layers import geojson, grids
from layers.text import safe_text

_VEILED = ("grids", "crowds", "heatmap", "overlay")


class Veiled(Desk):
    """A desk whose small numbers are hidden; everything else is shared with the desk it was made from.

    Parameters
    ----------
    desk
        The desk, of the present plan or of an earlier one.
    k
        Numbers from 1 to k - 1 are hidden, and what would give them away.
    """

    def __init__(self, desk: Desk, k: int) -> None:
        self.__dict__.update(desk.__dict__)
        self._of = desk
        self.k = k

    @property
    def version(self) -> int:
        """The version of the desk it was made from."""
        return self._of.version

    @property
    def plan(self) -> gg.Plan:
        """The plan of the desk it was made from."""
        return self._of.plan

    def token(self, *item: Any) -> str:
        """Return the address of a thing to fetch; what shows numbers carries the limit along."""
        return self._of.token(*(("veiled", self.k, *item) if item[0] in _VEILED else item))

    def brief(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        """Return what `make` makes, kept apart from what those who may see every number are shown."""
        return self._of.brief(("veiled", self.k, *key), make)

    def frame(self, level: str) -> tuple[int, gpd.GeoDataFrame]:
        """Return the grids of a level; hidden figures are missing."""
        version, frame = self._of.frame(level)

        def make() -> gpd.GeoDataFrame:
            hide, out = small(self.plan, self.k), frame.copy()
            for name in hide.columns:
                out[name] = out[name].astype(object).where(~hide[name].reindex(out.index).to_numpy(bool), None)
            # The size band would tell of what is hidden.
            out["band"] = out["band"].where(out["households"].notna() & out["persons"].notna(), None)
            return out

        return version, self._frames.get(("veiled", self.k, level, version), make)

    def totals(self, level: str) -> pd.Series[Any]:
        """Return the sums of the whole county; a small one, or one that would give others away, is missing."""
        hide, out = small(self.plan, self.k).loc[""], self._of.totals(level).astype(object)
        return out.where(~hide.reindex(out.index, fill_value=False).to_numpy(bool), None)

    def shown(self, level: str) -> tuple[int, gpd.GeoDataFrame]:
        """Return the grids of a level as the map shows them."""
        version, frame = self.frame(level)
        return version, self._frames.get(("veiled shown", self.k, level, version), lambda: grids.shown(frame, self.crs))

    def patches(self, level: str) -> list[dict[str, Any]]:
        """Return nothing: a change of one number beside a hidden one could tell it."""
        del level
        return []

    def layer(self, item: Item) -> bytes:
        """Return the packed data of a layer."""
        if item[0] != "grids":
            return super().layer(item)
        # Under a key of its own: the desk it was made from keeps the same layer with every number.
        return self._packed.get(("veiled", self.k, *item), lambda: geojson.packed(self._layer(item)))


def meant(desk: Desk, item: Item | None) -> tuple[Desk, Item | None]:
    """Return the desk that an address means, and what is asked of it."""
    return (Veiled(desk, item[1]), item[2:]) if item is not None and item[0] == "veiled" else (desk, item)


def limit(desk: Desk) -> int:
    """Return below which numbers are hidden on a desk, 0 for none."""
    return desk.k


def bound() -> bool:
    """Tell whether whoever is at the desk may only look."""
    return not access.allowed("save")


def own(*, public: bool = False) -> Desk:
    """Return the desk that the person at it may see.

    Parameters
    ----------
    public
        The page has the switch to the public view, which is for those who may do more than look.
    """
    # Two versions side by side tell more than each of them: who may only look sees the present one.
    return Veiled(the_desk(), SMALL) if bound() or (public and st.session_state.public_view) else the_desk()


def dated() -> Desk:
    """Return the same for the incidents, which are counted on the version of the plan that is chosen."""
    desk = the_desk() if bound() else past.chosen(the_desk())
    return Veiled(desk, SMALL) if bound() or st.session_state.public_view else desk


def choice() -> None:
    """Show the switch to the public view; a role that may only look has no other."""
    if not bound():
        st.toggle(say("veil_choice"), key="public_view", help=say("veil_told", k=SMALL))


def told(desk: Desk) -> None:
    """Say that small numbers are hidden."""
    if limit(desk):
        st.html(f'<p class="gg-notice" role="status">{safe_text(say("veil_told", k=limit(desk)))}</p>')


def shown(value: Any, digits: int = 0) -> str:
    """Return a number as tables show it, a sign for one that is hidden."""
    return HIDDEN if pd.isna(value) else f"{float(value):,.{digits}f}"


def total(n: int, k: int) -> str:
    """Return how many there are in all, or that there are fewer than the limit."""
    return f"< {k}" if 0 < n < k else f"{n:,}"

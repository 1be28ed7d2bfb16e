"""Classes of figures by every way on offer, and colours that eyes without red, green or blue tell apart."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from app_pages import classing, historydesk, loadsdesk, mapview
from app_pages.desk import the_desk
from app_pages.words import word
from layers import figures
from tests.app.test_pages import call, run

# Machado, Oliveira & Fernandes 2009, severity 1, on linear RGB.
EYES: dict[str, Any] = {
    "all": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TOLD_APART = 5.0
"""Colours so far apart in CIE L*a*b* are told apart side by side (2.3 is just noticeable)."""


def seen(colour: str, eye: str) -> np.ndarray[Any, Any]:
    """Return a colour as an eye sees it, in L*a*b*."""
    rgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(EYES[eye]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", list(EYES))
@pytest.mark.parametrize("name", list(figures.PALETTES))
def test_scales_darken_step_by_step_for_every_eye(name: str, eye: str) -> None:
    steps = [seen(c, eye) for c in figures.PALETTES[name]]
    for light, dark in itertools.pairwise(steps):
        assert light[0] > dark[0]
        assert np.linalg.norm(light - dark) > TOLD_APART


@pytest.mark.parametrize("eye", list(EYES))
@pytest.mark.parametrize(
    "colours",
    [list(figures.BAND_COLOURS.values()), list(figures.VERDICT_COLOURS.values()), loadsdesk.CLASS_COLOURS, list(historydesk.COLOURS.values())],
)
def test_kinds_are_told_apart_by_every_eye(colours: Sequence[str], eye: str) -> None:
    for a, b in itertools.combinations(colours, 2):
        assert np.linalg.norm(seen(a, eye) - seen(b, eye)) > TOLD_APART, (a, b)


@pytest.mark.parametrize("method", ["quantiles", "natural", "equal"])
@pytest.mark.parametrize("values", [[], [5, 5, 5], [0, 0, 0, 1], [1, 2], list(range(7)), np.geomspace(1, 1e5, 700), [np.nan, 3, 4]])
def test_every_way_gives_sound_classes(method: str, values: Any) -> None:
    found = figures.classes(values, figures.TEAL, method)
    assert list(found.breaks) == sorted(set(found.breaks))
    assert len(found.colours) == len(found.breaks) + 1
    assert found == figures.classes(values, figures.TEAL, method), "the same figures give the same classes"
    held = figures.counted(values, found.breaks)
    assert sum(held) == np.isfinite(np.asarray(values, dtype=float)).sum()
    apart = len(np.unique([v for v in values if v == v]))
    assert apart < 2 or len(found.breaks) >= 1


def test_each_way_is_what_it_says() -> None:
    values = np.concatenate([np.arange(1, 91), [1000.0] * 10])
    even = figures.counted(values, figures.classes(values, figures.TEAL).breaks)
    assert max(even) - min(even) <= 4
    assert figures.classes(values, figures.TEAL, "equal").breaks[0] == pytest.approx(167.5, abs=3)
    gaps = figures.classes(values, figures.TEAL, "natural").breaks
    assert any(80 < b <= 1000 for b in gaps)
    assert figures.classes(values, figures.TEAL, "band", [300, 500]).breaks == (300, 500)


@pytest.mark.usefixtures("small_county")
def test_the_choice_changes_map_and_legend() -> None:
    app = run()
    assert app.selectbox(key="classing").options[3] == word("class_band", "zh")
    app.selectbox(key="classing").set_value("band").run()
    assert not app.exception

    def page() -> None:
        import streamlit as st

        from app_pages import mapview, state
        from app_pages.desk import the_desk

        state.prepare()
        st.session_state.classing = "band"
        st.session_state.found = mapview.choropleth(the_desk(), "unit", "households")

    colours, (block,) = call(page).session_state["found"]
    assert colours["breaks"] == [300.0, 500.0]
    assert [row[1].split(" · ")[0] for row in block["rows"]] == ["< 300", "300 – 500", "≥ 500"]
    assert sum(int(row[1].split(" · ")[1]) for row in block["rows"]) == 3
    assert block["title"] == "户数（户）"
    assert classing.limits(the_desk(), "township", "households") == []
    assert mapview.FIGURES[0] in figures.PALETTES

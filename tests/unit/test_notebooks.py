"""Every notebook runs from its first cell to its last on the demo county, answers its question truly, and is stored without outputs."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
Names = dict[str, Any]


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


@pytest.fixture(scope="module")
def county_copy(demo_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one copy of the demo county: notebooks that edit make their own."""
    return Path(shutil.copyfile(demo_file, tmp_path_factory.mktemp("notebooks") / "county.gpkg"))


def opened(n: Names) -> bool:
    return n["facts"]["levels"]["unit"] == len(n["units"]) == 618 and n["leaf"].notna().all()


def drawn(n: Names) -> bool:
    lost = {s.code: s.change("households") for s in n["told"].shares}
    whole = set(n["findings"]["rule"]) <= {"building_cut", "multi_part"}
    return sum(lost.values()) == 0 and len(lost) == 2 and whole and (n["done"].version, n["back"].kind) == (2, "undo")


def compared(n: Names) -> bool:
    ended = {d.code for d in n["found"] if d.change == "removed" and d.level == "unit"}
    return ended <= {n["one"], n["near"][0]} and len(ended) == 1 and n["table"]["households"].sum() == 100_671


def clustered(n: Names) -> bool:
    return len(n["hot"]) > max(n["chance"]) and len(n["chance"]) == 20


def served(n: Names) -> bool:
    c, late = n["circles"], n["grids"]["late"].sum()
    return n["total"] == 100_671 and c.within(15) == n["total"] - late and c.within(15) < c.within(30) and len(n["sites"]) == 3


def proposed(n: Names) -> bool:
    return all(a.figures["in_band"] == a.figures["contiguous"] == 1 and not a.figures["cut"] for a in n["found"].alternatives)


def fused(n: Names) -> bool:
    whole = n["county"].plan.figures_of(n["town"])["households"]
    went = n["found"].crosswalk.groupby("net")["households"].sum()
    # The net that lies 15 m off holds a few homes of the towns next door as well.
    return n["found"].common["households"].sum() == whole and went[["公安", "民政"]].eq(whole).all() and went["城管"] >= whole


def handed_over(n: Names) -> bool:
    small = n["back"][["households", "persons", "incidents"]].apply(lambda c: c.dropna().between(1, 9).any())
    return len(n["back"]) == 618 and not small.any() and n["manifest"]["illustrative"]


ANSWERS: dict[str, Callable[[Names], bool]] = {
    "01_open_a_county": opened, "02_draw_a_boundary": drawn, "03_what_changed": compared,
    "04_where_incidents_cluster": clustered, "05_who_lacks_a_station": served, "06_grids_for_a_new_town": proposed,
    "07_fuse_three_nets": fused, "08_hand_over": handed_over,
}  # fmt: skip


def test_every_notebook_has_an_answer() -> None:
    assert [path.stem for path in NOTEBOOKS] == sorted(ANSWERS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_runs(path: Path, county_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGIS_COUNTY", str(county_copy))
    names: Names = {}
    for k, cell in enumerate(cells(path, "code")):
        exec(compile("".join(cell["source"]), f"{path.name}[{k}]", "exec"), names)
    assert ANSWERS[path.stem](names)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_asks_one_question_in_both_languages_of_the_public_api(path: Path) -> None:
    first = "".join(cells(path, "markdown")[0]["source"])
    assert re.match(r"# [^\n]*[\u4e00-\u9fff]", first)
    assert re.search(r"^\*[A-Z][^\n]+\*", first, re.MULTILINE), "a line of English follows the Chinese"
    source = "\n".join("".join(cell["source"]) for cell in cells(path, "code"))
    assert "import gridgis as gg" in source
    assert "from gridgis" not in source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_is_stored_without_outputs(path: Path) -> None:
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in cells(path, "code"))

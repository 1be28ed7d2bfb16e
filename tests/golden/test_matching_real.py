"""The townships of four districts of Beijing against their official names and codes, and with faults planted.

`beijing_townships.csv` lists the official codes and names of 2023 (statistical codes, first nine digits) as
collected in modood/Administrative-divisions-of-China. The figures: ``python benchmarks/match_faults.py``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.match_faults import OFFICIAL, beijing, judged, official, plant
from gridgis.comparing import How, compare
from gridgis.county import County
from gridgis.matches.matching import match

RENAMED = {"110117003": ("渔阳地区", "平谷镇"), "110108023": ("万柳地区", "海淀镇")}


@pytest.fixture(scope="module")
def county(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[County, Path]]:
    county, file = beijing(shared_data, tmp_path_factory.mktemp("beijing"))
    yield county, file
    county.close()


def test_official_names_and_codes(county: tuple[County, Path]) -> None:
    theirs, found = compare(county[0], OFFICIAL, How())
    assert theirs.level == "township"
    same = {"matched": 72, "matched_name_differs": 17, "names": {"suffix_only": 15, "different": 2}}
    assert found.summary == {"there": {"all": 94, "missing_here": 5, **same}, "here": {"all": 89, **same}}
    rows = found.frame[found.frame["detail"] == "different"]
    assert {r.code_here: (r.name_there, r.name_here) for r in rows.itertuples()} == RENAMED
    explained = found.frame.loc[found.frame["detail"] == "suffix_only", "words"]
    assert explained.str.contains("只有后缀不同").all()
    # What the layer lacks are bodies like a township, and each says so.
    lacking = found.frame[found.frame["verdict"] == "missing_here"]
    assert set(lacking["code_there"].str[6]) == {"4"}
    assert lacking["words"].str.contains("类乡级单位").all()


def test_its_own_file_matches(county: tuple[County, Path]) -> None:
    _, found = compare(county[0], county[1], How())
    assert found.agrees
    assert found.summary["there"] == found.summary["here"] == {"all": 89, "matched": 89}
    assert found.frame["iou"].min() > 0.999
    # Twelve digits in the file, nine in the plan: normalised, and said so.
    assert found.frame["words"].str.contains("文件中写作").all()


@pytest.mark.parametrize("drawn", [True, False], ids=["polygons", "register"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_planted_faults_are_found_and_none_invented(county: tuple[County, Path], seed: int, drawn: bool) -> None:
    plan = county[0].plan
    names = {c: plan.grids[c].name for c in plan.codes("township")} if drawn else official()
    faults = plant(plan, names, random.Random(seed), drawn=drawn)
    found = match(plan, "township", faults.frame())
    assert judged(faults, found) == ([], [])
    counts = found.frame["verdict"].value_counts()
    assert counts["swapped"] == 20
    assert counts["missing_here"] == 10
    assert counts["duplicate"] == 20


def test_the_judge_sees_what_is_missed(county: tuple[County, Path]) -> None:
    plan = county[0].plan
    faults = plant(plan, official(), random.Random(1), drawn=False)
    found = match(plan, "township", faults.frame())
    blind = found.frame.assign(verdict=found.frame["verdict"].replace("swapped", "matched"))
    missed, invented = judged(faults, type(found)("township", blind))
    assert (len(missed), invented) == (20, [])
    faults.there.clear()
    assert len(judged(faults, found)[1]) == 50

"""Broken inputs at every door: a sample of `benchmarks/fuzz_inputs.py`, and the inputs that once broke something."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from starlette.testclient import TestClient

from gridgis import codes
from gridgis.errors import CodeError, SchemeError
from gridgis.scheme import load_scheme, scheme_from
from gridgis.serving.service import service
from gridgis.serving.source import Role, Source
from tests.drawn import drawn_county
from tests.telling import Tell

ROOT = Path(__file__).resolve().parents[2]
A = "350526100001001"
GENERIC = load_scheme("generic")
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda more: some.lists(more, max_size=3) | some.dictionaries(some.sampled_from(["key", "zh", "digits", "level"]), more, max_size=3),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.timeout(300)
def test_a_sample_of_broken_inputs_is_refused_in_sentences() -> None:
    command = [sys.executable, "benchmarks/fuzz_inputs.py", "--count", "300", "--seed", "12"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]
    assert done.stdout.rstrip().endswith("tracebacks: 0\ncounty changes: 0")


@given(some.sampled_from(sorted(GENERIC.model_dump())), VALUES)
def test_a_scheme_of_any_value_is_a_scheme_or_a_sentence(key: str, value: object) -> None:
    data = GENERIC.model_dump(mode="json", exclude_none=True) | {key: value}
    with contextlib.suppress(SchemeError):
        assert scheme_from(data, "given").levels


@given(some.text() | some.integers() | some.floats() | some.text(alphabet="0123456789０１٣ ", min_size=5, max_size=16) | VALUES)
def test_a_code_of_any_value_is_one_code_or_a_sentence(given_: object) -> None:
    try:
        read = codes.parse(given_, GENERIC.widths)
    except CodeError:
        return
    assert codes.parse(read, GENERIC.widths) == read
    assert read.isascii()
    assert len(read) in GENERIC.widths


# -- what the fuzzing has found -------------------------------------------------------------------------------


def test_old_figures_carried_over_leave_one_file(tmp_path: Path, tell: Tell) -> None:
    county = drawn_county(tmp_path / "county.gpkg", "AAB\nCCB")
    old = tmp_path / "old.csv"
    old.write_text(f"code,households\r\n{A},7\r\n", "utf-8")
    assert tell("crosswalk", county, "1", "1", "--level", "unit", "--carry", old, "--out", tmp_path / "new.csv").code == 0
    assert [p.name for p in tmp_path.glob("county*")] == ["county.gpkg"]


def test_a_path_that_the_system_refuses_is_a_sentence(tmp_path: Path, tell: Tell) -> None:
    county = drawn_county(tmp_path / "county.gpkg", "AB")
    name = "9" * 5000
    for words in (("info", name), ("match", name, name, "--level", "unit"), ("locate", county, name, "--out", "x.csv"),
                  ("scheme", "check", name), ("export", county, f"{name}.geojson")):  # fmt: skip
        answer = tell(*words)
        assert answer.code == 2, answer
        assert len(answer.err) < 6000
    assert [p.name for p in tmp_path.iterdir()] == ["county.gpkg"]


def test_requests_that_once_broke_the_service(tmp_path: Path) -> None:
    county = drawn_county(tmp_path / "county.gpkg", "AAB\nCCB")
    with TestClient(service(Source(str(county), Role()))) as client:
        # No incidents at all: their column of moments is one of numbers.
        assert client.get("/collections/incidents-unit/items?datetime=2026-01-01").status_code == 200
        for header in ("township", "xx-ZZ", "*", "en;q=", "zh-Hans-CN,en;q=0.5"):
            answer = client.get(f"/collections/grids-unit/items/{A}", headers={"accept-language": header})
            assert answer.status_code == 200, header
        assert client.get(f"/collections/grids-unit/items/{A}?lang=township").status_code == 200
        assert client.get(f"/tiles/grids-unit/{'9' * 5000}/1/1.mvt").status_code == 404
        assert client.get("/tiles/grids-unit/x/1/1.mvt").status_code == 404

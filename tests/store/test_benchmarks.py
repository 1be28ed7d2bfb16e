"""Small samples of the benchmarks of many writers and of crashes; the full figures are in docs/figures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drawn import drawn_county, patchwork

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="these need a system that can fork")
KINDS = ["geopackage", pytest.param("postgis", marks=pytest.mark.postgis)]
# A store that forgets every third edit of each writer.
FORGETFUL = """
import runpy, sys
from gridgis.store.sql import SqlStore
real, count = SqlStore.append, []
def append(self, *given):
    count.append(1)
    if len(count) % 3:
        real(self, *given)
SqlStore.append = append
sys.argv = sys.argv[1:]
sys.path.insert(0, "benchmarks")
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(script: str, *words: str | Path, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *before, f"benchmarks/{script}", *map(str, words)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", KINDS)
def test_two_writers_lose_nothing(kind: str, tmp_path: Path) -> None:
    county = drawn_county(tmp_path / "county.gpkg", patchwork(12, 12))
    done = run("many_writers.py", "--county", county, "--store", kind, "--writers", 2, "--edits", 10)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("violations: 0\n")
    assert f"| {kind} | 2 x 10 | 20 |" in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_kills_and_full_disks_lose_nothing(kind: str) -> None:
    done = run("crash.py", "--store", kind, "--kills", 4, "--levels", 4)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("violations: 0\n")
    assert f"| {kind} | SIGKILL | 4 |" in done.stdout


def test_a_store_that_forgets_is_noticed() -> None:
    """The planted fault: acknowledged, but not kept."""
    done = run("crash.py", "--store", "geopackage", "--kills", 3, "--levels", 1, before=("-c", FORGETFUL))
    assert done.returncode == 1, done.stdout + done.stderr
    # The edit forgotten is the last before the kill, or a later one has taken its version: either is told.
    told = r"^kill \d+: (version \d+ after \d+ was acknowledged|acknowledged version \d+ is not as it was)$"
    assert re.search(told, done.stdout, re.MULTILINE), done.stdout

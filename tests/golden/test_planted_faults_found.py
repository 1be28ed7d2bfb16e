"""A sample of the faults that benchmarks/plant_faults.py plants in the demo county: all are found, and none on the clean one.

All of them, ten of every rule: ``python benchmarks/plant_faults.py``, run by ``make long``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def plant(county: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "benchmarks/plant_faults.py", "--county", str(county), "--each", "1", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_one_fault_of_many_rules_is_found_and_the_clean_county_is_clean(demo_file: Path) -> None:
    done = plant(demo_file, "--group", "assignment", "--group", "people")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "missed: 0\nreported on clean counties: 0\n" in done.stdout
    assert sum(line.split()[1:] == ["1", "1"] for line in done.stdout.splitlines()) >= 18

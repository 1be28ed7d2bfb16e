"""What the README says must be so: its example runs, its commands and files exist."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import setup

import gridgis as gg

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_example_runs(county_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    monkeypatch.chdir(county_file.parent)
    names: dict[str, Any] = {}
    exec(compile(example, "README.md", "exec"), names)
    code, edit = names["code"], names["edit"]
    assert households(edit.after, len(code)) == households(edit.before, len(code)) > 0
    assert len(edit.after) > len(edit.before)
    again = gg.open_county(county_file)
    assert (again.version, again.plan.hash) == (names["done"].version, names["done"].hash)


def households(figures: Mapping[str, Mapping[str, float]], width: int) -> float:
    """Return the households of the grids of one level, told by the length of their codes."""
    return sum(row["households"] for code, row in figures.items() if len(code) == width)


def test_places_exist() -> None:
    named = re.findall(r"`((?:gridgis|app_pages|layers|tests|benchmarks|tools|docs)/[\w./-]*|app\.py|LICENSE)`", TEXT)
    built_later = ("layers/assets/vendor/", "docs/figures")
    assert [name for name in named if not name.startswith(built_later) and not (ROOT / name).exists()] == []
    assert (ROOT / "docs" / "map.png").stat().st_size > 10_000


def test_steps_are_the_same_everywhere() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (targets,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(targets.split()) == set(setup.STEPS)
    named = set(re.findall(r"`make (\w+)`", TEXT)) | set(re.findall(r"setup\.py (\w+)", TEXT))
    assert {"run", "test", "check", "long"} <= named <= set(setup.STEPS)

"""What the README says must be so: its example runs, its commands and files exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import setup

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_example_runs(county_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    monkeypatch.chdir(county_file.parent)
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)
    edit, done = names["edit"], names["done"]
    assert len(edit.created) >= 1  # type: ignore[attr-defined]
    before, after = edit.before, edit.after  # type: ignore[attr-defined]
    total = {
        side: sum(row["households"] for row in rows.values()) for side, rows in (("b", before), ("a", after))
    }
    assert total["a"] == total["b"] > 0
    assert done.version == 1 or done.version == names["county"].version  # type: ignore[attr-defined]


def test_places_exist() -> None:
    named = re.findall(
        r"`((?:gridgis|app_pages|layers|tests|benchmarks|tools|docs)/[\w./-]*|app\.py|LICENSE)`", TEXT
    )
    built_later = ("layers/assets/vendor/", "docs/figures")
    assert [name for name in named if not name.startswith(built_later) and not (ROOT / name).exists()] == []
    assert (ROOT / "docs" / "map.png").stat().st_size > 10_000


def test_steps_are_the_same_everywhere() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (targets,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(targets.split()) == set(setup.STEPS)
    named = set(re.findall(r"`make (\w+)`", TEXT)) | set(re.findall(r"setup\.py (\w+)", TEXT))
    assert {"run", "test", "check", "long"} <= named <= set(setup.STEPS)

"""The list of figures: what stands in it can be run, and a stopped round goes on where it was."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import figures
import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_every_command_names_a_file_that_is_there() -> None:
    for name, words in figures.commands().items():
        places = [w for w in words if w.startswith(("benchmarks/", "tests/"))]
        assert places or name == "tests_long.txt", name
        assert [w for w in places if not (ROOT / w).is_file()] == []


def test_without_real_layers_their_lines_fall_away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(figures, "DATA", tmp_path / "none")
    without = figures.commands()
    assert without["cells.txt"] == ["benchmarks/cells.py"]
    assert "raw_layers.txt" not in without
    monkeypatch.setattr(figures, "DATA", tmp_path)
    assert figures.commands()["cells.txt"] == ["benchmarks/cells.py", "--data", str(tmp_path)]
    assert figures.commands()["raw_layers.txt"] == ["benchmarks/raw_layers.py", str(tmp_path)]


def test_a_round_goes_on_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good, late = tmp_path / "good.py", tmp_path / "late.py"
    good.write_text("print(6 * 7)", encoding="utf-8")
    monkeypatch.setattr(figures, "FOLDER", tmp_path / "figures")
    monkeypatch.setattr(figures, "commands", lambda: {"good.txt": [str(good)], "late.txt": [str(late)]})

    def made(*options: str) -> tuple[int, list[str]]:
        capfd.readouterr()
        code = figures.make(Path(sys.executable), os.environ, options)
        return code, [line.split()[-1] for line in capfd.readouterr().out.splitlines() if line.startswith("-- ") and "/" in line.split()[1]]

    assert made() == (2, ["good.txt", "late.txt"])  # late.py is not there yet.
    assert (tmp_path / "figures" / "good.txt").read_text(encoding="utf-8").splitlines()[-1] == "42"
    late.write_text("", encoding="utf-8")
    assert made() == (0, ["late.txt"])
    # The round is over, so the next call begins a new one.
    assert made("good.txt") == (0, ["good.txt"])
    assert made("--again") == (0, ["good.txt", "late.txt"])
    assert figures.make(Path(sys.executable), os.environ, ["other.txt"]) == 2
    assert not list((tmp_path / "figures").glob("*.part"))

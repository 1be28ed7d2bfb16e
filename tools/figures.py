"""The full figures of `make long`: each file in docs/figures, and the command that writes it.

    make long                                       all that are not done yet
    make long ARGS=--list                           what there is, and when each was written
    make long ARGS="crash.txt load.txt"             these alone, done or not
    make long ARGS=--again                          all from the beginning

A run that was stopped goes on where it was: a figure counts as done once its command has ended without a fault, and the
round is over when all are; the next call then begins a new one. What is being written lies beside its file as `.part`, so
that a broken run takes no figure away.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "figures"
DATA = Path(os.environ.get("GRIDGIS_SHARED_DATA", Path("..", "shared", "data")))
"""Real layers, which lie beside the checkout or nowhere."""

FIGURES = """
fuzz_edits.txt          benchmarks/fuzz_edits.py --edits 10000 --seed 1 --county county.gpkg
map_redraw.txt          benchmarks/map_redraw.py --county county.gpkg --sizes 618,2000,10000
many_writers.txt        benchmarks/many_writers.py --county county.gpkg
crash.txt               benchmarks/crash.py
damaged_register.txt    benchmarks/damaged_register.py --seed 1
mutated_files.txt       benchmarks/mutated_files.py --count 3000 --seed 1 --in-process --jobs 2
hostile_text.txt        benchmarks/hostile_text.py --strings 20000
fuzz_inputs.txt         benchmarks/fuzz_inputs.py --count 10000 --seed 1
load.txt                benchmarks/load.py --county county.gpkg --sessions 20 --cycles 12
hostile_files.txt       benchmarks/hostile_files.py county.gpkg
round_trips.txt         benchmarks/round_trips.py --demos [--data DATA]
cells.txt               benchmarks/cells.py [--data DATA]
signs.txt               benchmarks/signs.py --county county.gpkg
propose.txt             benchmarks/propose.py county.gpkg --within built_up,350526100001
least_change.txt        benchmarks/least_change.py --cases 50
fuse_nets.txt           benchmarks/fuse_nets.py county.gpkg
plant_faults.txt        benchmarks/plant_faults.py --county county.gpkg --each 10
check.txt               benchmarks/check.py --county county.gpkg
locate.txt              benchmarks/locate.py
incidents.txt           benchmarks/incident_figures.py --county county.gpkg [--data DATA]
incident_loop.txt       benchmarks/incident_loop.py --county county.gpkg
compute.txt             benchmarks/compute.py
city.txt                benchmarks/city.py
incremental_checks.txt  -m pytest -n 0 -m long -s --no-header tests/properties/test_incremental_checks.py
live_figures.txt        -m pytest -n 0 -m long -s --no-header tests/properties/test_impact_properties.py
datum_outlines.txt      benchmarks/datum_outlines.py DATA/county-outlines
raw_layers.txt          benchmarks/raw_layers.py DATA
repair_layers.txt       benchmarks/repair_layers.py DATA
tests_long.txt          -m pytest -m long --hypothesis-profile=long COUNTED
"""
"""File and command. DATA are the real layers: without them what stands in brackets falls away, and so does a line that
needs them. COUNTED leaves out the long tests that have a line of their own."""


def commands() -> dict[str, list[str]]:
    """Return the command of each file of figures that this machine can make."""
    lines = dict(line.split(maxsplit=1) for line in FIGURES.strip().splitlines())
    counted = [f"--ignore={words[-1]}" for line in lines.values() if (words := line.split())[-1].startswith("tests/")]
    here = (ROOT / DATA).is_dir()
    out = {}
    for name, line in lines.items():
        plain = re.sub(r"\[(.*?)\]", r"\1" if here else "", line)
        words = [str(DATA) + w.removeprefix("DATA") if w.startswith("DATA") else w for w in plain.split()]
        if here or "DATA" not in plain:
            out[name] = [x for w in words for x in (counted if w == "COUNTED" else [w])]
    return out


def listed() -> str:
    """Return every file of figures with its date and command."""
    rows = []
    for name, words in commands().items():
        file = FOLDER / name
        date = re.search(r"^# (\d{4}-\d\d-\d\d \d\d:\d\d UTC)", file.read_text(encoding="utf-8"), re.M) if file.is_file() else None
        rows.append(f"{name:<24}{date[1] if date else '-':<22}python {' '.join(words)}")
    return "\n".join(rows)


def make(python: Path, env: Mapping[str, str], options: Sequence[str] = ()) -> int:
    """Write the figures; return the largest exit code.

    Parameters
    ----------
    python
        The interpreter that runs the commands.
    env
        Their environment.
    options
        Names of files, or ``--again``; nothing goes on where the last call stopped.
    """
    all_, done = commands(), FOLDER / ".done"
    named = [name for name in options if name != "--again"]
    unknown = [name for name in named if name not in all_]
    if unknown:
        print(f"-- 没有这个数字文件：{unknown[0]}（见 --list） | There are no figures of this name: {unknown[0]} (see --list)")
        return 2
    if not (ROOT / DATA).is_dir():
        print(f"-- 没有真实图层（{DATA}），相关数字略去 | no real layers at {DATA}: their figures are left out", flush=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    if "--again" in options:
        done.unlink(missing_ok=True)
    before = set(done.read_text(encoding="utf-8").split()) if done.is_file() else set()
    wanted = named or [name for name in all_ if name not in before]
    worst = 0
    for k, name in enumerate(wanted, 1):
        print(f"-- {k}/{len(wanted)} {name}", flush=True)
        code = record(name, [str(python), *all_[name]], env)
        worst = max(worst, code)
        if not code:
            before.add(name)
            done.write_text("\n".join(sorted(before)) + "\n", encoding="utf-8")
    if before >= all_.keys():
        done.unlink(missing_ok=True)
    return worst


def record(name: str, command: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a command and keep what it prints under `name` in docs/figures, with its words and the date."""
    part = FOLDER / f"{name}.part"
    date = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    with part.open("w", encoding="utf-8") as out:
        out.write(f"$ python {' '.join(command[1:])}\n# {date}\n\n")
        process = subprocess.Popen(
            command, cwd=ROOT, env=dict(env), text=True, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            out.write(line)
        code = process.wait()
    part.replace(FOLDER / name)
    return code

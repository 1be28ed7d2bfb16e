"""Damaged files: a sample of the corpus that `benchmarks/mutated_files.py` makes, and the faults it once found."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gridgis.errors import InputError
from gridgis.io.reading import read_vector
from gridgis.io.unpacking import copy_in
from tests.files import layer, said

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(300)
def test_damaged_files_are_refused_or_accounted_for_row_by_row() -> None:
    command = [sys.executable, "benchmarks/mutated_files.py", "--count", "60", "--seed", "11", "--in-process"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("tracebacks: 0\nsilent losses: 0\ncounty changes: 0")


def test_a_damaged_archive_is_a_sentence_whatever_python_makes_of_it(tmp_path: Path) -> None:
    layer().rename(columns={"名称": "mc"}).to_file(tmp_path / "a.shp")
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in sorted(tmp_path.glob("a.[sdpc]*")):
            packed.write(part, part.name)
    sound = path.read_bytes()
    broken = tmp_path / "broken.zip"
    (tmp_path / "in").mkdir()
    # A member without a name: Python looks at the last character of it.
    central = sound.index(b"PK\x01\x02")
    broken.write_bytes(sound[: central + 28] + b"\0\0" + sound[central + 30 :])
    said(broken)
    chance, refused = random.Random(5), 0
    for _ in range(60):
        turned = bytearray(sound)
        for at in chance.sample(range(40, central), 3):
            turned[at] ^= 1 << chance.randrange(8)
        broken.write_bytes(turned)
        try:
            copy_in(broken, tmp_path / "in", None)
        except InputError as error:
            refused += "broken.zip" in error.en
    assert refused > 40


def test_no_row_above_the_header_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("1,甲,118.1,25.1\n2,乙,118.2,25.2\ncode,名称,lon,lat\n3,丙,118.3,25.3\n", "utf-8")
    assert len(read_vector(path).frame) == 3
    path.write_text("德化县\ncode,名称,lon,lat\n3,丙,118.3,25.3\n", "utf-8")
    source = read_vector(path)
    assert len(source.frame) == 1
    assert any("1 rows above the header" in en for _, en in source.facts["evidence"])


def test_geojson_under_the_name_of_a_table_is_refused_not_robbed_of_its_first_row(tmp_path: Path) -> None:
    lines = [json.dumps(f) for f in json.loads(layer(4326).to_json())["features"]]
    for name, text in (("t.txt", "\n".join(lines)), ("t.csv", f"[{','.join(lines)}]"), ("t.tsv", "\ufeff" + lines[0])):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        assert ".geojson" in said(path).en
    path = tmp_path / "brackets.csv"
    path.write_text("[code],{name},lon,lat\n1,甲,118.1,25.1\n", "utf-8")
    assert len(read_vector(path).frame) == 1

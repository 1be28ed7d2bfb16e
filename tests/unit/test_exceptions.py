"""Accepted findings: silent while they hold, listed in every report, back when they expire."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gridgis as gg
from tests.drawn import area, code_of, drawn_county, tamper
from tests.telling import Tell, geojson

A, B = (str(code_of(c)) for c in "AB")


@pytest.fixture
def enclave(tmp_path: Path) -> Path:
    """A county whose grid A surrounds grid B, and where A's island makes it two parts besides."""
    return drawn_county(tmp_path / "county.gpkg", "AAACA\nABACC\nAAACC", homes="11111\n11111\n11111")


def rules(path: Path) -> list[str]:
    with gg.open_county(path) as county:
        return sorted(gg.check(county)["rule"])


def test_an_accepted_finding_is_silent_and_listed_in_reports(enclave: Path, tell: Tell, tmp_path: Path) -> None:
    assert rules(enclave) == ["hole", "multi_part"]
    assert tell("except", enclave, "add", "--rule", "hole", "--code", A, "--reason", "历史飞地", "--by", "王").code == 0
    assert rules(enclave) == ["multi_part"]
    out = tmp_path / "all.geojson"
    said = tell("check", enclave, "--out", out)
    assert "已接受" in said.out
    told = {
        f["properties"]["rule"]: f["properties"]["accepted"]
        for f in json.loads(out.read_text(encoding="utf-8"))["features"]
    }
    assert told == {"hole": "历史飞地", "multi_part": ""}
    everything = tell("check", enclave, "--all", "--json").json
    assert {r["rule"]: r["accepted"] for r in everything} == {"hole": "历史飞地", "multi_part": ""}
    assert [r["rule"] for r in tell("check", enclave, "--json").json] == ["multi_part"]


def test_it_is_listed_and_dropped(enclave: Path, tell: Tell) -> None:
    assert "没有例外" in tell("except", enclave, "list").out
    tell("except", enclave, "add", "--rule", "hole", "--code", A, "--reason", "飞地", "--until", "2999-12-31")
    (row,) = tell("except", enclave, "list", "--json").json
    assert (row["id"], row["rule"], row["code"], row["until"]) == ("X0001", "hole", A, "2999-12-31")
    assert "X0001" in tell("except", enclave, "list", "--lang", "en").out
    assert tell("except", enclave, "drop", "X0001").code == 0
    assert rules(enclave) == ["hole", "multi_part"]
    assert tell("except", enclave, "drop", "X0001").code == 2


def test_when_it_expires_the_finding_is_back_and_says_so(enclave: Path, tell: Tell) -> None:
    tell("except", enclave, "add", "--rule", "hole", "--code", A, "--reason", "飞地", "--until", "2020-01-31")
    assert rules(enclave) == ["exception_expired", "hole", "multi_part"]


def test_an_area_covers_only_what_lies_in_it(enclave: Path, tell: Tell, tmp_path: Path) -> None:
    for name, shape, left in (
        ("far", area((3, 0), (5, 0), (5, 3), (3, 3)), ["hole", "multi_part"]),
        ("near", area((0.5, 0.5), (2.5, 0.5), (2.5, 2.5), (0.5, 2.5)), ["multi_part"]),
    ):
        file = geojson(tmp_path / f"{name}.geojson", ({}, shape))
        assert tell("except", enclave, "add", "--rule", "hole", "--area", file, "--reason", "水库").code == 0
        assert rules(enclave) == left


def test_an_accepted_error_no_longer_fails_the_check(tmp_path: Path, tell: Tell) -> None:
    path = tamper(
        drawn_county(tmp_path / "county.gpkg", "AB"),
        f"INSERT INTO grids (code, level, added_in) VALUES ('{A[:-1]}9', 'unit', 1)",
    )
    assert tell("check", path, "--rule", "grid_empty").code == 1
    tell("except", path, "add", "--rule", "grid_empty", "--code", f"{A[:-1]}9", "--reason", "筹建")
    assert tell("check", path, "--rule", "grid_empty").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("--rule", "nonsense", "--code", A, "--reason", "x"), ("--rule", "hole", "--code", A),
        ("--rule", "hole", "--reason", "x"), ("--rule", "hole", "--code", "350526100001999", "--reason", "x"),
        ("--rule", "hole", "--code", A, "--reason", "x", "--until", "tomorrow"),
    ],
)  # fmt: skip
def test_what_is_incomplete_is_refused_in_one_sentence(words: tuple[str, ...], enclave: Path, tell: Tell) -> None:
    before = enclave.read_bytes()
    done = tell("except", enclave, "add", *words)
    assert (done.code, len(done.err.strip().splitlines())) == (2, 1)
    assert enclave.read_bytes() == before

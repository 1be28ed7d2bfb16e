"""Hostile uploads, kind by kind: no other file returned, no request made, no change to the county."""

from __future__ import annotations

import hashlib
import urllib.request
from pathlib import Path

import pytest

from benchmarks.hostile_files import KINDS, Lab, attack, canary


@pytest.fixture
def server():
    with canary() as found:
        yield found


def test_the_canary_sings(server) -> None:
    address, asked = server
    urllib.request.urlopen(f"{address}/proof").read()
    assert asked == ["/proof"]


def test_there_are_at_least_25_kinds() -> None:
    assert len(KINDS) >= 25


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_upload(kind: str, tmp_path: Path, county_file: Path, server, capfd) -> None:
    address, asked = server
    lab = Lab(tmp_path / "lab", address)
    path, as_ = KINDS[kind](lab)
    before = hashlib.sha256(county_file.read_bytes()).hexdigest()
    said = attack(county_file, path, as_)
    out = capfd.readouterr()
    assert lab.secret not in said + out.out + out.err
    assert asked == []
    assert hashlib.sha256(county_file.read_bytes()).hexdigest() == before
    assert not lab.escaped()

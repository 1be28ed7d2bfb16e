"""Power cuts: an editing process is killed at random moments, and what it had acknowledged must be there."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import gridgis as gg
from gridgis.verify import verify
from tests.drawn import drawn_county, tamper

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kill -9 needs a system that can fork")
Nursery = subprocess.Popen[str]


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return drawn_county(tmp_path / "county.gpkg", "AABBCC\nAABBCC\nDDEEFF\nDDEEFF")


@pytest.fixture
def nursery(county: Path) -> Iterator[Nursery]:
    """Return the process that makes a new victim for every line it reads."""
    command = [sys.executable, "-m", "tests.store.victim", str(county)]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert heard(process) == "ready"
        yield process
        assert process.stdin is not None
        process.stdin.close()


def heard(process: Nursery) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def kill_one(process: Nursery, edits: int, pause: float) -> int:
    """Start a victim, kill it a moment after so many edits, and return the last version it acknowledged."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    victim = int(heard(process).removeprefix("child "))
    saved = 0
    for _ in range(edits):
        saved = int(heard(process).removeprefix("saved "))
    time.sleep(pause)
    os.kill(victim, signal.SIGKILL)
    while (word := heard(process)) != "dead":
        saved = int(word.removeprefix("saved "))
    return saved


def assert_whole(path: Path, acknowledged: int) -> int:
    """Ask everything of a file after a kill, and return the version it is at."""
    with gg.open_county(path) as county:
        # One more than acknowledged may be there: saved, and killed before it could say so.
        assert acknowledged <= county.version <= acknowledged + 1
        assert verify(county) == []
        version = county.version
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    db.close()
    return version


def killed(process: Nursery, path: Path, times: int) -> None:
    r = random.Random(times)
    known = 1
    for _ in range(times):
        # A victim killed before its first edit acknowledged nothing; what was there must still be.
        known = max(known, kill_one(process, r.randint(0, 3), r.uniform(0, 0.08)))
        known = assert_whole(path, known)


def test_ten_kills_lose_nothing(nursery: Nursery, county: Path) -> None:
    killed(nursery, county, 10)
    with gg.open_county(county) as opened:
        assert opened.version > 5


@pytest.mark.long
def test_a_hundred_kills_lose_nothing(nursery: Nursery, county: Path) -> None:
    killed(nursery, county, 100)


def test_a_kill_that_rolls_back_is_noticed(county: Path) -> None:
    """The planted fault: an acknowledged edit that is not in the file fails the check of the tests above."""
    with gg.open_county(county) as opened:
        acknowledged = opened.version + 1
    with pytest.raises(AssertionError):
        assert_whole(county, acknowledged)


def test_a_torn_file_is_noticed(county: Path) -> None:
    """The planted fault: half an edit in the file, as if a transaction had been cut in two."""
    tamper(county, "UPDATE cells SET code = '350526100001002' WHERE id = 1")
    with pytest.raises(AssertionError):
        assert_whole(county, 1)

"""What every test may use: the county of the session, the shared data, the browser.

Command-line options and marks are in pyproject.toml.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import browsers
import postgis
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
# The demo is built again when one of these changes, and only then.
DEMO_SOURCES = (
    "demo",
    "schemes",
    "store",
    "pointindex/assign.py",
    "cells.py",
    "codes.py",
    "county.py",
    "founding.py",
    "outlines.py",
    "plan.py",
    "schema.py",
    "scheme.py",
    "topology.py",
)

_calm = [HealthCheck.too_slow, HealthCheck.data_too_large]
settings.register_profile("seeded", derandomize=True, deadline=None, suppress_health_check=_calm)
settings.register_profile("long", max_examples=2000, deadline=None, suppress_health_check=_calm)
settings.load_profile("seeded")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data beside the checkout, or skip."""
    folder = Path(os.environ.get("GRIDGIS_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no shared data beside the checkout; GRIDGIS_SHARED_DATA may name the folder")
    return folder


@pytest.fixture(scope="session")
def demo_of(pytestconfig: pytest.Config) -> Callable[[str], Path]:
    """Return a function that answers the demo county of a scheme.

    Each is built once for all workers and kept while its sources stay the same. They are for reading only.
    """
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir("gridgis-demo")
    key = _demo_key()

    def built(scheme: str) -> Path:
        file = folder / f"{scheme}-{key}.gpkg"
        with _lock(folder / f"{scheme}.lock"):
            if not file.exists():
                # The newest two stay: another session, begun before a change, may still copy from one.
                for old in sorted(folder.glob(f"{scheme}-*.gpkg"), key=lambda path: path.stat().st_mtime)[:-2]:
                    old.unlink()
                draft = folder / f"{scheme}.draft.gpkg"
                draft.unlink(missing_ok=True)
                command = [sys.executable, "-m", "gridgis", "demo", str(draft), "--scheme", scheme]
                done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
                assert done.returncode == 0, f"gridgis demo failed:\n{done.stdout}\n{done.stderr}"
                draft.replace(file)
        return file

    return built


@pytest.fixture(scope="session")
def demo_file(demo_of: Callable[[str], Path]) -> Path:
    """Return the demo county of the default scheme, for reading only: a test that edits takes `county_file`."""
    return demo_of("dehua")


@pytest.fixture
def county_file(demo_file: Path, tmp_path: Path) -> Path:
    """Return a private copy of the demo county."""
    return Path(shutil.copyfile(demo_file, tmp_path / "county.gpkg"))


def _demo_key() -> str:
    digest = hashlib.sha256()
    for name in DEMO_SOURCES:
        source = ROOT / "gridgis" / name
        files = sorted(source.rglob("*")) if source.is_dir() else [source]
        for file in files:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:20]


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold an advisory lock that the system frees even when the holder is killed."""
    with path.open("a+b") as handle:
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    handle.seek(0)
                    msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
                    break
                except OSError:
                    time.sleep(0.2)
            try:
                yield
            finally:
                handle.seek(0)
                msvcrt.locking(handle.fileno(), msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


@pytest.fixture(scope="session")
def browser_program() -> Path:
    """Return the browser to drive, or skip."""
    found = browsers.find()
    if found is None:
        pytest.skip(browsers.MISSING)
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], browser_program: Path) -> dict[str, Any]:
    """Tell Playwright which browser to start, and to keep it from calling home."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet.append("--no-sandbox")
    return {**browser_type_launch_args, "executable_path": str(browser_program), "args": quiet}


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """Return the address of a database with PostGIS, on a server of the session's own."""
    with postgis.server() as address:
        yield address


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip browser and PostGIS tests from one place, so that the summary tells it in one line."""
    if item.get_closest_marker("browser") and not _has_browser(item.config):
        pytest.skip(browsers.MISSING)
    if item.get_closest_marker("postgis") and not postgis.available():
        pytest.skip(postgis.MISSING)


_BROWSER = pytest.StashKey[bool]()


def _has_browser(config: pytest.Config) -> bool:
    if _BROWSER not in config.stash:
        config.stash[_BROWSER] = browsers.find() is not None
    return config.stash[_BROWSER]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where tests of a kind are required, fail unless every one of them ran."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if hasattr(session.config, "workerinput"):
        return
    for kind in ("browser", "postgis"):
        if not os.environ.get(f"GRIDGIS_REQUIRE_{kind.upper()}"):
            continue
        ran, skipped = (
            sum(kind in report.keywords for report in reporter.stats.get(outcome, []))
            for outcome in ("passed", "skipped")
        )
        if skipped or not ran:
            reporter.write_line(f"{kind} tests are required here: {ran} ran, {skipped} skipped", red=True)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

"""An installation without internet: which wheels a machine needs, and (long) that they suffice where no registry can be asked."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import wheelhouse

from tests.drawn import drawn_county

ROOT = Path(__file__).resolve().parents[2]


def test_conditions_are_weighed_for_the_machine_meant() -> None:
    windows, linux = (wheelhouse.pins([tag], "3.11") for tag in ("win_amd64", "manylinux_2_28_x86_64"))
    assert set(windows) - set(linux) == {"colorama==0.4.6"}
    assert set(linux) <= set(windows)
    later = wheelhouse.pins(["win_amd64"], "3.13")
    assert {name.split("==")[0] for name in windows} - {name.split("==")[0] for name in later} == {
        "importlib-metadata", "lazy-importer", "zipp",
    }  # fmt: skip


def test_a_platform_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SystemExit, match="win_amd64"):
        wheelhouse.pins(["windows"], "3.11")


def test_what_has_no_wheel_is_named(tmp_path: Path) -> None:
    (tmp_path / "ruamel_yaml-0.18-py3-none-any.whl").touch()
    assert wheelhouse.missing(["ruamel.yaml==0.18", "pymetis==2025.2.2"], tmp_path) == ["pymetis==2025.2.2"]


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_app_answers_after_an_installation_without_a_registry(tmp_path: Path) -> None:
    folder = tmp_path / "an office" / "gridgis"
    made = subprocess.run(
        [sys.executable, ROOT / "tools" / "wheelhouse.py", "--out", folder], capture_output=True, text=True, check=False
    )
    if "Could not find a version" in made.stderr or "No matching distribution" in made.stderr:
        pytest.skip("no registry answers here to collect the wheels from")
    assert made.returncode == 0, made.stderr
    # An address where nobody listens: whatever asked a registry would fail.
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON", "VIRTUAL_ENV"))}
    nowhere = {**env, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_NO_CACHE_DIR": "1"}
    install = [sys.executable, "tools/setup.py", "install"]
    done = subprocess.run(install, cwd=folder, env=nowhere, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    county = drawn_county(tmp_path / "county.gpkg", "AAB\nACB")
    python = next(p for p in (folder / ".venv" / "bin" / "python", folder / ".venv" / "Scripts" / "python.exe") if p.exists())
    port = "8599"
    app = subprocess.Popen(
        [python, "-m", "streamlit", "run", "app.py", "--server.port", port], cwd=folder,
        env={**env, "GRIDGIS_COUNTY": str(county)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert "画县" in answer(f"http://127.0.0.1:{port}/where")
    finally:
        app.terminate()
        app.wait(20)


def answer(address: str) -> str:
    """Return the page at an address, as soon as somebody listens there."""
    for _ in range(240):
        try:
            with urllib.request.urlopen(address, timeout=5) as page:
                return str(page.read().decode("utf-8"))
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"nobody answers at {address}")

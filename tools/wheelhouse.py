r"""Make a folder that installs GridGIS on a machine without internet: this checkout, its browser assets and fonts, and all wheels.

    python tools/wheelhouse.py                                             for a machine like this one
    python tools/wheelhouse.py --platform win_amd64 --python-version 3.11  for a Windows PC, prepared on any machine
    python tools/wheelhouse.py --zip                                       packed into one file

In the folder, ``make run`` or ``py tools\setup.py run`` does what it does everywhere: setup.py finds ``wheels`` beside it
and then asks no registry. Only ready-made wheels are taken; a package without one for the platform is named.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
ASSETS = ("layers/assets/vendor", "gridgis/print/fonts")
# What pip needs to install the checkout itself.
BUILD = ("setuptools>=77",)
# What a county adds that asks for a login; with all it needs in turn, as far as requirements.txt does not pin it.
LOGIN = "streamlit[auth]"
SYSTEMS = {
    "win_": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    "macosx_": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
    "manylinux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
}


def pins(platforms: Sequence[str], python: str) -> list[str]:
    """Return the pinned requirements that hold on the machine meant, one ``name==version`` each.

    pip weighs conditions such as ``sys_platform == 'win32'`` by the machine it runs on, so they are weighed here.
    """
    there: dict[str, str] = {}
    if platforms:
        there |= SYSTEMS[system_of(platforms[0])]
    if python:
        full = python if python.count(".") == 2 else f"{python}.9"
        there |= {"python_version": ".".join(full.split(".")[:2]), "python_full_version": full}
    found = []
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text:
            wanted = Requirement(text)
            if wanted.marker is None or wanted.marker.evaluate(dict(there)):
                found.append(f"{wanted.name}{wanted.specifier}")
    return found


def system_of(platform: str) -> str:
    """Return which of `SYSTEMS` a wheel's platform tag belongs to."""
    for name in SYSTEMS:
        if platform.startswith(name):
            return name
    raise SystemExit(
        f"不认识平台“{platform}”：请用 wheel 的平台标记，例如 win_amd64、manylinux_2_28_x86_64、macosx_14_0_arm64。\n"
        f"The platform '{platform}' is not known: give a wheel's tag such as win_amd64, manylinux_2_28_x86_64, macosx_14_0_arm64."
    )


def missing(wanted: Sequence[str], folder: Path) -> list[str]:
    """Return the requirements that no wheel in `folder` answers."""
    there = {re.sub(r"[-_.]+", "-", path.name.split("-")[0]).lower() for path in folder.glob("*.whl")}
    return [text for text in wanted if re.sub(r"[-_.]+", "-", re.split(r"[=<>]", text)[0]).lower() not in there]


def download(wanted: Sequence[str], folder: Path, platforms: Sequence[str], python: str) -> list[str]:
    """Fetch the wheels of `wanted` and return the requirements that have none for the machine meant."""
    meant = [word for name in platforms for word in ("--platform", name)]
    meant += ["--python-version", python, "--implementation", "cp"] if python else []
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--only-binary=:all:",
               "--dest", str(folder), *meant]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    if subprocess.run([*command, "--no-deps", *wanted], check=False).returncode:
        # pip stops at the first it cannot have; one by one, all of them become known.
        for text in missing(wanted, folder):
            subprocess.run([*command, "--no-deps", text], check=False, capture_output=True)
    login = subprocess.run([*command, "-c", str(ROOT / "requirements.txt"), LOGIN], check=False).returncode
    return [*missing(wanted, folder), *([LOGIN] if login else [])]


def copy_checkout(out: Path) -> None:
    """Copy what git tracks, and the browser assets and fonts, which it does not."""
    lacking = [name for name in ASSETS if not (ROOT / name).is_dir()]
    if lacking:
        raise SystemExit(f"缺少 {lacking[0]}：请用 make wheelhouse。\n{lacking[0]} is not there: use make wheelhouse.")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        # A file that was deleted and not yet committed is still listed.
        if (ROOT / name).is_file():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, out / name)
    for name in ASSETS:
        shutil.copytree(ROOT / name, out / name, dirs_exist_ok=True)


def packed(folder: Path) -> Path:
    """Pack a folder into a zip beside it; wheels are stored as they are, since they are packed already."""
    target = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            kind = zipfile.ZIP_STORED if path.suffix == ".whl" else None
            archive.write(path, Path(folder.name) / path.relative_to(folder), compress_type=kind)
    return target


def main() -> int:
    """Make the folder named on the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, default=ROOT / "dist" / "gridgis-offline", help="the folder to make; emptied first")
    options.add_argument("--platform", action="append", default=[], metavar="TAG", help="may be given again")
    options.add_argument("--python-version", default="", metavar="3.11")
    options.add_argument("--zip", action="store_true", help="also pack it into one file")
    given = options.parse_args()
    if bool(given.platform) != bool(given.python_version):
        options.error("--platform and --python-version go together")
    out = given.out.resolve()
    if out == ROOT or out in ROOT.parents:
        options.error(f"{out} holds the checkout itself")
    shutil.rmtree(out, ignore_errors=True)
    copy_checkout(out)
    wanted = [*pins(given.platform, given.python_version), *BUILD]
    lacking = download(wanted, out / "wheels", given.platform, given.python_version)
    wheels = list((out / "wheels").glob("*.whl"))
    size = sum(path.stat().st_size for path in wheels) / 1e6
    place = os.path.relpath(packed(out) if given.zip else out)
    print(f"-- {len(wheels)} 个安装包，{size:.0f} MB：{place} | {len(wheels)} wheels, {size:.0f} MB: {place}")
    for text in lacking:
        print(f"-- 这个平台没有安装包：{text} | no wheel for this platform: {text}", file=sys.stderr)
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())

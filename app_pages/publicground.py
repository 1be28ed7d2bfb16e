"""The county's own e-map under the pages for everybody: what their script is told, and the scripts that draw it."""

from __future__ import annotations

from html import escape
from typing import Any

from app_pages import emaptiles
from app_pages.desk import Desk
from layers import styles

_SCRIPTS = ("vendor/leaflet/leaflet.js", "ground.js", "tiles.js", "names.js", "base.js")


def told(prefix: str, desk: Desk) -> dict[str, Any]:
    """Return addresses and styles of the e-map, for `GridGIS.ground`."""
    sets = {name: emaptiles.address(prefix, desk, name) for name in emaptiles.SETS}
    message = {"base": f"{prefix}/layer/{desk.token('base')}", "tiles": sets}
    return {"styles": styles.BASE, "names": styles.NAMES, "message": message}


def scripts(assets: str) -> str:
    """Return the elements that load the scripts, in their order."""
    return "\n".join(f'<script src="{escape(assets)}/{name}"></script>' for name in _SCRIPTS)

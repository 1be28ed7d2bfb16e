"""What the first picture of the map needs, made while the first browser still loads the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from threading import Thread
from typing import Any

from app_pages import classing
from app_pages.desk import the_desk
from app_pages.shell import best_level
from gridgis.errors import GridgisError
from layers.figures import METHODS, PALETTES

_OF_THE_MAP_PAGE = ("app_pages.bench", "app_pages.plandesk")


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Begin as the server starts; nobody waits for it.

    Yields
    ------
    None
        While the server runs.
    """
    Thread(target=make_ready, daemon=True, name="make_ready").start()
    yield


def make_ready() -> None:
    """Open the county and make its first picture.

    What is counted in cells is left in the file: an edit reads what lies near it, and a city of millions would keep
    its server busy for minutes for what nobody may ask. A county that does not open is told by the page.
    """
    with suppress(GridgisError):
        desk = the_desk()
        level = best_level(desk)
        classing.made(desk, level, next(iter(PALETTES)), METHODS[0])
        for module in _OF_THE_MAP_PAGE:
            import_module(module)
        above = desk.scheme.level_keys[: desk.scheme.level_keys.index(level)]
        for item in (("grids", level, desk.version), *map(desk.outline_item, above), ("base",)):
            desk.layer(item)

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

_PATIENCE_S = 20.0


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
    """Open the county, make its first picture, then what the first edit would wait for.

    A county that does not open is told by the page.
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
        # Whoever looks already goes first.
        desk.looked.wait(_PATIENCE_S)
        desk.warm()

"""Commands that redraw boundaries: reshape, vertex, draw."""

from __future__ import annotations

from typing import Annotated

import typer

from gridgis import edits
from gridgis.cli.common import Branch, By, County, Json, Lang, Reason, Unlock, opened, read_geometry
from gridgis.cli.edit import show
from gridgis.cli.people import point_of
from gridgis.errors import EditError

Level = Annotated[str | None, typer.Option("--level", metavar="KEY", help="哪一级的界线，默认最细一级 / whose boundaries")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for command in (reshape, vertex, draw):
        app.command()(command)


def reshape(
    county: County,
    line: Annotated[str, typer.Option("--line", help="新界线 GeoJSON，两端落在公共界线上 / the new run")],
    level: Level = None, unlock: Unlock = False,
    branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """为两个网格的公共界线画一段新界线，两侧随之改变 / Give a shared boundary a new run."""
    with opened(county, branch) as c:
        edit = edits.reshape(c.plan, read_geometry(line, c.crs), level=level, unlock=unlock)
        show(c.apply(edit, by=by, reason=reason), json=json, lang=lang)


def vertex(
    county: County,
    at: Annotated[str, typer.Option("--at", metavar="LON,LAT", help="折点，或要加折点的界线处 / the vertex, or a place on an edge")],
    to: Annotated[str | None, typer.Option("--to", metavar="LON,LAT", help="新位置；不给则删除 / where it goes; none deletes it")] = None,
    insert: Annotated[bool, typer.Option("--insert", help="在界线上加一个折点 / put a vertex into an edge")] = False,
    level: Level = None, unlock: Unlock = False,
    branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """移动、增加或删除公共界线上的折点，相关网格随之改变 / Move, insert or delete a shared vertex."""
    if insert and to is None:
        raise EditError("增加折点须给出 --to。", "To insert a vertex, say with --to where it goes.")
    with opened(county, branch) as c:
        here = point_of(at, "cgcs2000", c.crs)
        there = point_of(to, "cgcs2000", c.crs) if to is not None else None
        if there is None:
            edit = edits.delete_vertex(c.plan, here, level=level, unlock=unlock)
        else:
            verb = edits.insert_vertex if insert else edits.move_vertex
            edit = verb(c.plan, here, there, level=level, unlock=unlock)
        show(c.apply(edit, by=by, reason=reason), json=json, lang=lang)


def draw(
    county: County,
    under: Annotated[str, typer.Argument(metavar="CODE", help="新网格的上级 / the parent of the new grid")],
    area: Annotated[str, typer.Option("--area", help="区域 GeoJSON / the area")],
    branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """在未归属的地块上画一个新网格 / Draw a new grid on land that has none."""
    with opened(county, branch) as c:
        edit = edits.draw(c.plan, read_geometry(area, c.crs), under)
        show(c.apply(edit, by=by, reason=reason), json=json, lang=lang)

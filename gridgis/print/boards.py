"""One signboard: what it says, and its plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import segno
import shapely

from gridgis.county import County
from gridgis.plan import Plan
from gridgis.print.country import Country, country_of
from gridgis.print.scene import Look, Map, draw_map, mark, style_of
from gridgis.print.settings import Settings
from gridgis.print.sides import sides_of
from gridgis.print.svg import Frame, bar, draw, picture, tag
from gridgis.print.typeset import Format, press
from gridgis.staff.people import Link, People, chain, level_name, people_of, role_name

MAP_MM = (258.0, 216.0)
"""Width and height of the plan on an A3 board."""
PAPERS = MappingProxyType({"A3": (420.0, 297.0), "A4": (297.0, 210.0)})

WORDS = MappingProxyType({
    "facts": ("网格概况", "Facts"), "team": ("网格队伍", "Who answers"), "duties": ("职责", "Duties"),
    "hotlines": ("服务电话", "Hotlines"), "legend": ("图例", "Legend"), "code": ("统一编码", "Code"),
    "sides": ("四至", "Bounds"), "scan": ("扫码识别本网格", "Scan for this grid"), "north": ("北", "N"),
    "vacant": ("待配备", "vacant"), "more": ("等", "and more"), "metres": ("米", "m"), "kilometres": ("千米", "km"),
    "scale": ("比例尺", "Scale"), "map_number": ("审图号", "Map approval"), "made": ("制作日期", "Made on"),
    "households": ("户数", "Households"), "persons": ("人口", "Persons"), "buildings": ("建筑", "Buildings"),
    "area": ("面积", "Area"), "places": ("场所", "Places"), "here": ("本网格", "this grid"),
    "illustrative": ("示意 illustrative：界线、姓名、电话与数字均为示意数据",
                     "Illustrative: boundaries, names, telephones and figures are generated"),
})  # fmt: skip
LEGEND = MappingProxyType({
    "own": ("本网格", "this grid"), "grid": ("网格界", "grid boundary"), "road": ("道路", "road"),
    "water": ("水系", "water"), "building": ("建筑", "building"),
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class Studio:
    """All that boards of a county are made from, read once.

    Attributes
    ----------
    name
        Name of the county.
    illustrative
        True where figures and shapes are generated for show.
    country
        Plan and e-map.
    people
        Who answers, on the day.
    settings
        What the county wants on boards.
    lang
        ``zh`` or ``en``.
    templates
        Folder of changed templates.
    """

    name: str
    illustrative: bool
    country: Country
    people: People
    settings: Settings
    lang: str = "zh"
    templates: Path | None = None

    @property
    def plan(self) -> Plan:
        """The plan."""
        return self.country.plan

    @property
    def other(self) -> int:
        """Which of two words is the one in the language."""
        return int(self.lang == "en")

    def word(self, key: str) -> str:
        """Return a word of the board."""
        return WORDS[key][self.other]


def studio_of(county: County, settings: Settings, lang: str = "zh", templates: Path | None = None) -> Studio:
    """Read what the boards of a county are made from."""
    people = people_of(county, county.today)
    name = county.meta.get("name", "") or county.code
    return Studio(name, county.illustrative, country_of(county), people, settings, lang, templates)


def board(studio: Studio, code: str, formats: tuple[Format, ...] = ("pdf",), ppi: int = 150) -> list[bytes]:
    """Return the signboard of a grid in each format."""
    data, pictures = content(studio, code)
    return press("board", studio.templates).set(data, pictures, formats, ppi)


def board_map(studio: Studio, code: str) -> Map:
    """Return the plan of a grid with its neighbours."""
    plan = studio.plan
    grid = plan.grid(code)
    frame = Frame.around(plan.grid_geometry(code), *MAP_MM)
    tiles = studio.country.tiles(grid.level)
    near = [str(c) for c in tiles.frame["code"].iloc[tiles.near(frame.box)]]
    names = {c: plan.grids[c].name or c for c in near if c != code}
    return draw_map(studio.country, frame, Look(grid.level, (code,), names=names, templates=studio.templates))


def content(studio: Studio, code: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the template of a board reads: data, and pictures."""
    plan, other, settings = studio.plan, studio.other, studio.settings
    grid, drawn = plan.grid(code), board_map(studio, code)
    links = chain(plan, studio.people, code, studio.name)
    length, length_mm = bar(drawn.frame, 0.22)
    data = {
        "words": {k: v[other] for k, v in WORDS.items()}, "lang": studio.lang, "paper": settings.paper,
        "title": (settings.title_zh, settings.title_en)[other], "name": grid.name or code, "code": code,
        "level": level_name(plan.scheme, grid.level)[other], "path": [one.name or one.code for one in links[:-1]],
        "facts": facts(studio, code), "team": [team(studio, one, own=one.code == code) for one in links],
        "duties": duties(studio, links), "hotlines": [[(h.zh, h.en)[other], h.number] for h in settings.hotlines],
        "legend": [label for _, label in legend(studio, drawn.shown)], "scale": f"1:{drawn.frame.scale:,}",
        "bar": {"mm": length_mm, "text": distance(studio, length), "zero": "0"},
        "sides": [[side.word[other], side.words[other]] for side in sides_of(studio.country, code)],
        "foot": foot(studio),
    }  # fmt: skip
    signs = {f"legend{k}": svg for k, (svg, _) in enumerate(legend(studio, drawn.shown))}
    return data, {"map": drawn.svg, "qr": qr_svg(settings.qr_of(code)), **signs}


def qr_svg(text: str) -> str:
    """Return a QR code as a picture, its quiet zone included."""
    made = segno.make(text, error="m", micro=False)
    return str(made.svg_inline(border=4, scale=1, dark="#000", light="#fff")).replace(
        "<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1
    )


def distance(studio: Studio, metres: float) -> str:
    """Return a length as it stands at a scale bar."""
    if metres >= 1000:
        return f"{metres / 1000:g} {studio.word('kilometres')}"
    return f"{metres:g} {studio.word('metres')}"


def facts(studio: Studio, code: str) -> list[list[str]]:
    """Return the facts of a grid as (name, value)."""
    figures, other = studio.plan.figures_of(code), studio.other
    area = figures["area_m2"]
    large = (f"{area / 1e6:,.2f} 平方千米", f"{area / 1e6:,.2f} km²")
    small = (f"{area / 1e4:,.1f} 公顷", f"{area / 1e4:,.1f} ha")
    counts = [[studio.word(k), f"{int(figures[k]):,}"] for k in ("households", "persons", "buildings", "places")]
    more = [[(f.zh, f.en)[other], (f.value_zh, f.value_en)[other]] for f in studio.settings.facts]
    return [*counts, [studio.word("area"), (large if area >= 1e6 else small)[other]], *more]


def team(studio: Studio, one: Link, *, own: bool) -> dict[str, Any]:
    """Return a box of the organisation chart: the grid of a level, and who holds a role in it."""
    scheme, other = studio.plan.scheme, studio.other
    people = [
        {"role": role_name(scheme, h.role)[other], "name": h.name or h.id, "phone": h.phone if studio.settings.phones else ""}
        for h in one.holders
    ]
    people += [{"role": role_name(scheme, r)[other], "name": studio.word("vacant"), "phone": ""} for r in one.vacancies]
    return {"level": level_name(scheme, one.level)[other], "name": one.name or one.code, "own": own, "people": people}


def duties(studio: Studio, links: Iterable[Link]) -> list[list[str]]:
    """Return the duties of the levels above a grid and its own, as (level, duty, limit)."""
    scheme, other = studio.plan.scheme, studio.other
    limits = {limit.key: limit for limit in scheme.limits}
    levels = [one.level for one in links]
    out = []
    for duty in sorted((d for d in scheme.duties if d.level in levels), key=lambda d: levels.index(d.level)):
        limit = limits.get(duty.limit or "")
        within = "" if limit is None else (
            (f"{limit.hours:g} 小时", f"{limit.hours:g} h") if limit.hours is not None
            else (f"{limit.days:g} 天", f"{limit.days:g} days"))[other]  # fmt: skip
        out.append([level_name(scheme, duty.level)[other], (duty.zh, duty.en)[other], within])
    return out


def legend(studio: Studio, shown: Iterable[str]) -> list[tuple[str, str]]:
    """Return a sign and its words for each kind of thing on a map."""
    style, other = style_of(studio.templates), studio.other
    kinds = {p.key: (p.zh, p.en)[other] for p in studio.plan.scheme.places}
    there = set(shown)
    out = [(_swatch(style, key), LEGEND[key][other]) for key in LEGEND if key in there]
    for key, (sign, colour) in style["marks"].items():
        if key in there:
            out.append((picture(8, 4, [mark(sign, colour, (4, 2), 3.0)]), kinds.get(key, key)))
    return out


def _swatch(style: dict[str, Any], key: str) -> str:
    line, box = shapely.LineString([(0.5, 2), (7.5, 2)]), shapely.box(1, 0.6, 7, 3.4)
    parts = {
        "own": [draw(box, fill=style["own_fill"], stroke=style["own_edge"], stroke_width=style["own_width"])],
        "grid": [draw(line, stroke=style["edge"], stroke_width=style["edge_width"] * 1.6, stroke_dasharray=style["edge_dash"])],
        "road": [draw(line, stroke=style["roads"]["secondary"][2], stroke_width=1.6),
                 draw(line, stroke=style["roads"]["secondary"][1], stroke_width=1.2)],
        "water": [draw(box, fill=style["water"], stroke=style["water_edge"], stroke_width=0.1)],
        "building": [draw(box, fill=style["building"], stroke=style["building_edge"], stroke_width=0.1)],
    }[key]  # fmt: skip
    return picture(8, 4, [tag("rect", width=8, height=4, fill="none"), *parts])


def foot(studio: Studio) -> list[str]:
    """Return the lines at the foot: what is illustrative, the approval of the map, a note, the day."""
    settings, other = studio.settings, studio.other
    lines = [studio.word("illustrative")] if studio.illustrative else []
    if settings.map_number:
        lines.append(f"{studio.word('map_number')}{'：' if not other else ': '}{settings.map_number}")
    note = (settings.note_zh, settings.note_en)[other]
    day = studio.people.day or dt.date.today().isoformat()
    return [*lines, *([note] if note else []), f"{studio.word('made')}{'：' if not other else ': '}{day}"]

"""The facts of a city or district that the plain generator builds on, read from `<scheme>.toml` beside it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gridgis.demo import facts as known
from gridgis.demo.facts import River
from gridgis.demo.terrain import Floats
from gridgis.outlines import read_outlines
from gridgis.scheme import Scheme, load_scheme


@dataclass(frozen=True)
class Child:
    """A named grid below a township: its full code, name, zone, category, place if known, weight."""

    code: str
    name: str
    zone: str
    category: str
    at: tuple[float, float] | None
    weight: float


@dataclass(frozen=True)
class Township:
    """A township: its share of the built-up core that it lies in, its share of the country, its children."""

    code: str
    name: str
    category: str
    urban: float
    rural: float
    core: int
    part: int
    children: tuple[Child, ...]


@dataclass(frozen=True)
class Core:
    """Ground of finer streets: middle, area (None = everywhere), size of a block; `inner` lies in another one."""

    at: Floats
    km2: float | None
    block: float
    inner: bool


@dataclass(frozen=True)
class Tier:
    """How many grids of a level lie below the grids of one zone, or below one grid; faces that each needs."""

    level: str
    total: int
    least: int
    zone: str
    under: str
    institutions: int


@dataclass(frozen=True)
class Brief:
    """Everything known of a place, in its projected CRS; `raw` holds counts and registers as they are written."""

    scheme: Scheme
    code: str
    name: str
    epsg: int
    outline: Any
    cores: tuple[Core, ...]
    rivers: tuple[River, ...]
    townships: tuple[Township, ...]
    tiers: tuple[Tier, ...]
    raw: Mapping[str, Any]

    @property
    def source(self) -> str:
        """Words for the column source."""
        return str(self.raw["source"])

    @property
    def as_of(self) -> str:
        """Day of the figures."""
        return str(self.raw["as_of"])

    @property
    def counts(self) -> Mapping[str, float]:
        """Totals to reproduce."""
        return dict(self.raw["counts"])


def is_brief(scheme_name: str) -> bool:
    """Tell whether the facts of a scheme are of the form that this module reads."""
    return "cores" in tomllib.loads(known.facts_text(scheme_name))


def read_brief(scheme_name: str) -> Brief:
    """Return the facts of the place that a scheme describes."""
    raw = tomllib.loads(known.facts_text(scheme_name))
    degrees = shapely.union_all(read_outlines(raw["code"]))
    epsg = known.epsg_at(degrees.centroid.x)
    outline = shapely.transform(degrees, lambda lonlat: known.project(lonlat, epsg).round(2))
    if made := raw.get("made_outline"):
        outline = clipped(outline, known.project(made["at"], epsg)[0], made["km2"] * 1e6)
    cores = [
        Core(known.project(c["at"], epsg)[0], c.get("km2"), c["block"], bool(c.get("inner"))) for c in raw["cores"]
    ]
    return Brief(
        load_scheme(scheme_name), raw["code"], raw["name"], epsg, outline, tuple(cores),
        tuple(River(r["name"], "main", known.project(r["through"], epsg)) for r in raw.get("rivers", ())),
        tuple(_township(t, epsg) for t in raw["townships"]),
        tuple(
            Tier(t["level"], t["total"], t["least"], t.get("zone", ""), t.get("under", ""), t.get("institutions", 0))
            for t in raw["tiers"]
        ),
        raw,
    )  # fmt: skip


def _township(row: dict[str, Any], epsg: int) -> Township:
    children = []
    for c in row.get("children", ()):
        at = known.project(c["at"], epsg)[0] if "at" in c else None
        where = None if at is None else (float(at[0]), float(at[1]))
        zone, category = c.get("zone", ""), c.get("category", "")
        children.append(Child(row["code"] + c["code"], c["name"], zone, category, where, float(c.get("weight", 1.0))))
    return Township(
        row["code"], row["name"], row.get("category", ""), float(row.get("urban", 0)), float(row.get("rural", 0)),
        int(row.get("core", 0)), int(row.get("part", 0)), tuple(children),
    )  # fmt: skip


def clipped(outline: Any, at: Floats, area: float) -> shapely.Polygon:
    """Return a round part of an outline, on whole centimetres and of the wished area to a thousandth."""
    low, high = 0.0, 4.0 * float(area**0.5)
    for _ in range(60):
        middle = 0.5 * (low + high)
        part = max(shapely.get_parts(shapely.intersection(outline, blob(at, middle))), key=shapely.area)
        low, high = (middle, high) if part.area < area else (low, middle)
    rounded = shapely.transform(part, lambda xy: xy.round(2))
    assert isinstance(rounded, shapely.Polygon)
    return rounded


def blob(at: Floats, radius: float) -> shapely.Polygon:
    """Return a rounded shape about a point, always the same for the same point and radius."""
    turn = np.linspace(0, 2 * np.pi, 145)[:-1]
    phase = (at[0] + at[1]) % 6.28
    waves = [(2, 0.16), (3, 0.11), (5, 0.08), (8, 0.05), (13, 0.025)]
    away = radius * (1 + np.sum([a * np.sin(k * turn + k * k * phase) for k, a in waves], axis=0))
    return shapely.Polygon(np.round(at + np.column_stack([np.cos(turn), np.sin(turn)]) * away[:, None], 3))

"""The facts that an illustrative county stands on, read from the TOML file beside this module."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from gridgis.errors import InputError

Lattice = NDArray[np.float64]


@dataclass(frozen=True)
class Village:
    """A first-level grid: its 12-digit code, the name of the village, and where it lies if known."""

    code: str
    name: str
    core: bool
    at: tuple[float, float] | None


@dataclass(frozen=True)
class Township:
    """A township: code, name, seat in metres, villages, and its unit grids of the built-up area."""

    code: str
    name: str
    seat: tuple[float, float]
    built_up: int
    villages: tuple[Village, ...]

    @property
    def core(self) -> tuple[Village, ...]:
        """Villages and communities that make up the built-up area."""
        return tuple(v for v in self.villages if v.core)

    @property
    def rural(self) -> tuple[Village, ...]:
        """Villages outside the built-up area."""
        return tuple(v for v in self.villages if not v.core)


@dataclass(frozen=True)
class River:
    """A main river: its name, class, and the points (metres) that it passes."""

    name: str
    kind: str
    through: Lattice


@dataclass(frozen=True)
class Facts:
    """Everything about one county that is known rather than generated, in its projected CRS."""

    code: str
    name: str
    epsg: int
    as_of: str
    source: str
    facts_source: str
    counts: dict[str, Any]
    merged: dict[str, str]
    rivers: tuple[River, ...]
    townships: tuple[Township, ...]
    places: dict[str, int]
    bodies: dict[str, Any]


def epsg_at(lon: float) -> int:
    """Return the EPSG code of the CGCS2000 3-degree zone (no prefix) at `lon` degrees."""
    return 4534 + round(lon / 3) - 25


def project(lonlat: Any, epsg: int) -> Lattice:
    """Return WGS84 degrees as metres of `epsg` on the 1 mm lattice, shape (n, 2)."""
    lonlat = np.asarray(lonlat, dtype=float).reshape(-1, 2)
    east, north = _transformer(epsg).transform(lonlat[:, 0], lonlat[:, 1])
    return np.round(np.column_stack([east, north]), 3)


@cache
def _transformer(epsg: int) -> Transformer:
    # Building one takes a quarter of a second, and every village with a known place needs it.
    return Transformer.from_crs(4326, epsg, always_xy=True)


def _point(lonlat: Any, epsg: int) -> tuple[float, float]:
    x, y = project(lonlat, epsg)[0]
    return float(x), float(y)


def _township(row: dict[str, Any], merged: dict[str, str], epsg: int) -> Township:
    core = set(row.get("core", ()))
    villages = tuple(
        Village(
            row["code"] + v["code"],
            v["name"],
            v["code"] in core,
            _point(v["at"], epsg) if "at" in v else None,
        )
        for v in row["villages"]
        if row["code"] + v["code"] not in merged
    )
    return Township(row["code"], row["name"], _point(row["seat"], epsg), row["built_up"], villages)


def load(scheme_name: str, epsg: int) -> Facts:
    """Return the facts of the county that the scheme describes.

    Parameters
    ----------
    scheme_name
        Name of the scheme; the file `<scheme_name>.toml` lies in this package.
    epsg
        The projected CRS that all coordinates are given in.

    Raises
    ------
    InputError
        There is no illustrative county for this scheme.
    """
    raw = tomllib.loads(facts_text(scheme_name))
    merged = raw["merged"]
    return Facts(
        code=raw["code"],
        name=raw["name"],
        epsg=epsg,
        as_of=raw["as_of"],
        source=raw["source"],
        facts_source=raw["facts_source"],
        counts=raw["counts"],
        merged=merged,
        rivers=tuple(River(r["name"], r["class"], project(r["through"], epsg)) for r in raw["rivers"]),
        townships=tuple(_township(t, merged, epsg) for t in raw["townships"]),
        places=raw["places"],
        bodies={key: raw[key] for key in ("people", "bodies")},
    )


def county_code(scheme_name: str) -> str:
    """Return the code of the county that the scheme describes."""
    return str(tomllib.loads(facts_text(scheme_name))["code"])


def available() -> tuple[str, ...]:
    """Return the names of the schemes that an illustrative county can be built for."""
    return tuple(sorted(f.name[:-5] for f in files("gridgis.demo").iterdir() if f.name.endswith(".toml")))


def facts_text(scheme_name: str) -> str:
    """Return the text of the facts file of a scheme."""
    if scheme_name not in available():
        known = "、".join(available())
        raise InputError(
            f"没有“{scheme_name}”体系的示意县：可用的有 {known}。",
            f"There is no illustrative county for the scheme '{scheme_name}': choose one of {known}.",
        )
    return (files("gridgis.demo") / f"{scheme_name}.toml").read_text(encoding="utf-8")

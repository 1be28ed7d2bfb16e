"""What the map can lay over the grids: places, service circles, findings, incidents, an earlier version, other nets, a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import shapely
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app_pages import incidentdesk, marks, veil, versions
from app_pages.address import bbox, prefix
from app_pages.desk import Desk, the_desk
from app_pages.past import Past
from app_pages.words import word
from gridgis.overlays.incidents import Wish
from gridgis.reach import reach, service_area
from layers import extras, geojson, styles
from layers.extras import Group, Shapes

_SEEN = 3000
_QUIET_KIND = 1500
"""A kind with more places than this is not shown until it is asked for."""
_RADIUS_M = 300
_MINUTES = (15.0, 30.0)
_FINDING_M = 1.0


def offer(desk: Desk, level: str, lang: str) -> list[dict[str, Any]]:
    """Return what can be laid over the map: key, title, address, and choices within."""
    base = prefix()
    version = desk.version

    def one(key: str, title: str, *more: Any, **told: Any) -> dict[str, Any]:
        return {"key": key, "title": title, "url": f"{base}/overlay/{desk.token('overlay', lang, key, *more)}", **told}

    kinds = place_kinds(desk, lang)
    out = []
    if kinds:
        out += [one("places", word("lay_places", lang), kinds=kinds, view=True), one("circles", word("lay_circles", lang))]
    out.append(one("findings", word("lay_findings", lang), version))
    if desk.frame(level)[1]["incidents"].any():
        out.append(one("heat", word("lay_heat", lang)))
    if version > 1:
        out.append(one("earlier", word("lay_earlier", lang), level, version, versions=[version - 1, version]))
    out += [one(f"net:{name}", name) for name in nets(desk)]
    return out


def place_kinds(desk: Desk, lang: str) -> list[dict[str, Any]]:
    """Return the kinds of places that the county has, rarest first, with name, colour, count, and whether shown at first."""

    def count() -> dict[str, int]:
        with desk.quiet() as county:
            found = county.table("places", ("kind", "x"))
        return {str(k): int(n) for k, n in found.loc[found["x"].notna(), "kind"].value_counts(ascending=True).items()}

    named = {p.key: p.en.capitalize() if lang == "en" else p.zh for p in desk.scheme.places}
    found: dict[str, int] = desk.lasting(("place_kinds",), count)
    return [
        {"key": k, "name": named.get(k, k), "n": n, "colour": extras.KINDS[i % len(extras.KINDS)], "on": n <= _QUIET_KIND}
        for i, (k, n) in enumerate(found.items())
    ]


def nets(desk: Desk) -> list[str]:
    """Return the names of the other departments' nets that the county keeps."""

    def read() -> list[str]:
        with desk.quiet() as county:
            return sorted(set(county.table("nets", ("net",))["net"].dropna().astype(str)))

    found: list[str] = desk.lasting(("net_names",), read)
    return found


# -- what the addresses stand for


def made(desk: Desk, item: tuple[Any, ...], asked: Mapping[str, str], box: Any) -> str | None:
    """Return what is laid over the map under an address; None where it asks for what there is not."""
    _, lang, key, *rest = item
    if key == "places":
        return _places(desk, lang, asked, box) if box is not None else None
    if key == "earlier" and "find" in asked:
        return versions.found(desk, lang, asked["find"][:100])
    if key == "earlier":
        return _earlier(desk, lang, rest, asked.get("version", ""))
    if key in ("findings", "marks"):
        return marks.drawn(desk, lang) if key == "marks" else _findings(desk, lang)
    if key == "file":
        return desk.lasting(("opened", lang, rest[0]), lambda: None)
    make = {"circles": _circles, "heat": _heat}.get(key)
    text: str = desk.lasting(("extra", veil.limit(desk), *item), lambda: make(desk, lang) if make else _net(desk, lang, key.removeprefix("net:")))
    return text


def _places(desk: Desk, lang: str, asked: Mapping[str, str], box: Any) -> str:
    """Return the places of the kinds asked for in a part of the map, the nearest to its middle when they are many."""
    frame = desk.lasting(("place_frame",), lambda: _place_frame(desk))
    kinds = place_kinds(desk, lang)
    wanted = set(asked["kinds"].split(",")) if "kinds" in asked else {k["key"] for k in kinds if k["on"]}
    west, south, east, north = shapely.bounds(geojson.from_degrees(box, desk.crs)).tolist()
    x, y = frame["x"].to_numpy(), frame["y"].to_numpy()
    seen = np.flatnonzero(frame["kind"].isin(wanted).to_numpy() & (x >= west) & (x <= east) & (y >= south) & (y <= north))
    cut = len(seen) > _SEEN
    if cut:
        away = np.hypot(x[seen] - (west + east) / 2, y[seen] - (south + north) / 2)
        seen = seen[np.argsort(away, kind="stable")[:_SEEN]]
    shown = [k for k in kinds if k["key"] in wanted]
    spots = np.asarray(shapely.points(x[seen], y[seen]), dtype=object)
    kind = frame["kind"].to_numpy()[seen]
    groups = [Group(extras.dot(k["colour"]), spots[kind == k["key"]]) for k in reversed(shown)]
    rows = [[k["colour"], f"{k['name']} · {k['n']:,}"] for k in shown]
    note = word("extra_places_cut", lang, n=f"{_SEEN:,}") if cut else ""
    return extras.payload(groups, desk.crs, {"title": word("lay_places", lang), "rows": rows, "note": note})


def _place_frame(desk: Desk) -> pd.DataFrame:
    with desk.quiet() as county:
        found = county.table("places", ("kind", "x", "y"))
    return pd.DataFrame(found[found["x"].notna() & found["y"].notna()]).reset_index(drop=True)


def _circles(desk: Desk, lang: str) -> str:
    """Return who is reached in 15 and in 30 minutes, by the rule of the checks where the scheme has one."""
    rules = desk.scheme.services
    kind, mode = (rules[0].place, rules[0].mode) if rules else ("station", "walk")
    limits = sorted({r.minutes for r in rules if r.place == kind} or _MINUTES)
    county = desk.county
    places = county.table("places", ("kind", "x", "y"))
    spots = places.loc[(places["kind"] == kind) & places["x"].notna(), ["x", "y"]].to_numpy(dtype=float)
    name = next((p.en if lang == "en" else p.zh for p in desk.scheme.places if p.key == kind), kind)
    title = word("lay_circles", lang)
    if not len(spots):
        return extras.payload([], desk.crs, {"title": title, "note": word("extra_no_station", lang, place=name)})
    found = reach(county.table("roads"), spots, np.zeros((0, 2)), mode)
    looks = [extras.NEAR, *[extras.FAR] * len(limits)]
    areas = [Group(look, _one(service_area(found, spots, m, mode))) for m, look in zip(limits, looks, strict=False)]
    on = word(f"extra_{mode}", lang)
    rows = [[look["fillColor"], word("extra_circle", lang, m=f"{m:g}", on=on)] for m, look in zip(limits, looks, strict=False)]
    rows.append([extras.STATION["fillColor"], f"{name[:1].upper()}{name[1:]} · {len(spots):,}"])
    note = word("extra_straight", lang) if found.method == "straight" else ""
    stations = Group(extras.STATION, np.atleast_1d(shapely.points(spots)))
    return extras.payload([*reversed(areas), stations], desk.crs, {"title": title, "rows": rows, "note": note})


def _one(shape: Any) -> Shapes:
    out = np.empty(1, dtype=object)
    out[0] = shape
    return out


def _findings(desk: Desk, lang: str) -> str:
    version, found = desk.findings()
    title = word("lay_findings", lang)
    shown = found[~shapely.is_empty(found.geometry.to_numpy()) & found.geometry.notna()] if len(found) else found
    groups, rows = [], []
    for severity, look in (("warning", extras.WARNING), ("error", extras.ERROR)):
        mine = np.asarray(shown.geometry[shown["severity"] == severity].to_numpy(), dtype=object) if len(shown) else np.zeros(0, object)
        groups.append(Group(look, shapely.simplify(mine, _FINDING_M)))
        rows.append([look["fillColor"], f"{word(f'severity_{severity}', lang)} · {len(mine):,}"])
    note = word("extra_findings_note" if len(shown) else "extra_findings_none", lang, n=version)
    return extras.payload(groups, desk.crs, {"title": title, "rows": rows[::-1] if len(shown) else [], "note": note})


def _heat(desk: Desk, lang: str) -> str:
    wish = Wish()
    found = incidentdesk.surface_of(desk, wish, _RADIUS_M, ())
    title = word("lay_heat", lang)
    if found is None:
        return extras.payload([], desk.crs, {"title": title, "note": word("extra_heat_none", lang)})
    top = incidentdesk.top_of(desk, wish, wish, _RADIUS_M, ())
    url = f"{prefix()}/picture/{desk.token('heatmap', wish, top, _RADIUS_M, ())}"
    ramp = {"colours": list(styles.HEAT), "low": word("few", lang), "high": word("many", lang, n=f"{top:,.4g}")}
    total = veil.total(len(incidentdesk.study_of(desk, wish).frame), veil.limit(desk))
    note = word("extra_heat_note", lang, n=total, m=_RADIUS_M)
    legend = {"title": title, "ramp": ramp, "note": note}
    return extras.payload([], desk.crs, legend, image={"url": url, "bounds": [list(c) for c in found.bounds]})


def _earlier(desk: Desk, lang: str, rest: list[Any], asked: str) -> str | None:
    level, now = rest
    if not asked.isdecimal() or not 1 <= int(asked) < now:
        return None
    version = int(asked)

    def make() -> str:
        with desk.quiet() as county:
            log = county.log()
        day = str(log.loc[log["version"] == version, "at"].iloc[0])[:10]
        before, after = (np.asarray(d.frame(level)[1].geometry.to_numpy(), dtype=object) for d in (Past(desk, version), Past(desk, now)))
        same, moved = extras.parted(before, after)
        came, went = (float(shapely.length(lines).sum()) / 1000 for lines in (extras.parted(after, before)[1], moved))
        rows = [[f"dash:{extras.EARLIER['color']}", word("extra_moved", lang)]] if len(moved) else []
        rows.append([f"dash:{extras.EARLIER_SAME['color']}80", word("extra_same", lang)])
        since = word("extra_since", lang, a=f"{came:.2f}", b=f"{went:.2f}")
        note = since if came or went else word("extra_unchanged", lang)
        legend = {"title": word("extra_earlier", lang, n=version, day=day), "rows": rows, "note": note}
        return extras.payload([Group(extras.EARLIER_SAME, same), Group(extras.EARLIER, moved)], desk.crs, legend, moved=len(moved))

    text: str = desk.lasting(("earlier", lang, level, version, now), make)
    return text


def _net(desk: Desk, lang: str, name: str) -> str:
    with desk.quiet() as county:
        frame = county.table("nets", ("net", "geometry"))
    mine = np.asarray(frame.geometry[frame["net"] == name].to_numpy(), dtype=object)
    colour = extras.NETS[nets(desk).index(name) % len(extras.NETS)]
    return lines(lang, (mine, desk.crs), name, (colour, word("extra_net_note", lang)))


def lines(lang: str, drawn: tuple[Shapes, int], title: str, look: tuple[str, str]) -> str:
    """Return foreign shapes and their CRS as dashed outlines with a colour and a note."""
    (shapes, crs), (colour, note) = drawn, look
    rows = [[f"dash:{colour}", word("extra_shapes", lang, n=f"{len(shapes):,}")]]
    shown = Group(extras.net(colour), shapely.simplify(shapes, _FINDING_M))
    return extras.payload([shown], crs, {"title": title, "rows": rows, "note": note})


# -- the route


async def answer(request: Request) -> Response:
    """Answer what is laid over the map, for a part of it ``?bbox=west,south,east,north`` where that is large."""
    desk = await run_in_threadpool(the_desk)
    desk, item = veil.meant(desk, desk.item(request.path_params["token"]))
    if item is None or item[0] != "overlay":
        return JSONResponse({"error": "unknown"}, status_code=404)
    box = bbox(request.query_params.get("bbox", ""))
    text = await run_in_threadpool(made, desk, item, request.query_params, box)
    if text is None:
        return JSONResponse({"error": "unknown"}, status_code=404)
    headers = {"Content-Encoding": "gzip", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=60"}
    return Response(geojson.packed(text), media_type="application/geo+json", headers=headers)


def routes(base: str) -> list[BaseRoute]:
    """Return the routes below a base path."""
    return [Route(f"{base}/overlay/{{token}}", answer)]


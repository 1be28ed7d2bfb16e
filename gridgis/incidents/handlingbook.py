"""An incident and its loop as plain values and in words, for whoever shows them: command line, service, pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from pyproj import Transformer

from gridgis.county import County
from gridgis.incidents.handling import ACTIONS, STATUSES, WAYS, bodies_of, next_actions
from gridgis.incidents.ledger import chain_of, incident_of, now_for, photo_of, status_of, steps_of
from gridgis.incidents.reporting import RESIDENT
from gridgis.staff.people import role_name


def told(county: County, number: str) -> dict[str, Any]:
    """Return an incident with place, limit, steps, what may come next, and who answers for it at each level.

    Raises
    ------
    InputError
        There is no such incident.
    """
    row, steps = incident_of(county, number), steps_of(county, number)
    found = chain_of(county, row)
    lon, lat = _degrees(county, row)
    matter = county.scheme.access.matter_of(str(row["category"] or ""))
    due, status = str(row["due_at"] or ""), status_of(row)
    return {
        **{k: row[k] for k in ("id", "at", "category", "due_at", "closed_at", "handled_in", "valid", "address", "note", "source")},
        "status": status, "overdue": bool(due and status != "closed" and due < now_for(county, row["at"])),
        "late": bool(due and row["closed_at"] and due < str(row["closed_at"])),
        "lon": lon, "lat": lat, "photo": photo_of(county, number) is not None,
        "matter": None if matter is None else matter.model_dump(include={"key", "zh", "en", "department", "group", "admitted"}),
        "code": found.code or None, "as_of": {"version": found.version, "day": found.day},
        "chain": [_link(county, link.row()) for link in found.links],
        "steps": steps.drop(columns="incident").to_dict("records"), "next": next_actions(row, steps),
    }  # fmt: skip


def _link(county: County, row: dict[str, Any]) -> dict[str, Any]:
    for holder in row["holders"]:
        holder["role_zh"], holder["role_en"] = role_name(county.scheme, holder["role"])
    return row


def _degrees(county: County, row: Mapping[str, Any]) -> tuple[float | None, float | None]:
    if row["x"] is None or row["y"] is None:
        return None, None
    lon, lat = Transformer.from_crs(county.crs, 4490, always_xy=True).transform(float(row["x"]), float(row["y"]))
    return round(lon, 7), round(lat, 7)


def action_name(key: object) -> tuple[str, str]:
    """Return what a step is called; one that came from elsewhere as it is."""
    found = ACTIONS.get(str(key))
    return (found.zh, found.en) if found else (str(key), str(key))


def actors(county: County) -> dict[str, tuple[str, str]]:
    """Return the names of those who may stand in a step, by id."""
    rows = pd.DataFrame(county.table("staff", ("id", "name")))
    return {str(i): (str(n), str(n)) for i, n in zip(rows["id"], rows["name"], strict=True)} | bodies_of(county)


def source_name(source: object) -> tuple[str, str]:
    """Return who told of an incident."""
    return ("居民上报", "resident") if source == RESIDENT else (str(source or "–"), str(source or "–"))


def way_name(way: object) -> tuple[str, str]:
    """Return how an incident is handled."""
    return WAYS.get(str(way), (str(way or "–"), str(way or "–")))


def status_name(incident: Mapping[str, Any]) -> tuple[str, str]:
    """Return where an incident stands; one that was marked not valid says so."""
    return ("无效", "not valid") if incident["valid"] == 0 and incident["closed_at"] else STATUSES[status_of(incident)]

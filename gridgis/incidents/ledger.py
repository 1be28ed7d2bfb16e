"""Incidents as a ledger: one of them with its steps and who answers for its place, and many with the overdue ones first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridgis.county import County
from gridgis.errors import InputError
from gridgis.history import version_on
from gridgis.incidents.reporting import RESIDENT, due_at
from gridgis.locate import locate
from gridgis.plan import Plan
from gridgis.schema import TABLES
from gridgis.staff.people import Link, chain, people_of

COLUMNS = tuple(c.name for c in TABLES["incidents"] if c.name not in ("geometry", "extra"))
STEP_COLUMNS = tuple(c.name for c in TABLES["incident_steps"])
VIEWS = ("open", "overdue", "unjudged", "closed")
NEWEST = 300
"""So many closed incidents are listed, those closed last."""


@dataclass(frozen=True)
class Chain:
    """Who answers for the place of an incident, on its day and by the plan of that time.

    Attributes
    ----------
    version
        Version of the plan that was in force; the first where the county began later, and the newest where no grid was
        drawn at the place then.
    code
        Leaf grid; empty where no grid was drawn.
    person
        Id of the person who holds a role nearest to the place; empty where there is none.
    """

    version: int
    day: str
    code: str
    links: tuple[Link, ...]
    person: str


def incident_of(county: County, number: str) -> dict[str, Any]:
    """Return an incident as plain values; None where nothing is told.

    Raises
    ------
    InputError
        There is no such incident.
    """
    rows = _plain(county.store.some("incidents", {"id": number}, COLUMNS), COLUMNS)
    if not rows:
        raise InputError(
            f"没有事件“{number[:64]}”：请核对编号，或用 gridgis incident … list 查看。",
            f"There is no incident '{number[:64]}': check its id, or see gridgis incident … list.",
        )
    row = rows[0]
    # A county that has begun to keep limits, or imported what has none, still knows by when each must be closed.
    row["due_at"] = row["due_at"] or due_at(county.scheme, str(row["category"] or ""), str(row["at"] or ""))
    return row


def steps_of(county: County, number: str) -> pd.DataFrame:
    """Return the steps of an incident, oldest first."""
    rows = _plain(county.store.some("incident_steps", {"incident": number}, STEP_COLUMNS), STEP_COLUMNS)
    return pd.DataFrame(rows, columns=list(STEP_COLUMNS), dtype=object)


def photo_of(county: County, number: str) -> str | None:
    """Return the photo of an incident in base64, a JPEG that was made here; None where it has none."""
    rows = county.store.some("photos", {"incident": number, "media": "image/jpeg"}, ("data",), 1)
    return str(rows["data"].iloc[0]) if len(rows) else None


def _plain(frame: Any, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    some = pd.DataFrame(frame).reindex(columns=list(columns)).astype(object)
    rows: list[dict[str, Any]] = some.where(some.notna(), None).to_dict("records")  # type: ignore[assignment]
    for row in rows:
        if row.get("valid") is not None:
            row["valid"] = int(row["valid"])
    return rows


def status_of(incident: Mapping[str, Any]) -> str:
    """Return where an incident stands: reported, forwarded, handling or closed, whatever words it came with."""
    if incident["closed_at"] or incident["status"] == "closed":
        return "closed"
    status = str(incident["status"] or "")
    return status if status in ("forwarded", "handling") else "reported"


def chain_of(county: County, incident: Mapping[str, Any]) -> Chain:
    """Return who answers for an incident: by the plan in force at its time, and by the postings of its day."""
    at = str(incident["at"] or county.today)
    plan = _plan_then(county, at)
    xy = np.array([[_number(incident["x"]), _number(incident["y"])]])
    found = _grid_at(plan, xy)
    if found is None and plan.version < county.plan.version:
        plan = county.plan
        found = _grid_at(plan, xy)
    links = tuple(chain(plan, people_of(county, at[:10]), found, county.meta.get("name", ""))) if found else ()
    people = [h.id for link in reversed(links) for h in link.holders if h.kind == "person" and h.id]
    return Chain(plan.version, at[:10], str(found or ""), links, people[0] if people else "")


def _grid_at(plan: Plan, xy: NDArray[np.float64]) -> str | None:
    found = locate(plan, xy).iloc[0] if np.isfinite(xy).all() else None
    return found if isinstance(found, str) else None


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _plan_then(county: County, at: str) -> Plan:
    plan, log = county.plan, county.log()
    try:
        version = version_on(log, at)
    except InputError:
        # The county was drawn later than this happened: its first plan is the nearest to that time.
        version = int(log["version"].min())
    return plan if version >= plan.version else county.plan_at(version)


def clock(county: County) -> str:
    """Return the moment that counts as now for what an illustrative county began with: it stands still on its own day."""
    own = county.meta.get("as_of", "") if county.illustrative else ""
    return f"{own} 23:59:59" if own else dt.datetime.now().isoformat(" ", "seconds")


def now_for(county: County, at: Any) -> str:
    """Return the moment that counts as now for an incident: what has happened since goes by the clock on the wall."""
    still = clock(county)
    return still if str(at or "") <= still else dt.datetime.now().isoformat(" ", "seconds")


def ledger(county: County, view: str = "open") -> pd.DataFrame:
    """Return incidents with where they stand: overdue ones first, those most overdue before all; then the newest.

    Parameters
    ----------
    county
        The county.
    view
        ``open``; ``overdue`` alone; ``unjudged``: residents' reports that wait for a verdict; ``closed``, those closed last.

    Returns
    -------
    pandas.DataFrame
        The columns of the table without geometry; `code` of the leaf grid now, `late` (past its limit and not closed).
    """
    if view not in VIEWS:
        raise InputError(
            f"没有清单“{view}”：可用的有 {'、'.join(VIEWS)}。",
            f"There is no list '{view}': there are {', '.join(VIEWS)}.",
        )
    closed = view == "closed"
    rows = _closed(county) if closed else pd.DataFrame(county.store.some("incidents", {"closed_at": None}, COLUMNS))
    rows = rows.reindex(columns=list(COLUMNS)).astype(object)
    rows = rows if closed else rows[(rows["status"] != "closed").to_numpy()].reset_index(drop=True)
    rows["due_at"] = _due(county, rows)
    still, wall = clock(county), dt.datetime.now().isoformat(" ", "seconds")
    at, due = rows["at"].fillna("").astype(str), rows["due_at"].fillna("").astype(str)
    rows["late"] = (due != "") & (due < pd.Series(np.where(at <= still, still, wall), dtype=object)) & (not closed)
    if view == "overdue":
        rows = rows[rows["late"]]
    if view == "unjudged":
        rows = rows[(rows["source"] == RESIDENT) & rows["valid"].isna()]
    order = "closed_at" if closed else "at"
    newest = rows.assign(pressing=due[rows.index].where(rows["late"], "")).sort_values(order, ascending=False, kind="stable")
    ordered = newest.sort_values(["late", "pressing"], ascending=[False, True], kind="stable").drop(columns="pressing")
    out = ordered.astype(object).where(ordered.notna(), None).reset_index(drop=True)
    out["valid"] = pd.Series([None if v is None else int(v) for v in out["valid"]], dtype=object)
    placed = out["x"].notna() & out["y"].notna()
    out["code"] = np.full(len(out), None, dtype=object)
    if placed.any():
        xy = out.loc[placed, ["x", "y"]].astype(float).to_numpy().reshape(-1, 2)
        out.loc[placed, "code"] = locate(county.plan, xy).to_numpy()
    return out


def _closed(county: County) -> pd.DataFrame:
    """Return those closed last; then, where there are fewer, those that came in closed without a time of it."""
    timed = pd.DataFrame(county.store.some("incidents", {"closed_at": ...}, COLUMNS, NEWEST, by="closed_at"))
    untimed = pd.DataFrame(county.store.some("incidents", {"status": "closed", "closed_at": None}, COLUMNS, NEWEST))
    both = [rows for rows in (timed, untimed) if len(rows)]
    return pd.concat(both, ignore_index=True).head(NEWEST) if both else timed


def _due(county: County, rows: pd.DataFrame) -> pd.Series[Any]:
    """Return by when each must be closed: as it is kept, else by its kind of matter."""
    lacking = rows["due_at"].isna()
    some = rows[lacking]
    hours = {c: county.scheme.hours_for(str(c)) for c in some["category"].dropna().unique()}
    spans = pd.to_timedelta(some["category"].map(hours).astype(float), unit="h")
    due = pd.to_datetime(some["at"], errors="coerce", format="ISO8601") + spans
    return rows["due_at"].where(~lacking, due.dt.strftime("%Y-%m-%d %H:%M:%S").reindex(rows.index))

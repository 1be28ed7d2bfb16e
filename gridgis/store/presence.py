"""Who is editing where: a courtesy among planners, of which no plan, version or hash knows.

The table is made by the first who has something to say in it; a row dies with its last sign of life.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Column, Connection, Float, MetaData, Table, Text, delete, insert, inspect, select, text

from gridgis.store.sql import SqlStore

KEPT_S = 60.0
"""Seconds for which a sign of life is believed."""

_CLOCK = {
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())",
}


class Present(NamedTuple):
    """Somebody at work: a name, and the code of the grid worked on."""

    who: str
    code: str


def _table() -> Table:
    return Table(
        "presence", MetaData(), Column("session", Text, primary_key=True), Column("who", Text, nullable=False),
        Column("code", Text, nullable=False), Column("at", Float(53), nullable=False),
    )  # fmt: skip


def _there(c: Connection, store: SqlStore) -> bool:
    # Another county of the same database must not be taken for this one.
    return inspect(c).has_table("presence", schema=getattr(store.backend, "schema", None))


def _now(c: Connection) -> float:
    """Return the time by the clock of the database, which all who use it share."""
    return float(c.execute(text(_CLOCK[c.dialect.name])).scalar_one())


def announce(store: SqlStore, session: str, present: Present) -> None:
    """Say, or say again, that somebody is editing a grid.

    Parameters
    ----------
    store
        The county's store.
    session
        What tells this planner's window from all others.
    present
        The name and the code.

    Raises
    ------
    StoreError
        The store cannot be written.
    """
    table = _table()
    with store._writing() as c:
        if not _there(c, store):
            table.create(c)
        now = _now(c)
        c.execute(delete(table).where((table.c.session == session) | (table.c.at < now - KEPT_S)))
        c.execute(insert(table).values(session=session, who=present.who, code=present.code, at=now))


def leave(store: SqlStore, session: str) -> None:
    """Take back what was announced.

    Raises
    ------
    StoreError
        The store cannot be written.
    """
    table = _table()
    with store._writing() as c:
        if _there(c, store):
            c.execute(delete(table).where(table.c.session == session))


def present(store: SqlStore, session: str = "") -> list[Present]:
    """Return who else is editing where, by name; what `session` itself announced is left out."""
    table = _table()
    with store._reading() as c:
        if not _there(c, store):
            return []
        fresh = (table.c.at >= _now(c) - KEPT_S) & (table.c.session != session)
        rows = c.execute(select(table.c.who, table.c.code).where(fresh).order_by(table.c.who, table.c.code)).all()
    return [Present(who, code) for who, code in rows]

"""The tables as SQLAlchemy Core objects, made from `gridgis.schema.TABLES`."""

from __future__ import annotations

from functools import cache

from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, Table, Text

from gridgis.schema import TABLES
from gridgis.store.draft_tables import add_draft_tables
from gridgis.store.geometry import GeometryColumn

BIG = BigInteger().with_variant(Integer, "sqlite")


@cache
def metadata(srid: int) -> MetaData:
    """Return all tables of a county in the CRS `srid`."""
    md = MetaData()
    types = {"text": Text, "real": Float}
    for name, columns in TABLES.items():
        made = [
            Column(c.name, GeometryColumn(srid) if c.kind == "geometry" else BIG if c.kind == "int" else types[c.kind])
            for c in columns
        ]
        Table(name, md, Column("fid", BIG, primary_key=True, autoincrement=True), *made)
    for name, key in (("cells", "id"), ("grids", "code")):
        table = md.tables[name]
        live = table.c.removed_in.is_(None)
        Index(f"ux_{name}_live", table.c[key], unique=True, sqlite_where=live, postgresql_where=live)
        Index(f"ix_{name}_added", table.c.added_in)
        Index(f"ix_{name}_removed", table.c.removed_in)
    # Incidents have no R-tree, which would double their cost; this lets an edit count those around it.
    Index("ix_incidents_place", md.tables["incidents"].c.x, md.tables["incidents"].c.y)
    md.tables["grids"].append_column(Column("extra", Text))
    Table(
        "edits", md,
        Column("version", BIG, primary_key=True, autoincrement=False), Column("kind", Text, nullable=False),
        Column("at", Text, nullable=False), Column("by", Text), Column("reason", Text), Column("command", Text),
        Column("created", Text), Column("voided", Text), Column("lineage", Text), Column("before", Text),
        Column("after", Text), Column("notes", Text), Column("undoes", BIG), Column("hash", Text, nullable=False),
    )  # fmt: skip
    Table("code_ledger", md, Column("code", Text, primary_key=True), Column("allotted_in", BIG, nullable=False))
    Table("meta", md, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))
    add_draft_tables(md)
    return md

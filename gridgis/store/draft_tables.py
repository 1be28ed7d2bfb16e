"""Tables of drafts, approvals and published versions; what is published can be neither changed nor deleted."""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, Column, Integer, MetaData, Table, Text, event

DRAFT_TABLES = ("branches", "branch_edits", "approvals", "publications")
"""Names of these tables."""

_BIG = BigInteger().with_variant(Integer, "sqlite")
_KEPT = ("branch_edits", "approvals", "publications")

_SQLITE = (
    "CREATE TRIGGER {table}_kept_{verb} BEFORE {verb} ON {table}"
    " BEGIN SELECT RAISE(ABORT, '{table}: rows are never changed'); END"
)
_POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION gridgis_kept() RETURNS trigger LANGUAGE plpgsql AS $$"
    " BEGIN RAISE EXCEPTION '%%: rows are never changed', TG_TABLE_NAME; END $$",
    "CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION gridgis_kept()",
)


def add_draft_tables(md: MetaData) -> None:
    """Add the tables of drafts and publishing to those of a county."""
    Table(
        "branches", md, Column("name", Text, primary_key=True), Column("base_version", _BIG, nullable=False),
        Column("base_hash", Text, nullable=False), Column("by", Text), Column("at", Text, nullable=False),
        Column("note", Text), Column("procedure", _BIG, nullable=False), Column("dropped_at", Text),
        Column("dropped_by", Text),
    )  # fmt: skip
    Table(
        "branch_edits", md, Column("branch", Text, primary_key=True),
        Column("number", _BIG, primary_key=True, autoincrement=False), Column("kind", Text, nullable=False),
        Column("at", Text, nullable=False), Column("by", Text), Column("reason", Text), Column("command", Text),
        Column("payload", Text, nullable=False), Column("undoes", _BIG), Column("hash", Text, nullable=False),
    )  # fmt: skip
    Table(
        "approvals", md, Column("fid", _BIG, primary_key=True, autoincrement=True),
        Column("branch", Text, nullable=False), Column("step", Text, nullable=False),
        Column("verdict", Text, nullable=False), Column("by", Text, nullable=False), Column("at", Text, nullable=False),
        Column("reason", Text), Column("hash", Text, nullable=False),
    )  # fmt: skip
    Table(
        "publications", md, Column("number", _BIG, primary_key=True, autoincrement=False),
        Column("version", _BIG, nullable=False), Column("at", Text, nullable=False),
        Column("in_force", Text, nullable=False), Column("reason", Text, nullable=False),
        Column("by", Text, nullable=False), Column("approved_by", Text, nullable=False),
        Column("hash", Text, nullable=False), Column("accepted", Text, nullable=False),
    )  # fmt: skip
    for name in _KEPT:
        _keep(md.tables[name])


def _keep(table: Table) -> None:
    """Let the database itself refuse to change or delete a row."""
    statements = [("sqlite", _SQLITE.format(table=table.name, verb=verb)) for verb in ("UPDATE", "DELETE")]
    statements += [("postgresql", text.replace("{table}", table.name)) for text in _POSTGRESQL]
    for dialect, text in statements:
        ddl = DDL(text).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]
        event.listen(table, "after_create", ddl)

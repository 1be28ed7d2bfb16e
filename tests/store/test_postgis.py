"""What is particular to a county in PostGIS: addresses, schemas, locks, permissions, a desktop GIS beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import shapely
from sqlalchemy import Engine, create_engine, make_url, text

import gridgis as gg
from gridgis.errors import StoreError
from gridgis.store import shown
from gridgis.store.building import require_free
from gridgis.verify import verify
from tests.drawn import EPSG, area, code_of, line
from tests.store.conftest import Shelf

ROOT = Path(__file__).resolve().parents[2]
A, B, C = (str(code_of(c)) for c in "ABC")
DRAWING = "AAB\nCCB"


@pytest.fixture
def shelf(database: str, tmp_path: Path) -> Shelf:
    return Shelf("postgis", tmp_path, database)


@pytest.fixture
def place(shelf: Shelf) -> str:
    return shelf.make(DRAWING)


@pytest.fixture
def admin(database: str) -> Iterator[Engine]:
    engine = create_engine(make_url(database).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    yield engine
    engine.dispose()


def cut(county: gg.County, column: float = 1.0) -> gg.Edit:
    return gg.split(county.plan, A, line((column, -1), (column, 3)))


def plain(error: StoreError) -> None:
    for words in (error.zh, error.en):
        assert words.endswith(("。", "."))
        assert "\n" not in words
        assert "sqlalchemy" not in words.lower()
        assert "psycopg" not in words.lower()


# -- addresses ---------------------------------------------------------------------------------------

SECRET = "s3cr3t%2Fword"
ADDRESSES = (
    f"postgresql://me:{SECRET}@127.0.0.1:1/county",
    f"postgresql://me:{SECRET}@127.0.0.1:port/county",
    f"postgresql://me@127.0.0.1:1/county?password={SECRET}",
    f"postgres://me:{SECRET}@127.0.0.1:1/county?schema=A",
    f"postgresql:/me:{SECRET}@127.0.0.1:1/county",
    f"postgresql://me:{SECRET}@127.0.0.1:1/county?nonsense=1",
)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("ask", [gg.open_county, require_free])
def test_a_password_is_never_shown(address: str, ask: object) -> None:
    with pytest.raises(StoreError) as caught:
        ask(address)  # type: ignore[operator]
    plain(caught.value)
    trail: BaseException | None = caught.value
    while trail is not None:
        assert "s3cr3t" not in f"{trail!r} {trail}"
        trail = trail.__cause__


def test_a_password_is_never_printed() -> None:
    for words in (["info", ADDRESSES[0]], ["copy", ADDRESSES[1], "a.gpkg"], ["demo", ADDRESSES[2]]):
        done = subprocess.run(
            [sys.executable, "-m", "gridgis", *words], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "s3cr3t" not in done.stdout + done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


def test_what_is_shown_of_an_address() -> None:
    assert (
        shown("postgresql://me:pw@host:5433/db?schema=dehua&sslmode=require")
        == "postgresql://me@host:5433/db?schema=dehua"
    )
    assert shown("postgres://me:pw@host/db?password=pw") == "postgresql://me@host/db"
    assert shown(Path("county.gpkg")) == "county.gpkg"


# -- one county in one schema ------------------------------------------------------------------------

pg = pytest.mark.postgis


@pg
def test_counties_in_two_schemas_are_apart(shelf: Shelf, place: str) -> None:
    other = shelf.make(DRAWING, name="other")
    with gg.open_county(place) as county, gg.open_county(other) as neighbour:
        county.apply(cut(county))
        assert (county.version, neighbour.version) == (2, 1)
        # The lock of one does not keep out the writers of the other.
        with county.store.alone():
            assert neighbour.apply(cut(neighbour)).version == 2


@pg
def test_an_empty_schema_is_not_taken_for_its_neighbour(shelf: Shelf, admin: Engine) -> None:
    with admin.connect() as c:
        c.execute(text("CREATE TABLE IF NOT EXISTS public.meta (key text, value text)"))
    try:
        with pytest.raises(StoreError, match="没有 GridGIS 县区") as caught:
            gg.open_county(shelf.place("nothing"))
        plain(caught.value)
        # And a county can be made there, whatever stands in public.
        shelf.make(DRAWING, name="nothing")
        with gg.open_county(shelf.place("nothing")) as county:
            assert verify(county) == []
    finally:
        with admin.connect() as c:
            c.execute(text("DROP TABLE public.meta"))


@pg
def test_a_table_of_somebody_else_is_left_alone(shelf: Shelf, admin: Engine) -> None:
    schema = f"{shelf.mark}_county"
    with admin.connect() as c:
        c.execute(text(f"CREATE SCHEMA {schema}"))
        c.execute(text(f"CREATE TABLE {schema}.roads (mine text)"))
    with pytest.raises(StoreError, match="roads"):
        shelf.make(DRAWING)
    with admin.connect() as c:
        tables = c.execute(text("SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(:s)"), {"s": schema})
        assert tables.scalars().all() == ["roads"]


@pg
def test_a_county_is_made_in_a_database(shelf: Shelf) -> None:
    outline = area((0, 0), (3, 0), (3, 2), (0, 2))
    gg.new_county(shelf.place(), "generic", "350526", outline, EPSG, "新县")
    with gg.open_county(shelf.place()) as county:
        assert county.meta["name"] == "新县"
        assert verify(county) == []


@pg
def test_a_newer_county_is_refused(place: str, shelf: Shelf, admin: Engine) -> None:
    with admin.connect() as c:
        c.execute(text(f"UPDATE {shelf.mark}_county.meta SET value = '99' WHERE key = 'schema_version'"))
    with pytest.raises(StoreError, match="升级") as caught:
        gg.open_county(place)
    plain(caught.value)


# -- a desktop GIS beside it -------------------------------------------------------------------------


@pg
@pytest.mark.usefixtures("place")
def test_layers_have_type_index_view_and_chinese_names(shelf: Shelf, admin: Engine) -> None:
    schema = {"s": f"{shelf.mark}_county"}
    with admin.connect() as c:
        kinds = c.execute(
            text("SELECT f_table_name, srid FROM geometry_columns WHERE f_table_schema = :s"), schema
        ).all()
        assert {"cells", "grids", "buildings", "roads", "cells_now", "grids_unit"} <= {name for name, _ in kinds}
        assert {srid for _, srid in kinds} == {EPSG}
        indexes = c.execute(text("SELECT indexdef FROM pg_indexes WHERE schemaname = :s"), schema).scalars().all()
        assert sum("USING gist (geometry)" in index for index in indexes) >= 6
        units = c.execute(text(f"SELECT code FROM {schema['s']}.grids_unit ORDER BY code")).scalars().all()
        assert units == [A, B, C]
        said = c.execute(text(f"SELECT col_description('{schema['s']}.cells'::regclass, 3)")).scalar()
        assert said == "统一编码"


@pg
def test_a_box_finds_the_cells_in_it(place: str) -> None:
    with gg.open_county(place) as county:
        found = county.table("cells", ("code",), bounds=(600_201, 2_819_801, 600_299, 2_819_899))
        assert found["code"].tolist() == [B]
        assert shapely.get_srid(county.plan.rows.geometry).tolist() == [0] * 6


# -- when the server says no -------------------------------------------------------------------------


@pg
def test_who_may_only_read_is_told_in_a_sentence(place: str, shelf: Shelf, admin: Engine) -> None:
    schema, role = f"{shelf.mark}_county", f"{shelf.mark}_viewer"
    with admin.connect() as c:
        c.execute(text(f"CREATE ROLE {role} LOGIN"))
        c.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO {role}"))
        c.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}"))
    with gg.open_county(place.replace("gridgis@", f"{role}@")) as county:
        assert len(county.plan.codes("unit")) == 3
        with pytest.raises(StoreError, match="permission denied") as caught:
            county.apply(cut(county))
        plain(caught.value)
        assert county.version == 1


@pg
def test_a_writer_who_falls_silent_does_not_keep_the_others_for_ever(place: str) -> None:
    with gg.open_county(place) as silent, gg.open_county(f"{place}&options=-c%20lock_timeout%3D200ms") as county:
        with silent.store.alone(), pytest.raises(StoreError, match="lock timeout") as caught:
            county.apply(cut(county))
        plain(caught.value)
        county.apply(cut(county))
        assert silent.version == 2


@pg
def test_a_broken_connection_loses_nothing(place: str, admin: Engine) -> None:
    gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gridgis'"
    with gg.open_county(place) as county:
        before = county.plan.hash

        def cut_off() -> None:
            with county.store.alone(), admin.connect() as c:
                c.execute(text(gone))
                county.apply(cut(county))

        with pytest.raises(StoreError) as caught:
            cut_off()
        plain(caught.value)
        # The connections are made again without a word.
        assert county.plan.hash == before
        with admin.connect() as c:
            c.execute(text(gone))
        county.apply(cut(county))
        assert verify(county) == []


# -- the server of these tests -----------------------------------------------------------------------


@pg
@pytest.mark.skipif("GRIDGIS_TEST_POSTGIS" in os.environ, reason="a server is named, none is started")
def test_a_server_ends_with_whoever_started_it() -> None:
    code = "import postgis, time\nwith postgis.server() as a:\n print(a, flush=True)\n time.sleep(99)"
    env = {**os.environ, "PYTHONPATH": str(ROOT / "tools")}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        home = Path(starter.stdout.readline().strip().split("host=")[1])
        assert home.is_dir()
        starter.kill()
    for _ in range(600):
        if not home.exists():
            return
        time.sleep(0.1)
    pytest.fail("the server was left behind")

"""Plant faults of every rule in a demo county and see whether the check finds them all, and nothing on the clean county.

    python benchmarks/plant_faults.py [--county county.gpkg] [--each 10] [--seed 1] [--group G] [--clean OTHER.gpkg]...

Faults that may stand together are planted in one copy; a fault counts as found when a finding of its rule bears its
code, lies on its place or names it. Two rules speak of the county as a whole and have one finding for all their faults.
The last lines are ``missed: N`` and ``reported on clean counties: N``; exit 1 unless both are 0.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import planting
import shapely
from planting import Planter, minutes_of_homes, today_less
from spade import Planted, Site

import gridgis as gg
from gridgis.checks import rule_list


def code_malformed(site: Site) -> list[Planted]:
    """Plant a letter in a code."""
    out = []
    for code in site.grids(site.unit):
        site.run("UPDATE grids SET code = ? WHERE code = ? AND removed_in IS NULL", code[:-1] + "X", code)
        out.append(Planted("code_malformed", code[:-1] + "X"))
    return out


def _entered(site: Site, rule: str, more: str = "NULL", *, code: str = "", first: int = 1) -> Planted:
    site.run(f"INSERT INTO grids (code, level, added_in, removed_in) VALUES (?, ?, {first}, {more})", code, site.scheme.level_key(code))
    return Planted(rule, code)


def code_duplicate(site: Site) -> list[Planted]:
    """Plant a second row of a living grid."""
    site.run("DROP INDEX IF EXISTS ux_grids_live")
    return [_entered(site, "code_duplicate", code=c) for c in site.grids(site.unit)]


def code_reused(site: Site) -> list[Planted]:
    """Plant a code that was voided once."""
    return [_entered(site, "code_reused", "-2", code=c, first=-3) for c in site.grids(site.unit)]


def _free(site: Site, parent: str) -> str:
    level = site.scheme.level(site.unit)
    used = [int(c[-level.digits :]) for c in site.plan.ledger if len(c) == len(parent) + level.digits and c.startswith(parent)]
    return f"{parent}{max(used) + 2:0{level.digits}d}"


def _parents(site: Site) -> list[str]:
    """Return parents of units in which nothing lies yet."""
    units = list(site.grids(site.unit, lambda c: int(c[-3:]) == 1))
    return [site.scheme.parent(c) or "" for c in units]


def number_gap(site: Site) -> list[Planted]:
    """Plant a number left out."""
    found = [(p, _entered(site, "", code=_free(site, p))) for p in _parents(site)]
    return [Planted("number_gap", p) for p, _ in found]


def grid_empty(site: Site) -> list[Planted]:
    """Plant a grid without ground."""
    return [_entered(site, "grid_empty", code=_free(site, p)) for p in _parents(site)]


def outline_orphan(site: Site) -> list[Planted]:
    """Plant an outline of a grid that does not exist."""
    level = site.scheme.levels[1].key
    codes = [f"{c[: site.scheme.widths[1]]}9{k:02d}" for k, c in enumerate(site.grids(site.unit))]
    for code in codes:
        site.run("INSERT INTO boundaries (code, level, name, geometry) VALUES (?, ?, '无', ?)", code, level, site.plan.outline.centroid.buffer(50))
    return [Planted("outline_orphan", c) for c in codes]


def name_duplicate(site: Site) -> list[Planted]:
    """Plant a name borne by a sibling."""
    out = []
    for code in site.grids(site.unit, lambda c: len(site.plan.children(site.scheme.parent(c) or "")) > 1):
        siblings = site.plan.children(site.scheme.parent(code) or "")
        other = next(c for c in siblings if c != code and site.plan.grids[c].level == site.unit)
        site.run("UPDATE grids SET name = ? WHERE code = ? AND removed_in IS NULL", site.plan.grids[other].name, code)
        out.append(Planted("name_duplicate", max(code, other)))
    return out


def _figures(site: Site, code: str, sql: str) -> None:
    site.db.execute(f"UPDATE cells SET {sql} WHERE code LIKE ? AND removed_in IS NULL", (f"{code}%",))


def size_band(site: Site) -> list[Planted]:
    """Plant a grid with far too many people."""
    codes = list(site.grids(site.unit, site.built_up))
    for code in codes:
        _figures(site, code, "households = 2000, persons = 6000")
    return [Planted("size_band", c) for c in codes]


def grid_unpeopled(site: Site) -> list[Planted]:
    """Plant a grid without a house."""
    codes = list(site.grids(site.unit, site.built_up))
    for code in codes:
        _figures(site, code, "households = 0, persons = 0, buildings = 0")
    return [Planted("grid_unpeopled", c) for c in codes]


def _vacant(site: Site, rule: str, role: str) -> list[Planted]:
    level = next(r.level for r in site.scheme.roles if r.key == role) or site.unit
    codes = list(site.grids(level))
    for code in codes:
        site.run("DELETE FROM postings WHERE code = ? AND role = ?", code, role)
        site.run("UPDATE organisations SET code = NULL WHERE code = ? AND kind = ?", code, role)
    return [Planted(rule, c) for c in codes]


def role_vacant(site: Site) -> list[Planted]:
    """Plant a grid without its head."""
    return _vacant(site, "role_vacant", "unit_head")


def building_head_missing(site: Site) -> list[Planted]:
    """Plant a grid without its building head."""
    return _vacant(site, "building_head_missing", "building_head")


def party_group_missing(site: Site) -> list[Planted]:
    """Plant a grid without its party group."""
    return _vacant(site, "party_group_missing", "party_group")


def register_empty(site: Site) -> list[Planted]:
    """Plant nobody posted at all: one finding for each required role."""
    site.run("DELETE FROM postings")
    site.run("UPDATE organisations SET code = NULL")
    roles = [r for r in site.scheme.roles if r.required]
    return [Planted("register_empty", word=r.zh) for r in roles]


def _posting(site: Site, rule: str, key: str, code: str, staff: str) -> Planted:
    site.run("INSERT INTO postings (id, role, code, staff, since) VALUES (?, 'unit_head', ?, ?, '2026-01-01')", key, code, staff)
    return Planted(rule, word=key)


def role_overload(site: Site) -> list[Planted]:
    """Plant a posting entered twice."""
    codes = list(site.grids(site.unit))
    for k, code in enumerate(codes):
        site.run(
            "INSERT INTO postings (id, role, code, staff, since) SELECT ?, role, code, staff, since FROM postings"
            " WHERE code = ? AND role = 'unit_head' LIMIT 1", f"twice{k}", code
        )  # fmt: skip
    return [Planted("role_overload", c) for c in codes]


def posting_void(site: Site) -> list[Planted]:
    """Plant a posting for a grid that is no more."""
    staff = site.db.execute("SELECT id FROM staff LIMIT 1").fetchone()[0]
    return [_posting(site, "posting_void", f"void{k}", f"{c[:-3]}98{k % 10}", staff) for k, c in enumerate(site.grids(site.unit))]


def posting_unknown(site: Site) -> list[Planted]:
    """Plant a posting of somebody whom no register has."""
    return [_posting(site, "posting_unknown", f"odd{k}", c, f"nobody{k}") for k, c in enumerate(site.grids(site.unit))]


def phone_malformed(site: Site) -> list[Planted]:
    """Plant a number that nobody can call."""
    ids = [i for (i,) in site.db.execute("SELECT id FROM staff ORDER BY id").fetchall()]
    some = site.rng.sample(ids, site.each)
    for i in some:
        site.run("UPDATE staff SET phone = '1990' WHERE id = ?", i)
    return [Planted("phone_malformed", word=f"（{i}）") for i in some]


def _scheme(site: Site, old: str, new: str) -> None:
    site.run("UPDATE meta SET value = replace(value, ?, ?) WHERE key = 'scheme_toml'", old, new)


def visit_overdue(site: Site) -> list[Planted]:
    """Plant every head has visited but those of some grids."""
    role = 'key = "unit_head", zh = "单元网格长", en = "head of the unit grid", level = "unit"'
    _scheme(site, role, role + ", visit_days = 30")
    late = list(site.grids(site.unit))
    rows = site.db.execute("SELECT staff, code FROM postings WHERE role = 'unit_head'").fetchall()
    visits = [(f"v{k}", s, c, today_less(site, 60 if c in late else 3)) for k, (s, c) in enumerate(rows)]
    site.db.executemany("INSERT INTO visits (id, staff, code, at) VALUES (?, ?, ?, ?)", visits)
    return [Planted("visit_overdue", c) for c in late]


def service_far(site: Site) -> list[Planted]:
    """Plant a grid far from any station that counts as built up."""
    line = 'services = [{ level = "unit", place = "station", minutes = 30, zone = "built_up" }]\n'
    # In place of the services that the scheme has, which are not checked.
    (text,) = site.db.execute("SELECT value FROM meta WHERE key = 'scheme_toml'").fetchone()
    site.run("UPDATE meta SET value = ? WHERE key = 'scheme_toml'", line + re.sub(r"(?ms)^services = \[.*?^\]$", "", text))
    late = minutes_of_homes(site) > 30
    owner = site.plan.owners(site.homes[["x", "y"]].to_numpy(dtype=float))
    codes = {str(site.plan.rows.code[k])[: site.scheme.width(site.unit)] for k in owner[late & (owner >= 0)]}
    far = list(site.grids(site.unit, lambda c: c in codes and not site.built_up(c)))
    for code in far:
        site.run("UPDATE grids SET zone = 'built_up' WHERE code = ? AND removed_in IS NULL", code)
    return [Planted("service_far", c) for c in far]


def patrols(site: Site) -> list[Planted]:
    """Plant one long patrol on all roads: some grids it never enters, in others it walks no road."""
    if not site.scheme.patrols:
        site.run("UPDATE meta SET value = 'patrols = [{ level = \"unit\", days = 7 }]\n' || value WHERE key = 'scheme_toml'")
    roads = np.asarray(site.county_tables["roads"].geometry.values, dtype=object)
    tree, plan = shapely.STRtree(roads), site.plan

    def many_roads(code: str) -> bool:
        shape = plan.grid_geometry(code)
        return bool(shapely.length(shapely.intersection(roads[tree.query(shape)], shape)).sum() > 800)

    missed, thin = list(site.grids(site.unit)), list(site.grids(site.unit, many_roads))
    away = shapely.union_all([plan.grid_geometry(c).buffer(25) for c in (*missed, *thin)])
    lines = list(shapely.get_parts(shapely.difference(roads, away)))
    for code in plan.codes(site.unit):
        if code not in missed:
            # Everybody else is at least looked in on.
            p = shapely.point_on_surface(plan.grid_geometry(code))
            lines.append(shapely.LineString([(p.x, p.y), (p.x + 0.5, p.y)]))
    whole = shapely.multilinestrings([g for g in lines if g.geom_type == "LineString" and g.length > 0])
    site.run("INSERT INTO tracks (id, since, until, geometry) VALUES ('t1', ?, ?, ?)", site.today, site.today, whole)
    return [Planted("patrol_missed", c) for c in missed] + [Planted("road_unwalked", c) for c in thin]


def exception_expired(site: Site) -> list[Planted]:
    """Plant an exception whose last day is over."""
    for k, code in enumerate(site.grids(site.unit)):
        site.run("INSERT INTO exceptions (id, rule, code, reason, until) VALUES (?, 'hole', ?, '飞地', '2020-01-01')", f"X9{k:02d}", code)
    return [Planted("exception_expired", word=f"“X9{k:02d}”") for k in range(site.each)]


def population_stale(site: Site) -> list[Planted]:
    """Plant buildings counted long ago: one finding that says how many."""
    ids = site.rng.sample(site.homes["id"].tolist(), site.each)
    for i in ids:
        site.run("UPDATE buildings SET as_of = '2001-01-01' WHERE id = ?", i)
    return [Planted("population_stale", word=f"{site.each} 栋")] * site.each


GROUPS: dict[str, tuple[Planter, ...]] = {
    "ground": (
        planting.gap, planting.overlap, planting.invalid, planting.element_two, planting.unmatched_edge, planting.near_miss,
        planting.spike,
    ),
    "assignment": (
        planting.outside_parent, planting.multi_part, planting.parent_unfilled, planting.unassigned, planting.road_unowned,
        planting.place_uncovered, planting.code_orphan, planting.sliver, planting.hole,
    ),
    "registers": (
        code_malformed, code_duplicate, code_reused, number_gap, grid_empty, outline_orphan, name_duplicate, size_band,
        grid_unpeopled, planting.element_none, planting.building_cut, planting.compound_cut, exception_expired, population_stale,
    ),
    "people": (
        role_vacant, building_head_missing, party_group_missing, role_overload, posting_void, posting_unknown, phone_malformed,
        visit_overdue, service_far, patrols,
    ),
    "emptied": (register_empty, planting.block_cut),
}  # fmt: skip


def planted(county: Path, group: str, each: int, seed: int) -> tuple[list[Planted], list[Planted]]:
    """Plant the faults of a group in a copy of a county; return them, and those that the check misses."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copyfile(county, Path(folder) / "county.gpkg"))
        site = Site(path, random.Random(seed), each)
        faults = [fault for plant in GROUPS[group] for fault in plant(site)]
        site.done()
        with gg.open_county(path) as opened:
            findings = gg.check(opened, sorted({f.rule for f in faults}))
    return faults, [f for f in faults if not f.found_in(findings)]


def main() -> int:
    """Print faults planted and found by rule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--county", type=Path, default=Path("county.gpkg"))
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--group", action="append", choices=list(GROUPS))
    parser.add_argument("--clean", type=Path, action="append", default=[], help="a further county that must be clean")
    given = parser.parse_args()
    done: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for group in given.group or GROUPS:
        faults, missed = planted(given.county, group, given.each, given.seed)
        print(f"{group}: {len(faults)} planted, {len(missed)} missed", flush=True)
        done.update(f.rule for f in faults)
        lost.update(f.rule for f in missed)
        for fault in missed:
            print(f"missed: {fault.rule} {fault.code} {fault.word}")
    print(f"{'rule':24}{'planted':>8}{'found':>8}")
    for rule, n in sorted(done.items()):
        print(f"{rule:24}{n:8}{n - lost[rule]:8}")
    if not given.group:
        untouched = {r["rule"] for r in rule_list()} - set(done)
        print(f"rules: {len(done)} of {len(rule_list())}{f', without a fault: {sorted(untouched)}' if untouched else ''}")
        lost.update(untouched)
    reported = 0
    for path in [given.county, *given.clean]:
        with gg.open_county(path) as county:
            found = len(gg.check(county))
            print(f"clean {county.meta['name']} ({county.scheme.name}): {found} reported")
            reported += found
    print(f"planted: {sum(done.values())}\nmissed: {sum(lost.values())}\nreported on clean counties: {reported}")
    return int(bool(sum(lost.values()) or reported))


if __name__ == "__main__":
    sys.exit(main())

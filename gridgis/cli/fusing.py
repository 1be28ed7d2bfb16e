"""The command that brings several departments' nets into one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gridgis.cli.common import County, Json, Lang, dump, say, table
from gridgis.county import open_county
from gridgis.fusion import read_net, write_fusion
from gridgis.propose.fusing import Fusion, fuse
from gridgis.propose.proposing import level_of

_SHOWN = 10


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("fuse")(fuse_)


def fuse_(
    county: County,
    nets: Annotated[list[str], typer.Argument(metavar="NET NET…",
        help="面文件（可写 名称=文件）、县区内已存的网名，或本方案的层级 / a file (or NAME=FILE), a net kept in the county, or a level of the plan")],
    out: Annotated[Path, typer.Option("--out", metavar="F.gpkg", help="结果 / the outcome")],
    level: Annotated[str, typer.Option("--level", help="共同网的层级，默认有规模要求的一级 / level of the common net")] = "",
    code_field: Annotated[str, typer.Option("--code-field", help="编码列，默认自动识别 / column of codes")] = "",
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """多张网融合为一张：对应关系、分歧、共同网 / Several nets into one: crosswalk, conflicts, a common net."""
    with open_county(county) as c:
        found = fuse(c.plan, [read_net(c, n, code_field) for n in nets], level_of(c.plan, level))
        write_fusion(found, out)
    agreement = found.agreement.to_dict("records")
    there = found.conflicts
    if json:
        dump({"out": str(out), "level": found.level, "grids": len(found.common), "households": int(found.common["households"].sum()),
              "agreement": agreement, "conflicts": len(there), "households_in_conflict": int(there["households"].sum()),
              "area_in_conflict_m2": float(there["area_m2"].sum()), "old_grids": len(found.went)})  # fmt: skip
    else:
        _tell(found, out, lang)


def _tell(found: Fusion, out: Path, lang: str) -> None:
    at = lang == "en"
    rows = [[r.net_a, r.net_b, r.households, f"{r.people_agree:.1%}", f"{r.boundary_agree:.1%}"] for r in found.agreement.itertuples()]
    table(rows, ["net", "net", "households", "people agreed", "boundary in common"] if at else ["网", "网", "户数", "住户一致", "界线一致"])
    there = found.conflicts.sort_values("households", ascending=False)
    say(
        lang,
        f"共同网 {len(found.common)} 个网格、{int(found.common['households'].sum()):,} 户；分歧 {len(there)} 处，"
        f"涉及 {int(there['households'].sum()):,} 户 {int(there['persons'].sum()):,} 人。",
        f"Common net: {len(found.common)} grids, {int(found.common['households'].sum()):,} households; {len(there)} places in "
        f"conflict with {int(there['households'].sum()):,} households, {int(there['persons'].sum()):,} persons.",
    )
    for r in there.head(_SHOWN).itertuples():
        say(lang, f"  {r.code}：{r.nets} 不同（{r.says}），{r.households} 户", f"  {r.code}: {r.nets} differs ({r.says}), {r.households} households")
    say(
        lang,
        f"已写入 {out}：common（共同网）、conflicts（分歧）、old_grids（原网格去向）、crosswalk、between、agreement；"
        f"采用：gridgis adopt COUNTY {out} --layer common",
        f"Wrote {out}: common, conflicts, old_grids (where each went), crosswalk, between, agreement. To adopt: "
        f"gridgis adopt COUNTY {out} --layer common",
    )

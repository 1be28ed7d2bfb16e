"""The command that merges many small grids into few, by property form."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gridgis.cli.common import County, Json, Lang, dump, say, table
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.fusion import read_net
from gridgis.planning import read_polygons, write_layers
from gridgis.propose.merging import Regrouping, Target, forms_of, own_forms, regroup
from gridgis.scheme import Scheme


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("regroup")(regroup_)


def regroup_(
    county: County,
    net: Annotated[str, typer.Argument(metavar="NET", help="旧网格：文件或县区内的网名 / the old grids: a file, or a net of the county")],
    target: Annotated[int, typer.Option("--target", metavar="N", help="合并成大约几个 / about how many")],
    out: Annotated[Path, typer.Option("--out", metavar="F.gpkg", help="结果 / the outcome")],
    forms: Annotated[Path | None, typer.Option("--forms", metavar="FILE",
        help="物业形态地块；默认用现有网格的形态 / parcels with their form, by default the categories of the plan")] = None,
    form_field: Annotated[str, typer.Option("--form-field", help="形态列 / column of forms")] = "form",
    within: Annotated[str, typer.Option("--within", metavar="CODE", help="只在该网格内 / only in this grid")] = "",
    seed: Annotated[int, typer.Option("--seed", help="同一种子得到同样的结果 / same seed, same answer")] = 1,
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """按物业形态、规模把小网格合并 / Merge small grids by property form and size."""
    with open_county(county) as c:
        old = read_net(c, net)
        level = c.scheme.levels[-1].key
        if forms is None:
            parcels, kinds = own_forms(c.plan)
        else:
            parcels, frame = read_polygons(c, forms, None)
            if form_field not in frame.columns:
                raise InputError(
                    f"“{forms}”没有列“{form_field}”：请用 --form-field 指定形态列。",
                    f"'{forms}' has no column '{form_field}': name the column of forms with --form-field.",
                )
            kinds = np.array([str(v) for v in frame[form_field]], dtype=object)
        given = forms_of(c.plan, old, parcels, kinds)
        found = regroup(c.plan, c.table, old, given, Target(target, level, within, seed))
        write_layers([("grids", found.grids), ("old_grids", found.went)], out)
        scheme = c.scheme
    if json:
        dump({"out": str(out), "old": len(found.went), "grids": len(found.grids), "categories": dict(Counter(found.grids["category"])),
              "classes": dict(Counter(found.grids["class"])), "households": int(found.grids["households"].sum()),
              "old_in_one": int((found.went["pieces"] == 1).sum())})  # fmt: skip
    else:
        _tell(found, scheme, out, lang)


def _tell(found: Regrouping, scheme: Scheme, out: Path, lang: str) -> None:
    at = lang == "en"
    g = found.grids
    rows = [
        [c.en if at else c.zh, int((g["category"] == c.key).sum()), int(g.loc[g["category"] == c.key, "households"].sum()),
         *[int(((g["category"] == c.key) & (g["class"] == k.key)).sum()) for k in scheme.classes]]
        for c in scheme.categories
    ]  # fmt: skip
    head = ["form", "grids", "households"] if at else ["形态", "网格", "户数"]
    table(rows, [*head, *[k.en if at else k.zh for k in scheme.classes]])
    one = int((found.went["pieces"] == 1).sum())
    say(
        lang,
        f"{len(found.went):,} 个旧网格并成 {len(g)} 个，{int(g['households'].sum()):,} 户；"
        f"{one:,} 个旧网格整个进入一个新网格，其余跨社区，去向见 old_grids。",
        f"{len(found.went):,} old grids made {len(g)}, {int(g['households'].sum()):,} households; {one:,} old grids went whole "
        "into one; the others cross communities, see old_grids.",
    )
    say(lang, f"已写入 {out}；采用：gridgis adopt COUNTY {out} --layer grids --level {found.level}",
        f"Wrote {out}. To adopt: gridgis adopt COUNTY {out} --layer grids --level {found.level}")  # fmt: skip

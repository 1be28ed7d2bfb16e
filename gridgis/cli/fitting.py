"""The command that brings grids into the band with little change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from gridgis.cli.common import Branch, By, County, Json, Lang, Progress, Reason, dump, opened, say
from gridgis.cli.edit import show
from gridgis.cli.proposing import band_of
from gridgis.county import County as OpenCounty
from gridgis.errors import InputError
from gridgis.propose.fitting import Option, fit_area, options_for
from gridgis.propose.proposing import level_of


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(fit)


def fit(
    county: County,
    code: Annotated[str, typer.Argument(metavar="CODE", help="超出范围的网格；或上级网格、分区 / the grid, or one above, or a zone")],
    households: Annotated[str, typer.Option("--households", metavar="LOW:HIGH", help="户数范围，默认按体系 / band, by default the scheme's")] = "",
    take: Annotated[int, typer.Option("--take", metavar="N", help="采用第几个办法 / carry out this option")] = 0,
    apply: Annotated[bool, typer.Option("--apply", help="整片调整时保存 / save, for a whole area")] = False,
    level: Annotated[str, typer.Option("--level", help="层级，默认有规模要求的一级 / level, by default the one with a band")] = "",
    seed: Annotated[int, typer.Option("--seed", help="同一种子得到同样的结果 / same seed, same answer")] = 1,
    branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """以最少变动使网格达到规模要求 / Bring grids into the band with the fewest households moved."""
    asked = _Asked(band_of(households), seed, (by, reason), json, lang)
    with opened(county, branch) as c:
        key = level_of(c.plan, level)
        if len(code) == c.scheme.width(key) and code in c.plan.grids:
            _one(c, code, take, asked)
        else:
            _area(c, (code, key), asked, apply=apply)


@dataclass(frozen=True)
class _Asked:
    """What holds for one grid and for an area."""

    band: tuple[int, int] | None
    seed: int
    who: tuple[str, str]
    json: bool
    lang: str


def _one(c: OpenCounty, code: str, take: int, asked: _Asked) -> None:
    band, seed, who, json, lang = asked.band, asked.seed, asked.who, asked.json, asked.lang
    options = options_for(c.plan, c.table, code, band, seed)
    if not 0 <= take <= len(options):
        raise InputError(f"没有第 {take} 个办法：共 {len(options)} 个。", f"There is no option {take}: there are {len(options)}.")
    if take:
        show(c.apply(options[take - 1].edit, by=who[0], reason=who[1]), json=json, lang=lang)
    elif json:
        dump({"code": code, "options": [o.row() for o in options]})
    else:
        for n, option in enumerate(options, 1):
            _tell(n, option, lang)
        say(lang, "尚未改动；加 --take N 采用其一。", "Nothing is changed; add --take N to carry one out.")


def _tell(n: int, o: Option, lang: str) -> None:
    say(lang, f"办法 {n}：{o.zh}", f"Option {n}: {o.en}")
    for to, ids in o.cells.items():
        some = ", ".join(map(str, ids))
        say(lang, f"  基元 {some} → {to.replace('new', '新网格')}", f"  cells {some} -> {to.replace('new', 'a new grid')}")
    for code in dict.fromkeys([*o.before, *o.after]):
        before, after = o.before.get(code), o.after.get(code)
        name = code if code != "new" else ("新网格" if lang == "zh" else "new grid")
        none = "无" if lang == "zh" else "none"
        say(lang, f"  {name}：{none if before is None else before} → {none if after is None else after} 户",
            f"  {name}: {none if before is None else before} -> {none if after is None else after} households")  # fmt: skip


def _area(c: OpenCounty, ground: tuple[str, str], asked: _Asked, *, apply: bool) -> None:
    bar, who, json, lang = Progress(), asked.who, asked.json, asked.lang
    done = fit_area(c.plan, c.table, ground, band=asked.band, seed=asked.seed, tell=bar)
    edit = c.apply(done.edit, by=who[0], reason=who[1]) if apply and done.edit is not None else done.edit
    bar.end()
    if json:
        dump({"moved": done.moved, "out_before": done.out_before, "out_after": done.out_after, "grids": done.grids,
              "applied": bool(apply and edit is not None), "created": edit.created if edit else (),
              "voided": edit.voided if edit else (), "version": edit.version if edit else None})  # fmt: skip
        return
    say(
        lang,
        f"超出范围的网格 {done.out_before} → {done.out_after}；换网格的户 {done.moved:,}；调整后 {done.grids} 个网格。",
        f"Grids out of band {done.out_before} -> {done.out_after}; {done.moved:,} households change grid; {done.grids} grids "
        "afterwards.",
    )
    if edit is not None and apply:
        show(edit, json=False, lang=lang)
    elif edit is not None:
        say(lang, "尚未改动；加 --apply 保存。", "Nothing is changed; add --apply to save.")

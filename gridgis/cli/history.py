"""Commands on what was: diff, lineage, crosswalk, audit."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from gridgis.branches import open_branch
from gridgis.cli.common import Branch, County, Json, Lang, Progress, dump, say, table, write_csv
from gridgis.county import County as OpenCounty
from gridgis.county import open_county
from gridgis.crosswalk import WEIGHTS, carried, crosswalk, moves, totals
from gridgis.diff import differences
from gridgis.errors import InputError
from gridgis.history import version_on
from gridgis.lineage import ancestry, descent, successors

Version = Annotated[str, typer.Argument(metavar="V1", help="版本号或日期 / version or date")]
Later = Annotated[str, typer.Argument(metavar="V2", help="版本号或日期 / version or date")]
_CHANGES = {"added": "新增", "removed": "停用", "reshaped": "范围变化", "changed": "属性变化"}


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command()(diff)
    app.command()(lineage)
    app.command("crosswalk")(crosswalk_)
    app.command()(audit)


def version_of(county: OpenCounty, text: str) -> int:
    """Return the version that a number or a date names."""
    word = text.strip()
    if word.isascii() and word.isdigit() and len(word) <= 6:
        return int(word)
    if "-" in word:
        return version_on(county.log(), word)
    raise InputError(
        f"“{text}”不是版本号或日期：请给出整数（见 gridgis log）或 2026-11-22 这样的日期。",
        f"'{text}' is neither a version nor a date: give a whole number (see gridgis log) or a date such as 2026-11-22.",
    )


def diff(
    county: Annotated[str, typer.Argument(metavar="COUNTY|A")],
    first: Annotated[str, typer.Argument(metavar="V1|B", help="版本号、日期或另一县区 / version, date or other county")],
    second: Annotated[str | None, typer.Argument(metavar="[V2]")] = None,
    moved: Annotated[str | None, typer.Option("--moves", metavar="LEVEL", help="该层级各网格之间的划转 / what moved between grids")
    ] = None,
    branch: Branch = None, json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """两个版本或两个县区文件的差异 / What differs between two versions or two counties."""
    if branch is not None:
        with open_county(county) as c:
            plans = (c.plan_at(version_of(c, first)), open_branch(c, branch).plan)
    elif second is None:
        with open_county(county) as a, open_county(first) as b:
            plans = (a.plan, b.plan)
    else:
        with open_county(county) as c:
            plans = (c.plan_at(version_of(c, first)), c.plan_at(version_of(c, second)))
    if moved is not None:
        _show_moves(moves(*plans, moved), json=json, lang=lang)
        return
    rows = differences(*plans)
    if json:
        dump([r.row() for r in rows])
        return
    if not rows:
        say(lang, "没有差异。", "No difference.")
        return
    english = ["code", "change", "moved m2", "households", "persons"]
    head = ["编码", "变化", "移动 m²", "户数", "人口"] if lang == "zh" else english
    table([[r.code, _CHANGES[r.change] if lang == "zh" else r.change, r.moved_m2, _arrow(r, "households"),
            _arrow(r, "persons")] for r in rows], head)  # fmt: skip
    counts = Counter(r.change for r in rows)
    typer.echo(" · ".join(f"{_CHANGES[k] if lang == 'zh' else k} {n}" for k, n in counts.items()))


def _arrow(row: Any, key: str) -> str:
    sides = [str(int(s[key])) if s else "–" for s in (row.before, row.after)]
    return sides[0] if sides[0] == sides[1] else " → ".join(sides)


def _show_moves(rows: pd.DataFrame, *, json: bool, lang: str) -> None:
    if json:
        dump(rows.to_dict("records"))
        return
    if not len(rows):
        say(lang, "没有住户、建筑或面积换网格。", "No household, building or ground changed grid.")
        return
    english = ["from", "to", "households", "persons", "buildings", "m2"]
    head = ["原网格", "现网格", "户数", "人口", "建筑", "面积 m²"] if lang == "zh" else english
    table([[_named(v) for v in row] for row in rows.to_numpy().tolist()], head)
    sums = totals(rows)
    say(
        lang,
        f"合计换网格 {sums['households']:.0f} 户 {sums['persons']:.0f} 人 {sums['buildings']:.0f} 栋；各网格增减合计为 0。",
        f"{sums['households']:.0f} households, {sums['persons']:.0f} persons, {sums['buildings']:.0f} buildings changed grid; "
        "gains and losses of all grids add up to 0.",
    )


def _named(value: Any) -> Any:
    return "–" if value is None else round(value, 2) if isinstance(value, float) else value


def lineage(
    county: County,
    code: Annotated[str, typer.Argument(metavar="CODE", help="网格编码，现行或已停用 / a code, living or void")],
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """一个编码的来历与去向 / Where a code comes from and what became of it."""
    with open_county(county) as c:
        text = c.scheme.parse_grid(code)
        if text not in c.store.ledger():
            raise InputError(f"编码“{text}”从未分配过：请核对编码。", f"Code '{text}' was never allotted: check it.")
        steps, log = c.store.lineages(), c.log().set_index("version")
        living = text in c.plan.grids
        born = min((v for v, made in zip(c.log()["version"], log["created"], strict=True) if text in made), default=1)
        past, future = _told(ancestry(steps, text), log), _told(descent(steps, text, born - 1), log)
        heirs = [s for s in successors(steps, text, born - 1) if s in c.plan.grids]
        level = c.scheme.level_key(text)
    if json:
        dump({"code": text, "level": level, "living": living, "ancestry": past, "descent": future, "successors": heirs})
        return
    state = ("现行", "living") if living else ("已停用", "void")
    say(lang, f"编码 {text}：{state[0]}。", f"Code {text}: {state[1]}.")
    head = (
        ["版本", "时间", "类型", "原编码", "现编码", "原因"]
        if lang == "zh"
        else ["version", "at", "kind", "from", "to", "reason"]
    )
    rows = {(r["version"], r["before"], r["after"]): r for r in (*past, *future)}
    if rows:
        table([[str(r["version"]), r["at"][:19].replace("T", " "), r["kind"], r["before"], r["after"], r["reason"]]
               for _, r in sorted(rows.items())], head)  # fmt: skip
    if heirs != [text]:
        say(
            lang,
            f"现由 {'、'.join(heirs) or '无'} 承接。",
            f"Held today by {', '.join(heirs) or 'none'}.",
        )


def _told(steps: list[tuple[int, str, str]], log: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {"version": v, "at": str(log.loc[v, "at"]), "kind": str(log.loc[v, "kind"]), "by": str(log.loc[v, "by"] or ""),
         "reason": str(log.loc[v, "reason"] or ""), "before": a, "after": b}
        for v, a, b in steps
    ]  # fmt: skip


def crosswalk_(
    county: County, first: Version, second: Later,
    level: Annotated[str, typer.Option("--level", help="层级 / level")],
    weight: Annotated[str, typer.Option("--weight", help="households | persons | buildings | area_m2")] = "households",
    carry: Annotated[Path | None, typer.Option("--carry", metavar="OLD.csv", help="旧网格统计表，按权重换算到新网格 / old figures to carry over")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="写成 CSV / write CSV")] = None,
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """两个版本网格的对应关系，可把旧统计换算到新网格 / How grids of two versions correspond, weighted."""
    if weight not in WEIGHTS:
        raise InputError(
            f"没有权重“{weight}”：请用 {'、'.join(WEIGHTS)}。",
            f"There is no weight '{weight}': use {', '.join(WEIGHTS)}.",
        )
    with open_county(county) as c:
        # Plans read what they need when they need it: the county stays open meanwhile.
        rows = crosswalk(c.plan_at(version_of(c, first)), c.plan_at(version_of(c, second)), level)
    shown = ["before", "after", *WEIGHTS, f"share_before_{weight}", f"share_after_{weight}"]
    frame = rows[shown] if carry is None else carried(rows, _old_figures(carry), weight).reset_index()
    if out is not None:
        write_csv(frame, out)
        say(lang, f"已写出 {len(frame)} 行：{out}", f"Wrote {len(frame)} rows: {out}")
    elif json:
        dump(frame.astype(object).where(frame.notna(), None).to_dict("records"))
    else:
        table([[_named(v) for v in row] for row in frame.to_numpy().tolist()], [str(c) for c in frame.columns])


def _old_figures(path: Path) -> pd.DataFrame:
    """Read figures per old grid: a column `code`, every numeric column is carried over."""
    try:
        frame = pd.read_csv(path, dtype={"code": str}, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(f"无法读取“{path}”：{error}。", f"'{path}' cannot be read: {error}.") from error
    if "code" not in frame.columns:
        raise InputError(
            f"“{path}”没有 code 列：请把网格编码放在名为 code 的列。",
            f"'{path}' has no column 'code' with the codes of the grids.",
        )
    if frame["code"].duplicated().any():
        twice = frame.loc[frame["code"].duplicated(), "code"].iloc[0]
        raise InputError(
            f"“{path}”中编码“{twice}”出现多次：请先合并。", f"Code '{twice}' stands twice in '{path}': join the rows."
        )
    numbers = frame.set_index("code").select_dtypes("number")
    return numbers.astype(float)


def audit(
    county: County,
    out: Annotated[Path, typer.Option("--out", metavar="F.xlsx", help="审计表 / the workbook to write")],
    lang: Lang = "zh",
) -> None:
    """把全部变更及其去向写成审计表 XLSX / Write all edits and what each moved as a workbook."""
    from gridgis.audit import write_audit

    if out.suffix.lower() != ".xlsx":
        raise InputError(
            f"审计表为 XLSX：请把“{out.name}”改为以 .xlsx 结尾。",
            f"The account is XLSX: let '{out.name}' end in .xlsx.",
        )
    bar = Progress()
    with open_county(county) as c:
        edits, moved = write_audit(c, out, bar)
    bar.end()
    say(lang, f"已写出 {edits} 个变更、{moved} 条去向：{out}", f"Wrote {edits} edits and {moved} moves: {out}")

"""The command that resolves findings: fix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from gridgis.checks.fixing import FIXES, fix
from gridgis.checks.incremental import Checked
from gridgis.cli.common import Branch, By, County, Json, Lang, Progress, Reason, opened, say
from gridgis.cli.edit import show
from gridgis.errors import EditError, InputError


def register(app: typer.Typer) -> None:
    """Add this command to the application."""
    app.command("fix")(fix_)


def fix_(
    county: County,
    rule: Annotated[str, typer.Option("--rule", help="规则，见 check --list / the rule")],
    code: Annotated[str, typer.Option("--code", help="只修该网格的 / only of this grid")] = "",
    all_: Annotated[bool, typer.Option("--all", help="逐个修复全部 / every finding of the rule, one edit each")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只说明，不保存 / say it, save nothing")] = False,
    branch: Branch = None, by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """一步修复检查出的问题：一次可撤销的变更，修好且不引出新问题 / Resolve a finding by one undoable edit that raises none."""
    if rule not in FIXES:
        raise InputError(
            f"规则“{rule}”没有自动修复：可修复的有 {'、'.join(FIXES)}。",
            f"There is no fix for rule '{rule}': there are fixes for {', '.join(FIXES)}.",
        )
    bar = Progress()
    with opened(county, branch) as c:
        checked = Checked.of(c, bar)
        bar.end()
        rows = list(_findings(checked, c, rule, code))
        if not rows:
            raise InputError(
                f"没有“{rule}”的问题{f'（网格 {code}）' if code else ''}：先用 gridgis check 查看。",
                f"There is no finding of '{rule}'{f' for grid {code}' if code else ''}: see gridgis check.",
            )
        done = 0
        for row in rows if all_ else rows[:1]:
            try:
                found = fix(c, row, checked)
            except EditError as error:
                say(lang, error.zh, error.en)
                continue
            done += 1
            if not dry_run:
                show(c.apply(found.edit, by=by, reason=reason or f"修复：{row['words']}"), json=json, lang=lang)
            if not json:
                zh, en = ("可修复", "Can be fixed") if dry_run else ("已修复", "Fixed")
                say(lang, f"{zh}（{found.edit.kind}）：{row['words']}", f"{en} ({found.edit.kind}): {row['words_en']}")
            checked = checked if dry_run else checked.again(c)
    if done < len(rows if all_ else rows[:1]):
        raise typer.Exit(1)


def _findings(checked: Checked, county: Any, rule: str, code: str) -> Iterator[dict[str, Any]]:
    frame = checked.frame(county)
    for row in frame[frame["rule"] == rule].to_dict("records"):
        if code in ("", row["code"]):
            yield {str(k): v for k, v in row.items()}

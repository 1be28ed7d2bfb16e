"""Commands that make a version official: approve, publish."""

from __future__ import annotations

from typing import Annotated

import typer

from gridgis.cli.common import By, County, Json, Lang, Reason, dump, say, table
from gridgis.county import open_county
from gridgis.errors import InputError
from gridgis.publishing import FindingsError, Publication, publications
from gridgis.publishing import approve as run_approve
from gridgis.publishing import publish as run_publish


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    for command in (approve, publish):
        app.command()(command)


def approve(
    county: County,
    branch: Annotated[str, typer.Argument(metavar="NAME", help="草稿名 / name of the draft")],
    step: Annotated[str, typer.Option("--step", help="程序中的步骤 / step of the procedure")],
    reject: Annotated[bool, typer.Option("--reject", help="退回 / send it back")] = False,
    by: By = "", reason: Reason = "", json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """按程序逐级审核草稿 / Approve a draft, step by step, or send it back."""
    with open_county(county) as c:
        row = run_approve(c, branch, step, by=by, reject=reject, reason=reason)
        words = next(s for s in c.scheme.procedure.steps if s.key == step)
    if json:
        dump(row)
    elif reject:
        say(lang, f"“{words.zh}”已退回草稿“{branch}”。", f"The step '{words.en}' has sent the draft '{branch}' back.")
    else:
        say(lang, f"“{words.zh}”已通过草稿“{branch}”。", f"The step '{words.en}' has approved the draft '{branch}'.")


def publish(
    county: County,
    version: Annotated[int | None, typer.Option("--version", help="版本，默认最新 / version, the newest by default")] = None,
    by: By = "", approved_by: Annotated[str, typer.Option("--approved-by", help="批准人 / approver")] = "",
    reason: Reason = "",
    in_force: Annotated[str | None, typer.Option("--in-force", metavar="DATE", help="生效日期，默认今天 / in force from")] = None,
    accept: Annotated[list[str] | None, typer.Option("--accept", metavar="RULE=REASON",
        help="接受某规则的错误并说明理由 / accept the errors of a rule")] = None,
    list_: Annotated[bool, typer.Option("--list", help="列出已发布的版本 / list what is published")] = False,
    json: Json = False, lang: Lang = "zh",
) -> None:  # fmt: skip
    """发布一个版本，发布后不可更改 / Publish a version for good."""
    with open_county(county) as c:
        if list_:
            _list(publications(c), json=json, lang=lang)
            return
        words = {"by": by, "approved_by": approved_by, "reason": reason}
        try:
            done = run_publish(c, version, words=words, in_force=in_force, accept=_accepted(accept or []))
        except FindingsError as error:
            sentences = error.findings["words" if lang == "zh" else "words_en"]
            for rule, sentence in zip(error.findings["rule"], sentences, strict=True):
                typer.echo(f"{rule:16}{sentence}", err=True)
            raise
    if json:
        dump(done.row())
        return
    say(
        lang,
        f"已发布第 {done.number} 号：版本 {done.version}，自 {done.in_force} 起施行，指纹 {done.hash}。",
        f"Published as number {done.number}: version {done.version}, in force from {done.in_force}, hash {done.hash}.",
    )


def _accepted(given: list[str]) -> dict[str, str]:
    out = {}
    for text in given:
        rule, equals, why = text.partition("=")
        if not equals or not why.strip():
            raise InputError(
                f"--accept {text} 缺少理由：请写成 规则=理由，例如 outside_parent=飞地。",
                f"--accept {text} lacks a reason: write RULE=REASON, such as outside_parent=enclave.",
            )
        out[rule.strip()] = why.strip()
    return out


def _list(rows: list[Publication], *, json: bool, lang: str) -> None:
    if json:
        dump([p.row() for p in rows])
    elif not rows:
        say(lang, "还没有发布过版本。", "Nothing is published yet.")
    else:
        english = ["number", "version", "in force", "by", "approved by", "reason", "accepted", "hash"]
        head = ["号", "版本", "施行日期", "经办人", "批准人", "理由", "接受的问题", "指纹"] if lang == "zh" else english
        table([[p.number, p.version, p.in_force, p.by, p.approved_by, p.reason, len(p.accepted), p.hash[:12]]
               for p in rows], head)  # fmt: skip

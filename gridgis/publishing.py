"""Approving drafts step by step, and publishing versions that nobody can change afterwards."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import pandas as pd
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from gridgis.branches import branch, branches, combined, now, open_branch, require_open
from gridgis.checks import RULES, check
from gridgis.checks.finding import Fresh
from gridgis.county import County
from gridgis.errors import InputError, RefusedError, StaleEditError
from gridgis.plan import Plan
from gridgis.scheme_parts import Step


class AtVersion(Fresh):
    """A county as the checks see it at one version.

    Parameters
    ----------
    county
        The county.
    plan
        Its plan at the version.
    """

    def __init__(self, county: County, plan: Plan) -> None:
        super().__init__(county)
        self.plan = replace(plan, _shapes={})

    def live_codes(self) -> pd.DataFrame:
        """Return code and level of every grid of the version; of the present one as stored, duplicates included."""
        if self.plan.version == self._county.plan.version:
            return self._county.live_codes()
        grids = self.plan.grids.values()
        return pd.DataFrame({"code": [g.code for g in grids], "level": [g.level for g in grids]})


@dataclass(frozen=True)
class Publication:
    """A published version.

    Attributes
    ----------
    in_force
        Date from which it is in force.
    hash
        Fingerprint of the plan, by which `gridgis verify` holds the version.
    accepted
        Error-level findings that were accepted: rule, code, words, reason.
    """

    number: int
    version: int
    at: str
    in_force: str
    reason: str
    by: str
    approved_by: str
    hash: str
    accepted: Sequence[Mapping[str, Any]]

    def row(self) -> dict[str, Any]:
        """Return the publication as JSON-ready values."""
        return dict(vars(self))


class FindingsError(RefusedError):
    """A version has error-level findings that nobody accepted.

    Parameters
    ----------
    findings
        These findings, as `gridgis.check` gives them.
    """

    def __init__(self, findings: gpd.GeoDataFrame) -> None:
        rules = "、".join(dict.fromkeys(findings["rule"]))
        super().__init__(
            f"有 {len(findings)} 个错误未处理（{rules}），未发布：请改正，或用 --accept 规则=理由 逐条说明后再发布。",
            f"{len(findings)} errors are open ({rules.replace('、', ', ')}) and nothing was published: correct them, or "
            "accept them with --accept RULE=REASON.",
        )
        self.findings = findings


# -- the steps of the procedure ----------------------------------------------------------------------


def approve(county: County, name: str, step: str, *, by: str, reject: bool = False, reason: str = "") -> dict[str, Any]:
    """Record that a step of the procedure approves a draft as it stands, or sends it back.

    Parameters
    ----------
    county
        The county.
    name
        The draft.
    step
        Key of a step of the scheme's procedure.
    by
        Who decides.
    reject
        True to send it back; needs a reason.
    reason
        Why.

    Raises
    ------
    InputError
        No such draft or step, or nobody is named.
    RefusedError
        An earlier step has not approved the draft as it stands, or `by` does not hold the role.
    """
    if branch(county, name).state == "dropped":
        require_open(branch(county, name))
    wanted = _step(county, step)
    require_named(by=by, **({"reason": reason} if reject else {}))
    require_holder(county, wanted, by)
    hash_ = open_branch(county, name).plan.hash
    given = approvals(county, name, hash_)
    for earlier in county.scheme.procedure.demanded:
        if earlier.key == wanted.key:
            break
        if given.get(earlier.key) != "approved":
            raise RefusedError(
                f"草稿“{name}”现在的内容还未通过“{earlier.zh}”：请按程序先由该级审核。",
                f"The step '{earlier.en}' has not approved the draft '{name}' as it stands: it comes first.",
            )
    row = {
        "branch": name, "step": wanted.key, "verdict": "rejected" if reject else "approved", "by": by, "at": now(),
        "reason": reason, "hash": hash_,
    }  # fmt: skip
    with county.store._writing() as c:
        c.execute(insert(county.store._tables["approvals"]).values(**row))
    return row


def _step(county: County, key: str) -> Step:
    steps = county.scheme.procedure.steps
    for step in steps:
        if step.key == key:
            return step
    raise InputError(
        f"程序中没有步骤“{key}”：可用的步骤是 {'、'.join(s.key for s in steps)}。",
        f"The procedure has no step '{key}': its steps are {', '.join(s.key for s in steps)}.",
    )


def require_named(**given: str) -> None:
    """Refuse an empty word where somebody must stand for what is done.

    Raises
    ------
    InputError
        Something is empty.
    """
    names = {"by": ("经办人（--by）", "--by"), "approved_by": ("批准人（--approved-by）", "--approved-by"),
             "reason": ("理由（--reason）", "--reason")}  # fmt: skip
    for key, value in given.items():
        if not value.strip():
            zh, en = names[key]
            raise InputError(f"缺少{zh}：请补上。", f"{en} is empty: fill it in.")


def require_holder(county: County, step: Step, by: str) -> None:
    """Refuse somebody who does not hold the role of a step, where the register knows who does.

    Raises
    ------
    RefusedError
        The register has holders of the role, and this is none of them.
    """
    roles = {r.key: r for r in county.scheme.roles if r.key in step.who}
    staff = pd.DataFrame(county.table("staff", ("id", "name", "role")))
    posted = pd.DataFrame(county.table("postings", ("role", "staff", "until")))
    posted = posted[posted["role"].isin(list(roles)) & (posted["until"].fillna("") == "")]
    held = staff[staff["role"].isin(list(roles)) | staff["id"].isin(posted["staff"])]
    if len(held) and by not in set(held["id"]) | set(held["name"]):
        names = "、".join(r.zh for r in roles.values())
        raise RefusedError(
            f"“{by}”不是{names}，不能办理“{step.zh}”这一步：请由台账中的任职人员办理。",
            f"'{by}' does not hold the role {', '.join(r.en for r in roles.values())} and cannot act in step '{step.en}'.",
        )


def approvals(county: County, name: str, hash_: str | None = None) -> dict[str, str]:
    """Return the newest verdict of each step on a draft; with `hash_`, only on this content."""
    t = county.store._tables["approvals"]
    query = select(t.c.step, t.c.verdict).where(t.c.branch == name).order_by(t.c.fid)
    if hash_ is not None:
        query = query.where(t.c.hash == hash_)
    with county.store._reading() as c:
        return {str(step): str(verdict) for step, verdict in c.execute(query)}


# -- publishing --------------------------------------------------------------------------------------


def publish(
    county: County, version: int | None = None, *, words: Mapping[str, str], in_force: str | None = None,
    accept: Mapping[str, str] | None = None,
) -> Publication:  # fmt: skip
    """Publish a version for good.

    Parameters
    ----------
    county
        The county.
    version
        The newest by default.
    words
        ``by``, ``approved_by`` and ``reason``, none of them empty.
    in_force
        Date (2026-01-31) from which it is in force; today by default.
    accept
        A reason for each rule whose error-level findings are accepted.

    Raises
    ------
    InputError
        Something given cannot be used.
    FindingsError
        There are error-level findings that are not accepted.
    RefusedError
        The version is published already, or a draft in it lacks an approval.
    """
    require_named(**{k: words.get(k, "") for k in ("reason", "by", "approved_by")})
    at = now()
    day = _date(in_force) if in_force is not None else at[:10]
    plan = county.plan if version in (None, county.version) else county.plan_at(int(version or 0))
    known = publications(county)
    for done in known:
        if done.version == plan.version:
            raise RefusedError(
                f"版本 {plan.version} 已于 {done.at[:10]} 发布（第 {done.number} 号），不可更改：请先修改方案再发布新版本。",
                f"Version {plan.version} was published on {done.at[:10]} (number {done.number}) and cannot be changed: "
                "publish a later one.",
            )
    publisher = next(s for s in county.scheme.procedure.steps if "publish" in s.may)
    require_holder(county, publisher, words["approved_by"])
    _require_approved(county, plan.version)
    row = {
        "number": len(known) + 1, "version": plan.version, "at": at, "in_force": day, "reason": words["reason"],
        "by": words["by"], "approved_by": words["approved_by"], "hash": plan.hash,
    }  # fmt: skip
    accepted = _accepted(AtVersion(county, plan), accept or {})
    try:
        with county.store._writing() as c:
            plain = row | {"accepted": json.dumps(accepted, ensure_ascii=False)}
            c.execute(insert(county.store._tables["publications"]).values(**plain))
    except IntegrityError as error:
        raise StaleEditError(
            "他人刚刚发布了一个版本：本次未发布，请查看后重试。",
            "Someone else has just published a version: yours was not; look at it and try again.",
        ) from error
    return publications(county)[-1]


def _date(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise InputError(
            f"“{text}”不是日期：请写成 2026-01-31 的样子。", f"'{text}' is no date: write it like 2026-01-31."
        ) from error


def _accepted(view: AtVersion, accept: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the error-level findings, all of which must be accepted with a reason."""
    strange = [r for r in accept if r not in {rule.key for rule in RULES}]
    if strange:
        raise InputError(
            f"没有规则“{strange[0]}”：用 gridgis check --list 查看全部规则。",
            f"There is no rule '{strange[0]}': gridgis check --list names them all.",
        )
    for reason in accept.values():
        require_named(reason=reason)
    found = check(view, [rule.key for rule in RULES if rule.severity == "error"], accepted=True)
    # What an exception accepts already needs no second reason, and is on record with its own.
    reasons = [own or accept.get(rule, "") for own, rule in zip(found["accepted"], found["rule"], strict=True)]
    left = found[[not r for r in reasons]]
    if len(left):
        raise FindingsError(left)
    rows = zip(found["rule"], found["code"], found["words"], reasons, strict=True)
    return [{"rule": r, "code": c, "words": w, "reason": why} for r, c, w, why in rows]


def _require_approved(county: County, version: int) -> None:
    """Refuse a version with a draft that must pass the procedure and has not."""
    demanding = {b.name for b in branches(county) if b.procedure}
    for edit in combined(county):
        name = str(edit.command["combine"])
        if (edit.version or 0) > version or name not in demanding:
            continue
        given = approvals(county, name, str(edit.command["hash"]))
        missing = [s for s in county.scheme.procedure.demanded if given.get(s.key) != "approved"]
        if missing:
            raise RefusedError(
                f"版本 {version} 含有草稿“{name}”，它还未通过：{'、'.join(s.zh for s in missing)}。请先用 gridgis approve 完成审核。",
                f"Version {version} holds the draft '{name}', which these steps have not approved: "
                f"{', '.join(s.en for s in missing)}. Have it approved first with gridgis approve.",
            )


def publications(county: County) -> list[Publication]:
    """Return all published versions, oldest first."""
    t = county.store._tables["publications"]
    names = [name for name in Publication.__dataclass_fields__ if name != "accepted"]
    with county.store._reading() as c:
        rows = c.execute(select(t).order_by(t.c.number)).mappings().all()
    return [Publication(**{n: r[n] for n in names}, accepted=json.loads(r["accepted"])) for r in rows]


def broken(county: County) -> list[tuple[str, str]]:
    """Return what is wrong with published versions and drafts, as (Chinese, English) sentences."""
    out = []
    for p in publications(county):
        if not 1 <= p.version <= county.version or county.plan_at(p.version).hash != p.hash:
            out.append((
                f"第 {p.number} 号发布（版本 {p.version}）与发布时的指纹不符。",
                f"Publication {p.number} (version {p.version}) does not have the hash with which it was published.",
            ))  # fmt: skip
    for record in branches(county):
        try:
            open_branch(county, record.name).plan.hash  # noqa: B018
        except (InputError, RefusedError) as error:
            out.append((error.zh, error.en))
    return out

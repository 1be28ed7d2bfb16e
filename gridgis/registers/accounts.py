"""The account of a register's import: for machines, with fixed keys, and in sentences."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from gridgis.registers.asking import Work

Words = tuple[str, str]

_SHOWN = 10


def empty(name: str, as_: str) -> dict[str, Any]:
    """Return the account of a file of which nothing is known."""
    lists: tuple[str, ...] = (
        "rejected", "evidence", "evidence_zh", "notes", "notes_zh", "warnings", "mended", "changes", "columns_kept", "columns_left_out",
    )  # fmt: skip
    return {
        "file": name, "as": as_, "rows": 0, "accepted": 0, "datum": None, "encoding": None, "crs": None, "findings": {},
        "fields": {}, "sheet": None, "added": 0, "replaced": 0, "unchanged": 0, "examples": 0, "applied": False,
        **{key: [] for key in lists},
    }  # fmt: skip


def report_of(work: Work) -> dict[str, Any]:
    """Return the account for machines."""
    rows, table, facts = work.rows, work.table, work.book.facts
    notes = _notes(work)
    counts = {k: sum(c["change"] == k for c in work.changes) for k in ("added", "replaced")}
    by_row = sorted(rows.rejected.items())
    return empty(work.book.name, work.options.as_) | {
        "rows": rows.count,
        "accepted": len(rows.good),
        "rejected": [{"row": r, "reason": en, "reason_zh": zh} for r, (zh, en) in by_row],
        "warnings": [{"row": r, "words": en, "words_zh": zh} for r, (zh, en) in rows.warnings if r in rows.good],
        "mended": [
            {"row": r, "column": head, "words": en, "words_zh": zh}
            for r, head, (zh, en) in rows.mended
            if r in rows.good
        ],
        "fields": {key: table.heads[column] for key, column in table.columns.items()},
        "columns_kept": list(work.kept),
        "columns_left_out": list(table.rest),
        "sheet": table.sheet.name or None,
        "encoding": facts["encoding"],
        "evidence": [en for _, en in table.evidence],
        "evidence_zh": [zh for zh, _ in table.evidence],
        "notes": [en for _, en in notes],
        "notes_zh": [zh for zh, _ in notes],
        "changes": work.changes,
        **counts,
        "unchanged": len(rows.good) - len(work.changes),
        "examples": rows.examples,
    }


def _notes(work: Work) -> list[Words]:
    rows, sheet = work.rows, work.table.sheet
    out = list(rows.notes)
    hidden = sorted(sheet.hidden_rows & (rows.good.keys() | rows.rejected.keys()))
    if hidden:
        out.append(
            (
                f"{len(hidden)} 个隐藏的行也已读入（第 {_few(hidden, '、')} 行）",
                f"{len(hidden)} hidden rows were read, too ({_few(hidden)})",
            )
        )
    if rows.calculated:
        told = sorted(rows.calculated)
        out.append((f"{len(told)} 行含公式，采用文件中保存的计算结果（第 {_few(told, '、')} 行）",
                    f"{len(told)} rows hold formulas; the results saved in the file were taken ({_few(told)})"))  # fmt: skip
    merged = sum(bottom > top and top >= work.table.first for top, _, bottom, _ in sheet.merged)
    if merged:
        out.append(
            (
                f"{merged} 处合并单元格，其值用于所覆盖的各行",
                f"{merged} merged cells; their value goes for every row they cover",
            )
        )
    if rows.examples:
        out.append((f"略过 {rows.examples} 个示例行", f"{rows.examples} example rows were skipped"))
    if work.heads is not None:
        h = work.heads
        ended = (f"，{h.ended} 个原任职到今天为止", f", {h.ended} earlier postings end today") if h.ended else ("", "")
        begun = len(h.postings) - h.ended
        out.append(
            (
                f"新增人员 {len(h.staff)} 人，新增任职 {begun} 个{ended[0]}",
                f"{len(h.staff)} new people, {begun} new postings{ended[1]}",
            )
        )
    return out


def _few(rows: list[int], comma: str = ", ") -> str:
    return comma.join(map(str, rows[:_SHOWN])) + (" …" if len(rows) > _SHOWN else "")


def words_of(report: dict[str, Any], grids: int) -> list[Words]:
    """Return the account for people: every rejected row by itself, what was mended in groups."""
    n, accepted, rejected = report["rows"], report["accepted"], report["rejected"]
    added, replaced, same = report["added"], report["replaced"], report["unchanged"]
    counts = (
        f"共 {n} 行，接受 {accepted} 行，拒绝 {len(rejected)} 行。",
        f"{n} rows: {accepted} accepted, {len(rejected)} rejected.",
    )
    done = (
        f"新增 {added} 行，更新 {replaced} 行，{same} 行没有变化。",
        f"{added} added, {replaced} replaced, {same} unchanged.",
    )
    if report["as"] == "register":
        done = (
            f"更新 {grids} 个网格的台账，{same} 个没有变化。",
            f"{grids} grids get new entries, {same} stay as they are.",
        )
    return [
        counts,
        *((f"依据：{zh}。", f"Evidence: {en}.") for zh, en in zip(report["evidence_zh"], report["evidence"], strict=True)),
        *_columns(report),
        *((f"第 {r['row']} 行未导入：{r['reason_zh']}。", f"Row {r['row']} was not imported: {r['reason']}.") for r in rejected),
        *_mended(report),
        *((f"第 {w['row']} 行：{w['words_zh']}。", f"Row {w['row']}: {w['words']}.") for w in report["warnings"]),
        *((f"{zh}。", f"{en}.") for zh, en in zip(report["notes_zh"], report["notes"], strict=True)),
        done,
    ]  # fmt: skip


def _columns(report: dict[str, Any]) -> list[Words]:
    told = (
        ("columns_kept", "另存为台账列", "Kept as further columns"),
        ("columns_left_out", "未采用的列", "Columns not taken"),
    )
    return [
        (f"{zh}：{'、'.join(report[key])}。", f"{en}: {', '.join(report[key])}.") for key, zh, en in told if report[key]
    ]


def _mended(report: dict[str, Any]) -> list[Words]:
    groups: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for m in report["mended"]:
        groups[m["column"], m["words_zh"], m["words"]].append(m["row"])
    return [
        (f"“{head}”{zh}：{len(rows)} 行（第 {_few(rows, '、')} 行）。", f"'{head}': {en} in {len(rows)} rows ({_few(rows)}).")
        for (head, zh, en), rows in groups.items()
    ]  # fmt: skip

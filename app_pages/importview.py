"""What the page of imports shows of a trial: counts, facts, fields, rows, changes, evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app_pages import importdesk
from app_pages.importdesk import Trial
from app_pages.matchdesk import Upload
from app_pages.panel import number
from app_pages.state import lang, say
from app_pages.tableview import Column, table
from app_pages.words import WORDS
from gridgis.errors import RefusedError
from layers.text import safe_text

TAGS = {"rejected": "error", "warning": "warning", "mended": "note"}
LISTED = 500
_NAMED, _DECIDED = 12, 20


def problem(words: str) -> None:
    """Show one sentence on what stands in the way."""
    st.html(f'<p class="gg-problem" role="alert">{safe_text(words)}</p>')


def summary(trial: Trial, upload: Upload) -> None:
    """Show in a line how many rows can enter, then what was recognised."""
    en = lang() == "en"
    if trial.found is None:
        problem((trial.problem or ("", ""))[en])
        return
    report, refusal = trial.found.report, trial.found.refusal
    rejected = len(report["rejected"])
    said = say(
        "import_counts", rows=number(report["rows"]), accepted=number(report["accepted"]), rejected=number(rejected)
    )
    counts = report.get("counts") or {
        "added": report.get("added"), "updated": report.get("replaced"), "removed": 0
    }  # fmt: skip
    if counts["added"] is not None:
        shown = {k: number(counts[k]) for k in ("added", "updated", "removed")}
        said += (". " if en else "；") + say("import_counts_table", **shown)
    elif report.get("changes"):
        said += (". " if en else "；") + say("import_counts_changes", n=number(len(report["changes"])))
    kind = "gg-errors" if not report["accepted"] else "gg-warnings" if rejected else "gg-clear"
    st.html(f'<div class="{kind}"><span>{safe_text(said)}</span></div>')
    if isinstance(refusal, RefusedError):
        problem(importdesk.spoken((refusal.zh, refusal.en), upload)[en])
    seen = report.get("datum_seen")
    if seen not in (None, "wgs84", "cgcs2000", report.get("datum")):
        problem(say("import_datum_seen", seen=str(seen).upper()))
    facts(report)


def facts(report: Mapping[str, Any]) -> None:
    """Show format, encoding, CRS, datum, columns kept and faults found."""
    left = [*report.get("dropped", []), *report.get("columns_left_out", [])]
    rows = [
        ("import_driver", report.get("driver")), ("import_encoding", report.get("encoding")), ("import_crs", report.get("crs")),
        ("import_datum", str(report.get("datum") or "").upper()),
        ("import_kept", _some([*report.get("kept", []), *report.get("columns_kept", [])])), ("import_left", _some(left)),
        ("import_findings", _some([f"{_rule(k)} {number(n)}" for k, n in (report.get("findings") or {}).items() if n])),
    ]  # fmt: skip
    lines = "".join(f"<div><dt>{safe_text(say(k))}</dt><dd>{safe_text(str(v))}</dd></div>" for k, v in rows if v)
    st.html(f'<dl class="gg-facts">{lines}</dl>')


def _some(names: Sequence[str]) -> str:
    comma = ", " if lang() == "en" else "、"
    return comma.join(map(str, names[:_NAMED])) + (" …" if len(names) > _NAMED else "")


def _rule(key: str) -> str:
    return say(f"import_rule_{key}") if f"import_rule_{key}" in WORDS else key


def field_choices(ours: Mapping[str, str], taken: Mapping[str, str], columns: Sequence[str]) -> None:
    """Show which column of the file is which of our fields, each to be changed."""
    beside = st.columns(3, vertical_alignment="bottom")
    en = lang() == "en"
    for k, (key, zh) in enumerate(ours.items()):
        guess = taken.get(key)
        none = f"{say('import_auto')} · {guess}" if guess else "–"
        beside[k % 3].selectbox(
            key if en else zh, ["", *columns], key=f"import_field_{key}", format_func=lambda c, n=none: c or n
        )


def details(report: Mapping[str, Any]) -> None:
    """Show rows with something to be said of them, changes, faults, and the evidence."""
    told = importdesk.told(report, lang())
    if told:
        columns = [
            Column(say("import_row"), "number"),
            Column(say("import_what"), "tag"),
            Column(say("import_why"), "wide"),
        ]
        rows = [[str(r), (TAGS[what], say(f"import_{what}")), why] for r, what, why in told[:LISTED]]
        table(columns, rows, key="import_rows", height="320px")
        if len(told) > LISTED:
            st.html(f'<p class="gg-tip">{safe_text(say("register_more", n=number(len(told) - LISTED)))}</p>')
    spots(report.get("spots", []))
    changes([c for c in report.get("changes", []) if "moved_m2" in c])
    en = lang() == "en"
    lines = [str(w) for k in ("evidence", "notes") for w in report.get(k if en else f"{k}_zh", [])]
    listed = "".join(f"<li>{safe_text(line)}</li>" for line in lines)
    if listed:
        st.html(f'<h4>{safe_text(say("import_evidence"))}</h4><ul class="gg-notes">{listed}</ul>')


def review(report: Mapping[str, Any]) -> None:
    """Show each fault that somebody may decide on, who lives there, and what may be decided."""
    found = [e for e in report.get("review", []) if e["choices"] and e["state"] in ("asked", "decided")][:_DECIDED]
    if not found:
        return
    st.html(f"<h4>{safe_text(say('import_review'))}</h4>")
    for e in found:
        what, which, why = st.columns([3, 2, 2], vertical_alignment="bottom")
        told = say("import_place", rule=_rule(e["rule"]), codes=" ".join(map(str, e["codes"])), area=number(e["area_m2"]),
                   homes=number(e["households"]), people=number(e["persons"]))  # fmt: skip
        what.html(f'<p class="gg-tip">{safe_text(told)}</p>')
        able = list(dict.fromkeys(c for k in e["choices"] for c in (e["codes"] if k == "CODE" else [k])))
        which.selectbox(
            say("import_decision"), ["", *map(str, able)], key=f"import_decide_{e['id']}", format_func=_decision
        )
        why.text_input(say("reason"), key=f"import_reason_{e['id']}")


def _decision(choice: str) -> str:
    return (
        say(f"import_do_{choice}")
        if f"import_do_{choice}" in WORDS
        else say("import_give", code=choice)
        if choice
        else "–"
    )


def spots(found: Sequence[Mapping[str, Any]]) -> None:
    """Show each fault with its area and the grid that it goes to."""
    if not found:
        return
    st.html(f"<h4>{safe_text(say('import_spots'))}</h4>")
    columns = [Column(say("import_rule")), Column(say("import_code"), "code"), Column(say("import_area"), "number"),
               Column(say("import_owner"), "code")]  # fmt: skip
    rows = [
        [_rule(s["rule"]), " ".join(map(str, s["codes"])), number(s["area_m2"]), str(s.get("owner") or "–")]
        for s in sorted(found, key=lambda s: -s["area_m2"])[:LISTED]
    ]
    table(columns, rows, key="import_spots", height="260px")


def changes(found: Sequence[Mapping[str, Any]]) -> None:
    """Show each grid whose area would change, and how many households live there."""
    if not found:
        return
    st.html(f"<h4>{safe_text(say('import_changes'))}</h4>")
    columns = [
        Column(say("import_code"), "code"),
        *(Column(say(f"import_{k}"), "number") for k in ("before", "after", "moved", "homes")),
    ]
    rows = [
        [str(c["code"]), *(number(c[k]) for k in ("before_m2", "after_m2", "moved_m2")), _homes(c.get("households"))]
        for c in sorted(found, key=lambda c: -c["moved_m2"])[:LISTED]
    ]
    table(columns, rows, key="import_changed", height="260px")


def _homes(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " → ".join(map(str, value))
    return "–" if value is None else str(value)

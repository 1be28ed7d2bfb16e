"""What the page of imports shows of a trial: counts, the question of the datum, facts, fields, rows, faults, changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyproj
import streamlit as st

from app_pages import importdesk, importspeech
from app_pages.importchoices import changed_datum, see
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


def head(text: str) -> None:
    """Show the title of a step."""
    st.html(f"<h4>{safe_text(text)}</h4>")


def tip(text: str) -> None:
    """Show a quiet line."""
    st.html(f'<p class="gg-tip">{safe_text(text)}</p>')


def summary(trial: Trial, upload: Upload) -> None:
    """Show in a line how many rows can enter, then figures, what is in the way, and what was recognised."""
    if trial.found is None:
        problem((trial.problem or ("", ""))[lang() == "en"])
        return
    report, refusal = trial.found.report, trial.found.refusal
    rejected = len(report["rejected"])
    counted = {k: number(report[k]) for k in ("rows", "accepted")}
    kind = "gg-errors" if not report["accepted"] else "gg-warnings" if rejected or refusal else "gg-clear"
    said = say("import_counts", rejected=number(rejected), **counted)
    st.html(f'<div class="{kind}"><span>{safe_text(said)}</span></div>')
    tally(report)
    if isinstance(refusal, RefusedError) and not rejected and not to_decide(report):
        problem(importdesk.spoken((refusal.zh, refusal.en), upload)[lang() == "en"])
    notes = "".join(f"<li>{safe_text(importspeech.said(str(n), lang()))}</li>" for n in _both(report, "notes"))
    if notes:
        st.html(f'<ul class="gg-notes">{notes}</ul>')
    facts(report)


def _both(report: Mapping[str, Any], key: str) -> Sequence[Any]:
    found: Sequence[Any] = report.get(key if lang() == "en" else f"{key}_zh", [])
    return found


def tally(report: Mapping[str, Any]) -> None:
    """Show what would happen, or has happened, in figures."""
    counts: Mapping[str, Any] = report.get("counts") or {
        "added": report.get("added"),
        "updated": report.get("replaced"),
    }
    rows = [(f"import_n_{k}", counts.get(k)) for k in ("added", "updated", "removed", "buildings")]
    if report.get("redrawn") is not None or report.get("spots"):
        rows += [
            ("import_n_faults", len(report.get("spots", []))),
            ("import_n_changed", len(report.get("changes", []))),
        ]
    rows += [(f"import_n_{k}", len(report.get(k, []))) for k in ("rejected", "warnings", "mended") if k in report]
    cards = "".join(f"<div><b>{number(n)}</b><span>{safe_text(say(k))}</span></div>" for k, n in rows if n is not None)
    st.html(f'<div class="gg-tally">{cards}</div>')


def open_question(report: Mapping[str, Any]) -> bool:
    """Tell whether the numbers look shifted and nobody has said what to make of it."""
    return (
        shifted(report)
        and st.session_state.get("import_datum", "auto") == "auto"
        and report["datum_seen"] != report.get("datum")
    )


def shifted(report: Mapping[str, Any]) -> bool:
    """Tell whether the numbers look like a shifted datum."""
    return report.get("datum_seen") not in (None, "wgs84", "cgcs2000")


def question(report: Mapping[str, Any]) -> None:
    """Ask what the numbers are, with what speaks for each answer; say what is done where that is beyond doubt."""
    if not shifted(report):
        return
    seen, used = report["datum_seen"], report.get("datum")
    name, asked = say(f"import_name_{seen}"), open_question(report)
    chosen = st.session_state.get("import_datum", "auto") != "auto"
    said = "import_ask" if asked else "import_is" if used == seen else "import_as_drawn"
    rows = "".join(
        f"<tr><th>{safe_text(say('import_read_as', name=say('import_name_' + c['datum'])))}</th>"
        f"<td>{c['agrees']:.0%}</td></tr>" for c in report.get("candidates", []) if c["samples"]
    )  # fmt: skip
    with st.container(key="import_ask"):
        st.html(f'<p class="gg-ask">{safe_text(say(said, name=name))}</p><table class="gg-compare"><thead><tr>'
                f"<th></th><th>{safe_text(say('import_agrees'))}</th></tr></thead><tbody>{rows}</tbody></table>")  # fmt: skip
        yes, no = st.columns(2)
        yes.button(say("import_yes", name=name), key="import_yes", on_click=changed_datum, args=(seen,), width="stretch",
                   type="primary" if asked else "secondary", disabled=used == seen and chosen)  # fmt: skip
        no.button(say("import_no"), key="import_no", on_click=changed_datum, args=("wgs84",), width="stretch",
                  disabled=used != seen and chosen)  # fmt: skip


def facts(report: Mapping[str, Any]) -> None:
    """Show format, encoding, CRS, datum, columns kept and faults found."""
    left = [*report.get("dropped", []), *report.get("columns_left_out", [])]
    datum, measured, given = report.get("datum"), report.get("county") or {}, report.get("given") or {}
    rows = [
        ("import_driver", report.get("driver")), ("import_encoding", str(report.get("encoding") or "").upper()),
        ("import_crs", _crs(str(report.get("crs") or "")) if datum or measured else ""),
        ("import_datum", say(f"import_name_{datum}") if datum else ""),
        ("import_kept", _some([*report.get("kept", []), *report.get("columns_kept", [])])), ("import_left", _some(left)),
        ("import_findings", _some([f"{_rule(k)} {number(n)}" for k, n in (report.get("findings") or {}).items() if n])),
        *((f"import_of_{k}", number(measured[k], 1)) for k in ("mean", "min", "max") if measured.get(k) is not None),
        *((f"import_of_{k}", number(given[k])) for k in ("households", "persons") if given.get(k) is not None),
    ]  # fmt: skip
    lines = "".join(f"<div><dt>{safe_text(say(k))}</dt><dd>{safe_text(str(v))}</dd></div>" for k, v in rows if v)
    st.html(f'<dl class="gg-facts gg-pairs">{lines}</dl>')


def _crs(text: str) -> str:
    """Return a CRS by its number or name; a raster states its own in full."""
    if "[" not in text:
        return text
    try:
        found = pyproj.CRS.from_wkt(text)
    except pyproj.exceptions.CRSError:
        return text.split("[", 1)[0]
    code = found.to_epsg()
    return f"EPSG:{code}" if code else str(found.name)


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
        named = {"": none} | {c: c for c in columns if c}
        beside[k % 3].selectbox(key if en else zh, list(named), key=f"import_field_{key}", format_func=named.__getitem__)


def details(report: Mapping[str, Any]) -> None:
    """Show rows with something to be said of them, faults, changes, and the evidence."""
    told = importdesk.told(report, lang())
    if told:
        head(say("import_rows_title"))
        columns = [
            Column(say("import_row"), "number"),
            Column(say("import_what"), "tag"),
            Column(say("import_why"), "wide"),
        ]
        rows = [[str(r), (TAGS[what], say(f"import_{what}")), why] for r, what, why in told[:LISTED]]
        table(columns, rows, key="import_rows", height="320px")
        if len(told) > LISTED:
            tip(say("register_more", n=number(len(told) - LISTED)))
    spots(report.get("spots", []))
    changes([c for c in report.get("changes", []) if "moved_m2" in c])
    lines = "".join(f"<li>{safe_text(importspeech.said(str(w), lang()))}</li>" for w in _both(report, "evidence"))
    if lines:
        with st.expander(say("import_evidence"), icon=":material/info:"):
            st.html(f'<ul class="gg-notes">{lines}</ul>')


def review(report: Mapping[str, Any]) -> None:
    """Show each fault that somebody may decide on, who lives there, and what may be decided."""
    found = to_decide(report)
    if not found:
        return
    head(say("import_review"))
    tip(say("import_review_tip", n=number(sum(not e["decision"] for e in found)), all=number(len(found))))
    for e in found[:_DECIDED]:
        with st.container(key=f"import_place_{e['id']}"):
            what, look = st.columns([4, 1], vertical_alignment="center")
            told = say("import_place", rule=_rule(e["rule"]), codes=" ".join(map(str, e["codes"])), area=number(e["area_m2"]),
                       homes=number(e["households"]), people=number(e["persons"]))  # fmt: skip
            what.html(f'<p class="gg-place">{safe_text(told)}</p>')
            look.button(
                say("import_see"), key=f"import_see_{e['id']}", on_click=see, args=(e["id"], e["wkt"]), width="stretch"
            )
            which, why = st.columns(2, vertical_alignment="bottom")
            able = list(dict.fromkeys(c for k in e["choices"] for c in (e["codes"] if k == "CODE" else [k])))
            which.selectbox(
                say("import_decision"), ["", *map(str, able)], key=f"import_decide_{e['id']}", format_func=_decision
            )
            why.text_input(say("import_reason"), key=f"import_reason_{e['id']}")
    if len(found) > _DECIDED:
        tip(say("import_review_more", n=number(len(found) - _DECIDED)))


def to_decide(report: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the faults that somebody may decide on, in an order that no decision changes."""
    found = [e for e in report.get("review", []) if e["choices"] and e["state"] in ("asked", "decided")]
    return sorted(found, key=lambda e: (-round(e["area_m2"]), e["id"]))


def _decision(choice: str) -> str:
    if not choice:
        return say("import_undecided")
    return say(f"import_do_{choice}") if f"import_do_{choice}" in WORDS else say("import_give", code=choice)


def spots(found: Sequence[Mapping[str, Any]]) -> None:
    """Show each fault with its area and the grid that it goes to; a row that is picked is shown on the map."""
    if not found:
        return
    head(say("import_spots"))
    tip(say("import_spots_tip"))
    columns = [Column(say("import_rule")), Column(say("import_code"), "code"), Column(say("import_area"), "number"),
               Column(say("import_owner"), "code")]  # fmt: skip
    listed = sorted(found, key=lambda s: -s["area_m2"])[:LISTED]
    rows = [[_rule(s["rule"]), " ".join(map(str, s["codes"])), number(s["area_m2"]), _goes(s)] for s in listed]

    def pick(k: int) -> None:
        see(f"spot:{k}:{listed[k]['x']}", f"POINT ({listed[k]['x']} {listed[k]['y']})")

    table(columns, rows, key="import_spots", height="260px", on_pick=pick)


def _goes(spot: Mapping[str, Any]) -> str:
    owner = spot.get("owner")
    return str(owner) if owner else say("import_do_clip") if spot["rule"] == "outside" else "–"


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
    return "–" if value is None else f"{value:+,}" if value else "0"

"""Every word of the app in both languages, Chinese first. Data are never words."""

from __future__ import annotations

from types import MappingProxyType

from app_pages.words_checks import CHECK_WORDS
from app_pages.words_classes import CLASS_WORDS
from app_pages.words_drafts import DRAFT_WORDS
from app_pages.words_empty import EMPTY_WORDS
from app_pages.words_export import EXPORT_WORDS
from app_pages.words_first import FIRST_WORDS
from app_pages.words_handling import HANDLING_WORDS
from app_pages.words_history import HISTORY_WORDS
from app_pages.words_import import IMPORT_WORDS
from app_pages.words_incidents import INCIDENT_WORDS
from app_pages.words_layers import LAYER_WORDS
from app_pages.words_loads import LOAD_WORDS
from app_pages.words_many import MANY_WORDS
from app_pages.words_match import MATCH_WORDS
from app_pages.words_people import PEOPLE_WORDS
from app_pages.words_plan import PLAN_WORDS
from app_pages.words_print import PRINT_WORDS
from app_pages.words_redraw import REDRAW_WORDS
from app_pages.words_register import REGISTER_WORDS
from app_pages.words_service import SERVICE_WORDS
from app_pages.words_settings import SETTINGS_WORDS

WORDS: MappingProxyType[str, tuple[str, str]] = MappingProxyType({
    "app": ("网格GIS", "GridGIS"),
    "map": ("地图", "Map"),
    "incidents": ("事件", "Incidents"),
    "checks": ("检查", "Checks"),
    "skip": ("跳到正文", "Skip to the content"),
    "language": ("语言", "Language"),
    "illustrative": ("示意数据", "Illustrative data"),
    "illustrative_help": (
        "户数、人口、建筑、事件和部分界线为程序生成，仅供演示。",
        "Households, persons, buildings, incidents and some boundaries are generated for demonstration.",
    ),
    "version": ("版本 {n}", "Version {n}"),
    "search": ("查找编码或名称", "Find code or name"),
    "not_found": (
        "这一层级没有编码或名称含“{text}”的网格：请核对，或换一个层级再找。",
        "No grid of this level has '{text}' in its code or name: check it, or look at another level.",
    ),
    "level": ("层级", "Level"),
    "colour_by": ("着色", "Colour by"),
    "labels": ("标注", "Labels"),
    "label_code": ("编码", "Codes"),
    "label_name": ("名称", "Names"),
    "label_none": ("不标注", "No labels"),
    "fig_households": ("户数", "Households"),
    "fig_persons": ("人口", "Persons"),
    "fig_buildings": ("建筑", "Buildings"),
    "fig_incidents": ("事件", "Incidents"),
    "fig_area_m2": ("面积", "Area"),
    "fig_band": ("规模状态", "Size band"),
    "fig_none": ("不着色", "No colour"),
    "unit_households": ("户", ""),
    "unit_persons": ("人", ""),
    "unit_buildings": ("栋", ""),
    "unit_incidents": ("件", ""),
    "unit_area_m2": ("km²", "km²"),
    "band_below": ("低于规模", "Below band"),
    "band_in": ("规模内", "In band"),
    "band_above": ("超出规模", "Above band"),
    "band_none": ("不设规模", "No band"),
    "band_rule": ("规模：{h}{or_}{p}", "Band: {h}{or_}{p}"),
    "band_h": ("{a}–{b} 户", "{a}–{b} households"),
    "band_p": ("{a}–{b} 人", "{a}–{b} persons"),
    "band_or": (" 或 ", " or "),
    "grids_n": ("{n} 个网格", "{n} grids"),
    "source": ("来源：{source}，截至 {as_of}", "Source: {source}, as of {as_of}"),
    "overview": ("全县概况", "The county"),
    "selected_n": ("所选 {n} 个网格", "{n} grids selected"),
    "step_of": ("{kind}版本 {n}", "{kind} version {n}"),
    "tip_look": ("点选网格查看数据。", "Click a grid for its figures."),
    "tip_select": (
        "点选网格查看数据。用地图上方的工具拆分、合并、划转或涂绘；确认之前不会保存任何内容。",
        "Click a grid for its figures. Split, merge, move or paint with the tools on the map; "
        "nothing is saved before you confirm.",
    ),
    "proposal": ("待确认的变更", "Proposed change"),
    "before": ("变更前", "Before"),
    "after": ("变更后", "After"),
    "total": ("合计", "Total"),
    "code": ("编码", "Code"),
    "name": ("名称", "Name"),
    "households": ("户数", "Hholds"),
    "persons": ("人口", "Persons"),
    "buildings": ("建筑", "Bldgs"),
    "area": ("面积 km²", "Area km²"),
    "new": ("新", "new"),
    "ends": ("停用", "ends"),
    "author": ("经办人", "Author"),
    "reason": ("变更原因", "Reason"),
    "reason_hint": ("例如：小区交付，户数超出规模", "e.g. new compound, above the size band"),
    "confirm": ("确认变更", "Confirm"),
    "discard": ("放弃", "Discard"),
    "undo": ("撤销", "Undo"),
    "redo": ("重做", "Redo"),
    "undo_what": ("撤销：{what}", "Undo: {what}"),
    "redo_what": ("重做：{what}", "Redo: {what}"),
    "nothing_undo": ("没有可撤销的变更", "Nothing to undo"),
    "nothing_redo": ("没有可重做的变更", "Nothing to redo"),
    "recent": ("最近变更", "Recent changes"),
    "no_history": ("还没有变更。", "No changes yet."),
    "saved": ("已保存：{what}，现为版本 {n}。", "Saved: {what}; this is version {n}."),
    "somebody": ("同事", "A colleague"),
    "kind_split": ("拆分", "split"),
    "kind_merge": ("合并", "merge"),
    "kind_transfer": ("划转", "transfer"),
    "kind_paint": ("涂绘", "paint"),
    "kind_recode": ("改码", "recode"),
    "kind_undo": ("撤销", "undo"),
    "kind_redo": ("重做", "redo"),
    "kind_demo": ("建立", "founded"),
    "kind_new": ("建立", "founded"),
    "kind_import": ("导入", "import"),
    "also_crossed": (
        "线还穿过 {codes}，这次只拆分占线最长的“{code}”。",
        "The line also crosses {codes}; only '{code}', which holds most of it, is split.",
    ),
    "line_nowhere": (
        "线没有穿过任何网格：请让线的两端都越过要拆分网格的边界。",
        "The line crosses no grid: draw it so that both ends lie beyond the grid to split.",
    ),
    "no_county": ("没有打开县区文件", "No county is open"),
    "no_assets": (
        "地图脚本还没有准备好：请运行 python tools/bundle.py。",
        "The map's scripts are not in place: run python tools/bundle.py.",
    ),
    "map_title": ("{county}网格地图", "Grid map of {county}"),
    # the map's own controls
    "zoom_in": ("放大", "Zoom in"),
    "zoom_out": ("缩小", "Zoom out"),
    "cancel": ("取消", "Cancel"),
    "working": ("正在计算……", "Working…"),
    "tool_select": ("选择", "Select"),
    "tool_split": ("拆分", "Split"),
    "tool_merge": ("合并", "Merge"),
    "tool_transfer": ("划转", "Move area"),
    "tool_paint": ("涂绘", "Paint"),
    "tool_select_help": ("点选网格", "Pick a grid"),
    "tool_split_help": ("画线拆分网格", "Split a grid along a line"),
    "tool_merge_help": ("点选相邻网格后合并", "Click neighbours, then merge"),
    "tool_transfer_help": ("圈出一块范围划给另一网格", "Draw an area and give it to a grid"),
    "tool_paint_help": ("点选或拖选基元划给网格", "Click or drag over cells to give them to a grid"),
    "hint_split": ("画线穿过网格，双击或按回车结束", "Draw a line across a grid; double-click or Enter ends it"),
    "hint_merge": ("依次点选要合并的相邻网格", "Click the neighbouring grids to merge"),
    "hint_merge_n": ("已选 {n} 个网格", "{n} grids chosen"),
    "do_merge": ("合并 {n} 个网格", "Merge {n} grids"),
    "hint_transfer": ("圈出要划转的范围，双击或按回车结束", "Draw the area to move; double-click or Enter ends it"),
    "hint_target": ("点选接收这块范围的网格", "Click the grid that receives the area"),
    "hint_paint_target": ("先点选接收基元的网格", "First click the grid that receives the cells"),
    "hint_paint": ("点选或拖过要划给 {target} 的基元", "Click or drag over the cells for {target}"),
    "do_paint": ("划转 {n} 个基元", "Give {n} cells"),
    # checks
    "checking": ("正在检查……", "Checking…"),
    "all_clear": ("没有发现问题", "No findings"),
    "all_clear_note": (
        "版本 {n} 的全部规则均已通过：无空隙、无重叠、编码唯一、要素齐全。",
        "Version {n} passes every rule: no gap, no overlap, unique codes, every element in one grid.",
    ),
    "findings_n": ("{errors} 个错误，{warnings} 个提醒", "{errors} errors, {warnings} warnings"),
    "severity": ("级别", "Severity"),
    "severity_error": ("错误", "Error"),
    "severity_warning": ("提醒", "Warning"),
    "unit_m2": ("m²", "m²"),
    "unit_parts": ("处", "parts"),
    "unit_cells": ("个基元", "cells"),
    "unit_grids": ("个网格", "grids"),
    "unit_roads": ("条", "roads"),
    "unit_places": ("处", "places"),
    "rule": ("规则", "Rule"),
    "measure": ("量值", "Measure"),
    "words": ("说明", "What is wrong"),
    "fix": ("处理建议", "What to do"),
    "pick_finding": ("点选一行，地图会移到问题所在的位置。", "Click a row and the map goes to the place."),
    **CHECK_WORDS,
    **CLASS_WORDS,
    **DRAFT_WORDS,
    **EMPTY_WORDS,
    **EXPORT_WORDS,
    **FIRST_WORDS,
    **HANDLING_WORDS,
    **HISTORY_WORDS,
    **IMPORT_WORDS,
    **INCIDENT_WORDS,
    **LAYER_WORDS,
    **LOAD_WORDS,
    **MANY_WORDS,
    **MATCH_WORDS,
    **PEOPLE_WORDS,
    **PRINT_WORDS,
    **PLAN_WORDS,
    **REDRAW_WORDS,
    **REGISTER_WORDS,
    **SERVICE_WORDS,
    **SETTINGS_WORDS,
})  # fmt: skip

_MAP_PREFIXES = ("zoom_", "tool_", "hint_", "do_", "live_", "key_", "lock_", "trace_", "filter_", "lay_", "box_")
_MAP_WORDS = ("cancel", "working")
_MAP_FIGURES = ("households", "persons", "buildings", "incidents", "area_m2")
LANGUAGES = ("zh", "en")


def word(key: str, lang: str, **values: object) -> str:
    """Return a word in `lang`, with its gaps filled."""
    text = WORDS[key][1 if lang == "en" else 0]
    return text.format(**values) if values else text


def map_words(lang: str) -> tuple[dict[str, str], list[tuple[str, str, str]]]:
    """Return the words of the map's own controls, and key, name and unit of its figures."""
    found = {k: word(k, lang) for k in WORDS if k.startswith(_MAP_PREFIXES) or k in _MAP_WORDS}
    return found, [(k, word(f"fig_{k}", lang), word(f"unit_{k}", lang)) for k in _MAP_FIGURES]

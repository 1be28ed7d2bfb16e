"""The words of the page that matches a file with the plan."""

from __future__ import annotations

from types import MappingProxyType

MATCH_WORDS: MappingProxyType[str, tuple[str, str]] = MappingProxyType({
    "match": ("核对", "Match"),
    "kind_match": ("核对采用", "match accepted"),
    "match_way": ("怎样核对", "How matching goes"),
    "match_way_1": ("选择一份名册（XLSX、CSV）或一个面图层（GeoJSON、GeoPackage、Shapefile 压缩包等）。",
                    "Choose a register (XLSX, CSV) or a layer of polygons (GeoJSON, GeoPackage, zipped Shapefile and others)."),
    "match_way_2": ("编码列和名称列自动认出，可以改选；逐行与当前方案一一核对。",
                    "The columns of codes and names are recognised, and yours to change; each row is matched with the plan, one to one."),
    "match_way_3": ("先看不一致的：缺编码、缺图形、位置不符；点一行，地图移到该处。",
                    "What differs comes first: no code, no outline, another place. Click a row and the map goes there."),
    "match_way_4": ("核对不改动方案；确认无误的可以采用，结果可下载。", "Matching changes nothing; accept what is right, and download the result."),
    "match_file": ("要核对的文件", "The file"),
    "match_choose": ("选择文件", "Choose a file"),
    "match_kinds_of_file": ("XLSX、CSV、GeoJSON、GPKG、ZIP、KML，不超过 50 MB", "XLSX, CSV, GeoJSON, GPKG, ZIP, KML up to 50 MB"),
    "match_code_field": ("编码列", "Codes in"),
    "match_name_field": ("名称列", "Names in"),
    "match_min_iou": ("位置阈值（重合度）", "Same place from IoU"),
    "match_working": ("正在核对……", "Matching…"),
    "match_agrees": ("核对一致", "All match"),
    "match_agrees_note": ("文件 {there} 行与方案 {here} 个网格一一对应。", "{there} rows of the file and {here} grids of the plan, one to one."),
    "match_differs": ("{n} 处差异", "{n} differences"),
    "match_differs_note": (
        "文件 {there} 行、方案 {here} 个网格，每一行都有结论。",
        "{there} rows of the file, {here} grids of the plan; each has a verdict.",
    ),
    "match_show": ("显示", "Show"),
    "match_verdict": ("结论", "Verdict"),
    "match_row": ("行", "Row"),
    "match_there": ("文件", "File"),
    "match_here": ("方案", "Plan"),
    "match_score": ("重合/相似", "Score"),
    "match_pick": ("点选一行查看说明，地图会移到该处。", "Click a row for its explanation; the map goes there."),
    "match_accept_one": ("采用这一行", "Accept this row"),
    "match_accept_all": ("全部采用（{n}）", "Accept all ({n})"),
    "match_above": ("相似度不低于", "Score from"),
    "match_accepted": (
        "已采用 {n} 个网格的编码或名称，版本 {v}；可在地图页撤销。",
        "Took over code or name of {n} grids, version {v}; undo is on the map page.",
    ),
    "match_refused": ("{n} 个未采用：{why}", "{n} not taken over: {why}"),
    "match_report": ("下载报告 XLSX", "Report as XLSX"),
})  # fmt: skip

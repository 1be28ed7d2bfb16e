"""Words of the page on people and of the emergency on the map."""

from __future__ import annotations

from types import MappingProxyType

PEOPLE_WORDS: MappingProxyType[str, tuple[str, str]] = MappingProxyType({
    "people": ("队伍", "People"),
    "people_table": ("内容", "Table"),
    "people_role": ("岗位", "Role"),
    "people_all": ("全部岗位", "All roles"),
    "people_as_of": ("按 {day} 在任情况统计", "As in force on {day}"),
    "people_no_roles": ("本体系没有设岗位。", "The scheme has no roles."),
    "people_clean": ("没有需要处理的内容", "Nothing to do here"),
    "people_clean_note": ("“{table}”为空。", "'{table}' is empty."),
    "people_accept_all": ("接受全部 {n} 项", "Accept all {n}"),
    "people_accept_one": ("接受所选", "Accept the chosen one"),
    "people_accepted": ("已登记 {n} 项任职。", "{n} postings entered."),
    "people_pick": ("点选一行，地图会移到该网格。", "Click a row and the map goes to the grid."),
    "people_follow": ("移到承接网格", "Move to the grids that followed"),
    "people_moved": ("已移动 {n} 项任职。", "{n} postings moved."),
    "people_xlsx": ("下载 XLSX", "Download XLSX"),
    "unit_vacancies": ("个空缺", "vacant"),
    "unit_postings": ("项任职", "postings"),
    "unit_phones": ("个电话", "phones"),
    "unit_days": ("天", "days"),
    # emergency
    "mode": ("状态", "Mode"),
    "mode_peace": ("平时", "Peace"),
    "mode_emergency": ("应急", "Emergency"),
    "emergency": ("应急指挥", "Emergency"),
    "emergency_tip": (
        "用“定点”在地图上点一个位置，或用“圈定”画出范围；这里随即列出各级责任人、电话和区域内的户数、人群、建筑与场所。",
        "Click a place with 'Spot', or draw the area with 'Area'; the people responsible at every level, with phones, and the "
        "households, groups, buildings and places inside then show here.",
    ),
    "radius": ("定点半径", "Radius around a spot"),
    "emergency_clear": ("清除范围", "Clear"),
    "emergency_calls": ("逐级责任人", "Whom to call"),
    "emergency_vacant": ("空缺", "vacant"),
    "emergency_more": ("其余 {n} 个网格见 XLSX。", "{n} more grids are in the XLSX."),
    "emergency_share": ("{n}% 在内", "{n}% inside"),
    "emergency_whole": ("全部在内", "wholly inside"),
    "emergency_nobody": ("无人任职", "nobody posted"),
    "tool_spot": ("定点", "Spot"),
    "tool_area": ("圈定", "Area"),
    "tool_spot_help": ("点选事发位置", "Click the place"),
    "tool_area_help": ("画出一个范围", "Draw an area"),
    "hint_spot": ("点选事发位置，半径在右侧设定", "Click the place; the radius is set at the right"),
    "hint_area": ("画出范围，双击或按回车结束", "Draw the area; double-click or Enter ends it"),
})  # fmt: skip

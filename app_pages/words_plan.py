"""The words of the page on which the county proposes its own grids."""

from __future__ import annotations

from types import MappingProxyType

PLAN_WORDS: MappingProxyType[str, tuple[str, str]] = MappingProxyType({
    "plan": ("规划", "Planning"),
    "kind_adopt": ("采用方案", "proposal adopted"),
    "kind_fit": ("规模调整", "fitted to the band"),
    "plan_tip": (
        "在所选范围内自动划分网格：连片、不切建筑和小区、沿路沿河，给出几个不同方案。划分不改动县区；采用后成为草稿。",
        "Divides the area chosen into grids: in one piece, no building or compound cut, along roads and rivers, several "
        "different ways. The county stays as it is; what is adopted becomes a draft.",
    ),
    "plan_within": ("范围", "Area"),
    "plan_drawn": ("地图上画出的范围", "The area drawn on the map"),
    "plan_draw_tip": (
        "也可在地图上点“圈定”，画出一个范围，在其中划分。",
        "Or take 'Area' on the map, draw one, and divide what lies in it.",
    ),
    "plan_drawn_note": (
        "画出的范围约 {km2} km²，其中 {cells} 个基元、{households} 户。",
        "The area drawn has about {km2} km², {cells} cells and {households} households in it.",
    ),
    "plan_crossing": (
        "画出的边界自相交，分不清里外：请重新画一圈。",
        "The line drawn crosses itself, so inside and outside cannot be told apart: draw it again.",
    ),
    "plan_pair": ("并排比较", "Compare side by side"),
    "plan_pair_end": ("返回划分", "Back to the division"),
    "plan_pair_tip": (
        "两图联动：移动或缩放一幅，另一幅随之移动；同一颜色表示同样的户数。",
        "The maps are linked: move or zoom one and the other follows; a colour stands for the same number of households in both.",
    ),
    "plan_points": (" 个百分点", " points"),
    "plan_pair_left": ("左图方案", "On the left"),
    "plan_pair_right": ("右图方案", "On the right"),
    "plan_codes": ("沿用 / 新 / 停用编码", "Codes kept / new / ended"),
    "plan_weight": ("按什么均衡", "Made alike by"),
    "plan_w_households": ("户数", "Households"),
    "plan_w_persons": ("人口", "Persons"),
    "plan_w_incidents": ("事件", "Incidents"),
    "plan_w_workload": ("工作量（户数与事件各半）", "Workload (households and incidents)"),
    "plan_low": ("每格最少", "At least"),
    "plan_high": ("每格最多", "At most"),
    "plan_own_band": ("用体系规定的规模", "Band of the scheme"),
    "plan_count": ("方案数", "Alternatives"),
    "plan_seed": ("方案组", "Set"),
    "plan_seed_help": (
        "换一个号得到另一组方案；同一个号总得到同样的结果。",
        "Another number gives other plans; the same number always gives the same.",
    ),
    "plan_lock": ("锁定的网格（原样保留）", "Locked grids (stay as they are)"),
    "plan_lock_hint": ("不锁定", "None"),
    "plan_around": ("每处各成一格", "A grid for each"),
    "plan_around_none": ("不指定", "Not asked"),
    "plan_start": ("开始划分", "Propose"),
    "plan_stop": ("停止", "Stop"),
    "plan_stopping": ("正在停止……", "Stopping…"),
    "plan_stopped": ("已停止，县区未改动。", "Stopped; the county is unchanged."),
    "plan_working": ("正在划分……", "Dividing…"),
    "plan_broken": (
        "划分中断，县区未改动：请重试，或换一个范围。",
        "The division broke off; the county is unchanged: try again, or take another area.",
    ),
    "plan_found": ("{n} 个方案", "{n} alternatives"),
    "plan_found_note": ("点选一行，地图即显示该方案。", "Click a row to see that alternative on the map."),
    "plan_name": ("方案", "Alternative"),
    "plan_grids": ("网格", "Grids"),
    "plan_in_band": ("达标", "In band"),
    "plan_range": ("最小–最大", "Range"),
    "plan_on_lines": ("沿线", "On lines"),
    "plan_compact": ("紧凑", "Compact"),
    "plan_spread": ("负担差", "Spread"),
    "plan_moved": ("换格户", "Moved"),
    "plan_cut": ("切楼", "Cut"),
    "plan_help": (
        "沿线：界线在道路、水系或上级界线上的比例。紧凑：1 为圆。负担差：各格工作量的离散系数。换格户：采用后换网格的户数。"
        "切楼：被切开的建筑和小区。",
        "On lines: share of boundaries on roads, water or parents. Compact: 1 is a circle. Spread: variation of workload "
        "between grids. Moved: households that would change grid. Cut: buildings and compounds cut.",
    ),
    "plan_adopt": ("采用为草稿", "Adopt as a draft"),
    "plan_adopted": (
        "已建立草稿“{name}”：沿用编码 {kept} 个，新编码 {new} 个，停用 {ended} 个。在“草稿”页并入，可撤销。",
        "The draft '{name}' holds it: {kept} codes kept, {new} new, {ended} ended. Combine it on the page of drafts; it can "
        "be undone.",
    ),
    "plan_trace": ("作为描图底图", "Trace on the map"),
    "plan_untrace": ("取消描图底图", "Stop tracing"),
    "plan_traced": ("地图页已叠加此方案，可沿其界线手工划分。", "The map page shows this alternative to draw along."),
    "plan_get": ("下载全部方案 GPKG", "All as GPKG"),
    "plan_gone": (
        "县区已有新的变更，原方案不再适用：请重新划分。",
        "The county has changed since; the alternatives no longer apply: propose again.",
    ),
    "plan_legend": ("方案网格 · 户数", "Proposed grids · households"),
})  # fmt: skip

"""Words for pages that have nothing to show yet: why, and what to do next."""

from __future__ import annotations

EMPTY_WORDS: dict[str, tuple[str, str]] = {
    "empty_go": ("去“{page}”页", "Go to {page}"),
    "empty_grids": ("还没有网格", "No grids yet"),
    "empty_grids_note": (
        "全县还没有划分。可以导入已有的网格文件，或先导入建筑和道路，再让“规划”页给出方案。",
        "Nothing is divided yet. Bring in the grids that you have, or first buildings and roads, and let the planning page propose grids.",
    ),
    "empty_incidents": ("还没有事件", "No incidents yet"),
    "no_incidents_at_all": (
        "导入事件清单（Excel、CSV 或带坐标的文件）之后，这里显示热力、趋势和各网格件数；也可在“事件处置”页逐件登记。",
        "Bring in a list of incidents (Excel, CSV or a file with coordinates) for heat, trends and counts by grid; or register "
        "them one by one on the handling page.",
    ),
    "empty_people": ("还没有人员", "Nobody is registered yet"),
    "empty_people_note": (
        "在“台账”页下载人员和任职模板，填好导入；之后这里列出空缺、重复任职和负担过重。",
        "Download the templates of people and postings on the register page, fill them in and bring them in; then vacancies, double "
        "postings and heavy loads are listed here.",
    ),
}

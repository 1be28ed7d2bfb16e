"""Words of the first start: a county to try things on, or one's own."""

from __future__ import annotations

FIRST_WORDS: dict[str, tuple[str, str]] = {
    "first_title": ("从哪里开始？", "Where to begin?"),
    "first_lead": (
        "这里还没有县区。可以先看一个示例县区，也可以用自己的县界或网格文件建立。",
        "There is no county here yet. Look at one made for trying, or found your own from its outline or its grids.",
    ),
    "first_place": ("将保存为 {place}", "It will be kept as {place}"),
    "first_have": (
        "已有县区文件？把它放到这个位置，或用环境变量 GRIDGIS_COUNTY 指明它，再重新启动。",
        "You have a county file? Put it in this place, or name it in GRIDGIS_COUNTY, and start again.",
    ),
    "first_look": (
        "您的权限不能建立县区：请联系管理员。",
        "Your role may not found a county: ask the administrator.",
    ),
    "first_demo": ("试用示例县区", "Try an example"),
    "first_demo_about": (
        "按公开材料的层级和数量生成，户数、人口、建筑、事件均为示意数据。德化县约需一分钟，可随时取消。",
        "Made to the levels and counts that are published; households, people, buildings and incidents are illustrative. "
        "Dehua takes about a minute and can be cancelled.",
    ),
    "first_which": ("示例", "Example"),
    "first_demo_do": ("生成示例县区", "Make the example"),
    "first_own": ("建立自己的县区", "Found my own county"),
    "first_own_about": (
        "需要一个面文件：县界，或整县的网格。先试读并说明，确认后才写入。",
        "One file with areas is needed: the outline of the county, or all its grids. It is tried first; nothing is written before you say so.",
    ),
    "first_holds": ("文件内容", "The file holds"),
    "first_holds_outline": ("县界", "the outline"),
    "first_holds_grids": ("网格", "grids"),
    "first_file": ("选择文件", "Choose a file"),
    "first_files": ("单个文件或 ZIP，{n} MB 以内", "One file or a ZIP, up to {n} MB"),
    "first_formats": (
        "可选：GeoJSON、GeoPackage、KML、FlatGeobuf、GeoParquet，Shapefile 请打成 ZIP。",
        "Possible: GeoJSON, GeoPackage, KML, FlatGeobuf, GeoParquet; a shapefile as ZIP.",
    ),
    "first_unfit": (
        "这个文件不能用：请换列出的格式，且不超过 {n} MB。",
        "This file cannot be used: take one of the formats named, up to {n} MB.",
    ),
    "first_scheme": ("网格体系", "Grid system"),
    "first_levels": ("{levels}；编码 {n} 位", "{levels}; codes of {n} characters"),
    "first_code": ("县区编码（{n} 位，GB/T 2260）", "Code of the county ({n} digits, GB/T 2260)"),
    "first_name": ("县区名称", "Name of the county"),
    "first_name_such": ("例如：德化县", "e.g. Dehua County"),
    "first_need_file": ("选择文件后，这里说明将发生什么。", "Choose a file; what will happen is told here."),
    "first_need_code": ("请填写 {n} 位县区编码。", "Give the code of the county, {n} digits."),
    "first_reading": ("正在试读……", "Reading…"),
    "first_will": ("将会这样建立", "This is what will be made"),
    "first_area": ("面积", "Area"),
    "first_parts": ("范围", "Extent"),
    "first_parts_n": ("{n} 片", "{n} parts"),
    "first_crs": ("坐标系", "CRS"),
    "first_crs_is": ("CGCS2000，3 度带，中央经线 {lon}°E（EPSG:{epsg}）", "CGCS2000, 3-degree zone, meridian {lon}°E (EPSG:{epsg})"),
    "first_then_outline": (
        "建立后全县是一块未划分的范围。接着在“导入”页导入网格、建筑、道路，或在“规划”页自动划分。",
        "The county then is one piece of ground that no grid has. Next, bring in grids, buildings and roads on the import page, "
        "or let the plan page draw grids.",
    ),
    "first_then_grids": (
        "先按全部网格的外边界建立县区，随后转到“导入”页，用这个文件逐行核对编码和坐标后再写入网格。",
        "The county is founded on the outer edge of all grids; then the import page checks this very file row by row before its grids enter.",
    ),
    "first_own_do": ("建立县区", "Found the county"),
    "first_doing_demo": ("正在生成示例县区", "Making the example"),
    "first_doing_own": ("正在建立县区", "Founding the county"),
    "first_cancel": ("取消", "Cancel"),
    "first_cancelling": ("正在取消……", "Cancelling…"),
    "first_cancel_note": ("取消后不留下任何文件。", "After cancelling nothing is left behind."),
    "first_cancelled": ("已取消，没有留下任何文件。", "Cancelled; nothing was left behind."),
    "first_made_demo": (
        "示例县区已生成（示意数据）。点选一个网格看数据，用地图上方的工具试着拆分；每一步都可撤销。",
        "The example is ready (illustrative). Click a grid for its figures, split one with the tools above the map; every step can be undone.",
    ),
    "first_made_outline": (
        "县区已建立。下一步：导入网格；再导入建筑、道路和场所，户数与人口随建筑而来。",
        "The county is founded. Next: bring in its grids, then buildings, roads and places; households and people come with the buildings.",
    ),
    "first_made_grids": (
        "县区已建立。下面是这个文件的试读结果：核对后确认，网格即写入。",
        "The county is founded. Below is what the file would bring: check it and confirm, and the grids enter.",
    ),
}

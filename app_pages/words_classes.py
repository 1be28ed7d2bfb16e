"""Words of how figures are put into classes."""

from __future__ import annotations

CLASS_WORDS: dict[str, tuple[str, str]] = {
    "classing": ("分级方法", "Classes"),
    "class_quantiles": ("分位数（各级网格数相近）", "Quantiles (like numbers of grids)"),
    "class_natural": ("自然间断", "Natural breaks"),
    "class_equal": ("等距", "Equal steps"),
    "class_band": ("按规模范围", "By the size band"),
    "class_short_quantiles": ("分位数分级", "Quantiles"),
    "class_short_natural": ("自然间断分级", "Natural breaks"),
    "class_short_equal": ("等距分级", "Equal steps"),
    "class_short_band": ("按规模范围分级", "By the size band"),
    "class_note": ("{way}，右列为网格数；版本 {n}", "{way}, with the number of grids; version {n}"),
    "class_band_note": ("右列为网格数；版本 {n}", "With the number of grids; version {n}"),
}

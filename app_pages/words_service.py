"""Words of the service circle beside a proposed edit."""

from __future__ import annotations

SERVICE_WORDS: dict[str, tuple[str, str]] = {
    "service_walk": ("服务圈：步行 {m} 分钟到{place}", "Service circle: {m} minutes on foot to a {place}"),
    "service_drive": ("服务圈：驾车 {m} 分钟到{place}", "Service circle: {m} minutes by car to a {place}"),
    "service_in": ("圈内户数", "In time"),
    "service_share": ("占比", "Share"),
    "service_straight": ("没有路网，按直线估算，偏宽。", "There are no roads: straight lines, which are too generous."),
}

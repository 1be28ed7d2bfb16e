"""Grid systems as data: what a scheme says, and how a broken one is told: file, key, cure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gridgis.errors import CodeError, SchemeError
from gridgis.scheme import Band, load_scheme, scheme_from, scheme_names

GOOD: dict[str, Any] = {
    "name": "own", "zh": "自定", "en": "own",
    "levels": [{"key": "street", "zh": "街道", "en": "street", "digits": 3}, {"key": "grid", "zh": "网格", "en": "grid", "digits": 4}],
    "zones": [{"key": "town", "zh": "城", "en": "town"}],
}  # fmt: skip


def test_the_schemes_shipped_are_sound() -> None:
    assert {"dehua", "generic"} <= set(scheme_names())
    for name in scheme_names():
        assert load_scheme(name).name == name


def test_dehua_has_the_four_levels_of_the_county() -> None:
    scheme = load_scheme("dehua")
    assert scheme.level_keys == ("township", "first", "unit", "responsibility")
    assert scheme.widths == (6, 9, 12, 15, 17)
    assert [scheme.width(k) for k in ("county", *scheme.level_keys)] == [6, 9, 12, 15, 17]


def test_generic_has_fifteen_digits() -> None:
    scheme = load_scheme("generic")
    assert scheme.level_keys == ("township", "community", "unit")
    assert scheme.widths == (6, 9, 12, 15)
    assert scheme.level("township").fixed


LEVELS = {
    "dehua": {"township": 9, "first": 12, "unit": 15, "responsibility": 17},
    "longhua": {"street": 9, "community": 12, "area": 14, "grid": 17, "building": 19},
    "chikan": {"street": 9, "first": 12, "second": 15, "slice": 17},
    "luohu": {"street": 9, "community": 12, "grid": 15},
    "yungang": {"township": 9, "community": 12, "grid": 15},
    "zoucheng": {"township": 9, "community": 12, "grid": 15},
    "chaisang": {"township": 9, "community": 12, "grid": 14},
    "generic": {"township": 9, "community": 12, "unit": 15},
}
"""Levels with the length of their codes; the keys are read by machines and stay."""


@pytest.mark.parametrize("name", LEVELS)
def test_levels_and_widths_of_each_place(name: str) -> None:
    scheme = load_scheme(name)
    assert {key: scheme.width(key) for key in scheme.level_keys} == LEVELS[name]


def test_what_is_particular_to_each_place() -> None:
    places = {name: load_scheme(name) for name in LEVELS}
    roles = {name: {r.key: r for r in scheme.roles} for name, scheme in places.items()}
    assert places["dehua"].band("unit", "built_up") == Band(
        level="unit", zone="built_up", households=(300, 500), persons=(900, 1100)
    )
    assert roles["dehua"]["linked_body"].zones == ("built_up",)
    assert roles["dehua"]["full_time"].level is None
    assert [r.level for r in places["longhua"].roles if r.required] == [*places["longhua"].level_keys]
    assert places["chikan"].band("slice", "urban") == Band(level="slice", zone="urban", households=(30, 50))
    assert roles["chikan"]["slice_head"].at_home
    assert [k.key for k in places["luohu"].categories] == [
        "residential",
        "industrial_commercial",
        "urban_village",
        "mixed",
    ]
    assert roles["yungang"]["visitor"].visit_days == 31
    assert [limit.total_hours for limit in places["zoucheng"].limits] == [2, 48, 168]
    assert [level.key for level in places["chaisang"].levels if level.optional] == ["community", "grid"]
    # A new county must not be full of errors.
    assert not any(r.required for r in places["generic"].roles)


def test_a_code_tells_its_level() -> None:
    scheme = load_scheme("dehua")
    assert scheme.level_key("350526") == "county"
    assert scheme.level_key("35052610000100301") == "responsibility"
    assert scheme.level_of("350526100001").key == "first"
    assert scheme.parent("35052610000100301") == "350526100001003"


def test_the_county_is_no_grid() -> None:
    scheme = load_scheme("generic")
    assert scheme.parse("350526") == "350526"
    with pytest.raises(CodeError, match="县区编码"):
        scheme.parse_grid("350526")


def test_an_unknown_level_is_told_with_those_there_are() -> None:
    with pytest.raises(SchemeError) as caught:
        load_scheme("generic").width("slice")
    assert "slice" in caught.value.en
    assert "township, community, unit" in caught.value.en


def test_an_unknown_scheme_is_told_with_those_there_are() -> None:
    with pytest.raises(SchemeError) as caught:
        load_scheme("mars")
    assert "mars" in caught.value.zh
    assert "dehua" in caught.value.zh
    assert caught.value.exit_code == 2


def test_a_folder_is_no_scheme(tmp_path: Path) -> None:
    with pytest.raises(SchemeError):
        load_scheme(tmp_path)


def test_a_sound_scheme_of_ones_own() -> None:
    scheme = scheme_from(GOOD | {"bands": [{"level": "grid", "zone": "town", "households": [300, 500]}]}, "own.toml")
    assert scheme.widths == (6, 9, 13)
    assert scheme.parse_grid("4403090010007") == "4403090010007"
    assert scheme.band("grid", "town") is not None
    assert scheme.band("grid", None) is None
    assert scheme.band("street", "town") is None


def test_a_zone_has_its_own_band_before_the_general_one() -> None:
    bands = [{"level": "grid", "persons": [0, 9]}, {"level": "grid", "zone": "town", "households": [300, 500]}]
    scheme = scheme_from(GOOD | {"bands": bands}, "own.toml")
    assert scheme.band("grid", "town") == Band(level="grid", zone="town", households=(300, 500))
    assert scheme.band("grid", None) == Band(level="grid", persons=(0, 9))


@pytest.mark.parametrize(
    ("households", "persons", "met"),
    [
        (300, 0, True),
        (500, 0, True),
        (299, 0, False),
        (501, 0, False),
        (0, 900, True),
        (0, 1100, True),
        (0, 1101, False),
    ],
)
def test_a_band_is_met_by_households_or_persons_ends_included(households: int, persons: int, met: bool) -> None:
    band = Band(level="unit", households=(300, 500), persons=(900, 1100))
    assert band.met(households, persons) is met


def test_a_band_of_one_figure_looks_at_that_alone() -> None:
    assert not Band(level="unit", households=(300, 500)).met(0, 400)

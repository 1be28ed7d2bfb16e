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
